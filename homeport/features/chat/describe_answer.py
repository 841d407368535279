"""An answer as the OpenAPI document describes it; `render` and `cite` write it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Usage(BaseModel):
    """Tokens, and seconds: all in all, until the first token, from there to the end. Prices are decimal texts."""

    prompt_tokens: int
    prompt_unit_price: str
    prompt_price_unit: str
    prompt_price: str
    completion_tokens: int
    completion_unit_price: str
    completion_price_unit: str
    completion_price: str
    total_tokens: int
    total_price: str
    currency: str
    latency: float
    time_to_first_token: float
    time_to_generate: float


class Citation(BaseModel):
    """A passage the answer was made from; the answer cites it as `[position]`."""

    position: int
    dataset_id: str
    dataset_name: str
    document_id: str
    document_name: str
    data_source_type: str
    segment_id: str
    retriever_from: str
    score: float
    hit_count: int
    word_count: int
    segment_position: int
    index_node_hash: str
    content: str
    page: int | None
    doc_metadata: dict[str, Any] | None
    title: str
    files: list[Any] | None
    summary: str | None


class Metadata(BaseModel):
    """What an answer rests on and what it took."""

    annotation_reply: dict[str, Any] | None
    retriever_resources: list[Citation]
    usage: Usage


class WholeAnswer(BaseModel):
    """An answer that is sent whole. `conversation_id` is missing for completion apps."""

    event: str
    task_id: str
    id: str
    message_id: str
    conversation_id: str | None = None
    mode: str
    answer: str
    metadata: Metadata
    created_at: int


_EVENTS: dict[str, Any] = {
    "text/event-stream": {
        "schema": {
            "type": "string",
            "description": "Events, each one line `data: <JSON>` and a blank line: `message` with a piece of the "
            "`answer`, at last `message_end` with `metadata`, or `error` with `code`, `status` and `message`. While "
            "the model is silent there are lines `event: ping` without data.",
        }
    }
}
#: `responses` of a route that only streams.
STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": _EVENTS, "description": "The answer as it is written."}}
#: `responses` of a route that streams when asked to.
STREAMED_OR_WHOLE: dict[int | str, dict[str, Any]] = {
    200: {"model": WholeAnswer, "content": _EVENTS, "description": "The answer, whole or as it is written."}
}
