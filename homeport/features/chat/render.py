"""An answer on the wire: as server-sent events, or whole."""

from __future__ import annotations

from typing import Any

import orjson

from homeport.features.apps.tables import AppMode
from homeport.features.chat.turn import Turn
from homeport.features.chat.write_answer import Outcome
from homeport.runtime.http.problems import envelope_of
from homeport.runtime.http.stream import Channel, event


class EventSink:
    """Writes the events of the public API into a channel.

    All of a `message` event but its text is the same for the whole answer, so it is encoded once.
    """

    def __init__(self, turn: Turn, channel: Channel) -> None:
        self._turn = turn
        self._channel = channel
        head = _keys(turn) | {"task_id": turn.task_id, "id": turn.message_id}
        encoded = orjson.dumps({"event": "message"} | head)
        self._before = b"data: " + encoded[:-1] + b',"answer":'
        self._after = b',"from_variable_selector":null}\n\n'

    def text(self, text: str) -> None:
        """A piece of the answer."""
        self._channel.put(self._before + orjson.dumps(text) + self._after)

    def end(self, outcome: Outcome) -> None:
        """The end of the answer, or its error."""
        turn = self._turn
        if outcome.error is not None:
            envelope = envelope_of(outcome.error)
            error = {"code": envelope.pop("code"), "status": envelope.pop("status")} | envelope
            self._channel.put(event({"event": "error"} | _keys(turn) | error))
        else:
            self.text("")
            end = {"task_id": turn.task_id, "id": turn.message_id, "metadata": metadata(turn, outcome), "files": None}
            self._channel.put(event({"event": "message_end"} | _keys(turn) | end))
        self._channel.close()


class NoSink:
    """For an answer that is sent whole."""

    def text(self, text: str) -> None:
        """It is in the outcome."""

    def end(self, outcome: Outcome) -> None:
        """It is in the outcome."""


def whole(turn: Turn, outcome: Outcome) -> dict[str, Any]:
    """The blocking answer."""
    body: dict[str, Any] = {"event": "message", "task_id": turn.task_id, "id": turn.message_id}
    body["message_id"] = turn.message_id
    if turn.app.mode == AppMode.CHAT:
        body["conversation_id"] = turn.conversation_id
    return body | {
        "mode": turn.app.mode,
        "answer": outcome.answer,
        "metadata": metadata(turn, outcome),
        "created_at": int(turn.created_at.timestamp()),
    }


def metadata(turn: Turn, outcome: Outcome) -> dict[str, Any]:
    """Citations and usage."""
    shown = turn.app.configuration.retriever_resource.enabled
    first = outcome.first_token_at or outcome.ended_at
    usage = outcome.usage
    return {
        "annotation_reply": None,
        "retriever_resources": outcome.resources if shown else [],
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "prompt_unit_price": "0",
            "prompt_price_unit": "0",
            "prompt_price": "0",
            "completion_tokens": usage.completion_tokens,
            "completion_unit_price": "0",
            "completion_price_unit": "0",
            "completion_price": "0",
            "total_tokens": usage.total_tokens,
            "total_price": "0",
            "currency": "USD",
            "latency": round(outcome.ended_at - turn.began, 6),
            "time_to_first_token": round(first - turn.began, 6),
            "time_to_generate": round(outcome.ended_at - first, 6),
        },
    }


def _keys(turn: Turn) -> dict[str, Any]:
    keys: dict[str, Any] = {"conversation_id": turn.conversation_id} if turn.app.mode == AppMode.CHAT else {}
    return keys | {"message_id": turn.message_id, "created_at": int(turn.created_at.timestamp())}
