"""The OpenAPI document of an API: what FastAPI finds out, with the errors this application answers and its keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from homeport.features.identity.cookies import CSRF_HEADER
from homeport.runtime.http import problems

_UNSAFE = ("post", "put", "patch", "delete")
_CSRF = "csrf_token"
_ERRORS = {
    "BadRequest": "A value is missing or not accepted; `message` names it.",
    "Unauthorized": "There is no valid key or session.",
    "Forbidden": "The key, the app or the role does not allow this.",
    "NotFound": "There is no such thing, or it is somebody else's.",
    "TooLarge": "The request is larger than this server accepts.",
    "NotJson": "The body is of another type than this address takes.",
    "Problem": "Any other error.",
}


class Problem(BaseModel):
    """Every error: a stable code for programs, a sentence for people."""

    code: str
    message: str
    status: int
    hint: str | None = None


class DescribedApi(FastAPI):
    """An API whose errors are envelopes, and whose document says so."""

    def __init__(self, *, title: str, version: str, description: str, root: str, described: bool = True) -> None:
        """`root`: the path this is mounted at; `described`: the document is served under openapi.json."""
        super().__init__(
            title=title,
            version=version,
            description=description,
            servers=[{"url": root}],
            root_path_in_servers=False,
            openapi_url="/openapi.json" if described else None,
            docs_url=None,
            redoc_url=None,
            generate_unique_id_function=_name_of,
            # Traces and figures are those of homeport.runtime.ops, for everything this process serves.
            telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        )
        problems.install(self)

    def openapi(self) -> dict[str, Any]:
        """The document; made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _complete(super().openapi())
        return self.openapi_schema


def _name_of(route: APIRoute) -> str:
    """`get_conversations_conversation_id` and the like: stable, and unique as the route is."""
    method = min(route.methods or {"GET"}).lower()
    return re.sub(r"[/{}]+", "_", f"{method}{route.path_format}").strip("_")


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = Problem.model_json_schema()
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {name: {"description": text, "content": body} for name, text in _ERRORS.items()}
    schemes = components.get("securitySchemes", {})
    session = next((name for name, scheme in schemes.items() if scheme.get("in") == "cookie"), None)
    for method, operation in _operations(document):
        _add_errors(operation)
        if session and method in _UNSAFE and operation.get("security"):
            operation["security"] = [{session: [], _CSRF: []}]
    if session:
        about = "The value of the cookie csrf_token."
        schemes[_CSRF] = {"type": "apiKey", "in": "header", "name": CSRF_HEADER, "description": about}
    return document


def _add_errors(operation: dict[str, Any]) -> None:
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    content = operation.get("requestBody", {}).get("content", {})
    possible = {
        "400": ("BadRequest", bool(content) or "query" in places),
        "401": ("Unauthorized", bool(operation.get("security"))),
        "403": ("Forbidden", bool(operation.get("security"))),
        "404": ("NotFound", "path" in places),
        "413": ("TooLarge", bool(content)),
        "415": ("NotJson", bool(content)),
        "default": ("Problem", True),
    }
    responses = operation["responses"]
    responses.pop("422", None)
    for status, (name, applies) in possible.items():
        if applies:
            responses.setdefault(status, {"$ref": f"#/components/responses/{name}"})


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        for method, operation in path.items():
            if isinstance(operation, dict) and "responses" in operation:
                yield method, operation
