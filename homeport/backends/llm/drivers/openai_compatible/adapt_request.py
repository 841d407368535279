"""The body of a chat request, and what to leave out of it when a server does not know everything."""

from __future__ import annotations

from typing import Any

from homeport.backends.llm.port import ChatRequest


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """The JSON of a streamed chat request that asks for usage; parameters that are None or empty are left out."""
    body: dict[str, Any] = {
        name: value for name, value in request.parameters.items() if value is not None and value != [] and value != ""
    }
    body["model"] = request.model
    body["messages"] = [{"role": message.role, "content": message.content} for message in request.messages]
    body["stream"] = True
    body["stream_options"] = {"include_usage": True}
    if request.user:
        body["user"] = request.user
    return body


def adapt(body: dict[str, Any], status: int, refusal: bytes) -> dict[str, Any] | None:
    """A body the server may accept after it refused `body`, or None when nothing can be done.

    Every change removes what it looks for, so adapting ends.
    """
    if status not in (400, 422):
        return None
    if "stream_options" in body and b"stream_options" in refusal:
        return {name: value for name, value in body.items() if name != "stream_options"}
    if "max_tokens" in body and b"max_completion_tokens" in refusal:
        renamed = {name: value for name, value in body.items() if name != "max_tokens"}
        return {**renamed, "max_completion_tokens": body["max_tokens"]}
    return None
