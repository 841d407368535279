"""Every error as one envelope: code, message, status, hint. An unknown error is logged and shown without details."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import Any

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from homeport.runtime.errors import HomeportError, Unauthorized
from homeport.runtime.http.body import NotJson, sentence_of
from homeport.runtime.ops import faults

log = structlog.get_logger(__name__)

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "file_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "service_unavailable",
}


def envelope(code: str, message: str, status: int, hint: str | None = None) -> dict[str, Any]:
    """The body of an error answer. `hint` is left out when there is none, as clients of the contract expect."""
    body: dict[str, Any] = {"code": code, "message": message, "status": status}
    return body | {"hint": hint} if hint else body


def envelope_of(error: BaseException) -> dict[str, Any]:
    """The envelope of any error; an unknown one shows no details."""
    if isinstance(error, HomeportError):
        return envelope(error.code, error.message, error.status, error.hint)
    return envelope("internal_server_error", "Internal Server Error", 500)


async def problem_of(work: Awaitable[object]) -> Exception | None:
    """What `work` raised, or None; an unknown error is logged.

    The edge of a request whose answer has begun: no handler below sees what goes wrong from then on.
    """
    try:
        await work
    except HomeportError as error:
        return error
    except Exception as error:
        log.error("request raised", exc_info=error)
        faults.report(error)
        return error
    return None


def install(app: Starlette) -> None:
    """Render every error of `app` as an envelope."""
    app.add_exception_handler(HomeportError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def _answer(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), body["status"], headers, media_type="application/json")


async def _known(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HomeportError)
    headers = {"WWW-Authenticate": 'Bearer realm="api"'} if isinstance(error, Unauthorized) else {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if error.status >= 500:
        log.warning("request failed", code=error.code, error=str(error))
    return _answer(envelope_of(error), headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return _answer(envelope("bad_request", "The body is not valid JSON.", 400))
    place, *where = first["loc"]
    if place == "path":
        return _answer(envelope("not_found", f"There is nothing at this address: {where[0]} is not a valid id.", 404))
    if place == "body" and not where and first["type"] != "value_error":
        if "json" not in request.headers.get("content-type", ""):
            return _answer(envelope_of(NotJson()))
        return _answer(envelope("invalid_param", "The body must be a JSON object.", 400))
    return _answer(envelope("invalid_param", sentence_of(tuple(where), first["type"], str(first["msg"])), 400))


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "unknown")
    return _answer(envelope(code, str(error.detail), error.status_code), dict(error.headers or {}))


async def _unknown(_request: Request, error: Exception) -> Response:
    return _answer(envelope_of(error))  # it is raised on, and logged once at the outermost edge
