"""Read a JSON body by hand, where keys must be checked first or microseconds count; and keep unstorable text out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError, model_validator
from starlette.requests import Request

from homeport.runtime.errors import BadRequest, HomeportError, InvalidInput

Model = TypeVar("Model", bound=BaseModel)

# NUL, and halves of characters, which no database keeps.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class NotJson(HomeportError):
    """The body must be JSON: send the header Content-Type: application/json."""

    code = "unsupported_media_type"
    status = 415


class RequestBody(BaseModel):
    """The base of request bodies: refuses text that cannot be stored, wherever in the body it stands."""

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name, inner in value.items():
                if _holds_unstorable(inner) or _holds_unstorable(name):
                    shown = _UNSTORABLE.sub("?", str(name))
                    raise ValueError(f"{shown} has a NUL or half a character, which cannot be stored")
        return value


async def read_json(request: Request) -> Any:
    """The body as it is. Raises `NotJson`, or `BadRequest` for none or a broken one."""
    if "json" not in request.headers.get("content-type", ""):
        raise NotJson
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON: {error}.") from error


def checked(model: type[Model], raw: Any) -> Model:
    """`raw` as `model`; raises `InvalidInput` with its first fault."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInput(sentence_of(first["loc"], first["type"], first["msg"])) from error


async def read_body(request: Request, model: type[Model]) -> Model:
    """Both: the body as `model`."""
    return checked(model, await read_json(request))


def json_body(model: type[Model]) -> Callable[[Request], Awaitable[Model]]:
    """A dependency that reads the body in its turn: declared after the key's, it is looked at after the key.

    A plain FastAPI body is parsed before any key is checked. Such a route names `openapi_extra=described(model)`.
    """

    async def read(request: Request) -> Model:
        return await read_body(request, model)

    return read


def sentence_of(where: tuple[int | str, ...], kind: str, message: str) -> str:
    """One sentence for a validation error."""
    place = ".".join(str(part) for part in where)
    if kind == "missing":
        return f"{place or 'The body'} is required."
    said = message.removeprefix("Value error, ").rstrip(".")
    if not place:
        return f"{said[0].upper()}{said[1:]}."
    return f"{place}: {said}."


def without_unstorable(value: Any) -> Any:
    """The value with NULs and halves of characters taken out of every text in it."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, dict):
        return {without_unstorable(name): without_unstorable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_unstorable(inner) for inner in value]
    return value


def described(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI entry of such a body, for `openapi_extra`."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    content = {"application/json": {"schema": _inlined(schema, definitions)}}
    return {"requestBody": {"required": True, "content": content}}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(inner, definitions) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(inner, definitions) for name, inner in schema.items()}


def _holds_unstorable(value: Any) -> bool:
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is not None
    if isinstance(value, dict):
        return any(_holds_unstorable(name) or _holds_unstorable(inner) for name, inner in value.items())
    return isinstance(value, list) and any(_holds_unstorable(inner) for inner in value)
