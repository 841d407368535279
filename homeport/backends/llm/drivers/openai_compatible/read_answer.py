"""Read a streamed answer out of the bytes of an event stream, as loosely as servers write it."""

from __future__ import annotations

from typing import Any

import orjson

from homeport.backends.llm.port import Piece, Usage


class AnswerReader:
    """Fed with bytes as they come, gives one piece per feeding.

    Accepts LF and CRLF, comments, other fields, several data lines per event, events without a blank line between or
    after them, and answers without `[DONE]` or usage.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._finish_reason: str | None = None
        self._usage: Usage | None = None
        #: `[DONE]` was seen: nothing of interest follows.
        self.done = False
        #: The answer is complete: `[DONE]` or a finish reason was seen.
        self.finished = False
        #: What the server said instead of going on, or what was wrong with its events.
        self.error: Any = None

    def feed(self, data: bytes) -> Piece | None:
        """Everything the complete events in `data` say; None when that is nothing."""
        if self._rest:
            data = self._rest + data
        cut = data.rfind(b"\n")
        self._rest = data[cut + 1 :]
        if cut >= 0:
            for line in data[:cut].split(b"\n"):
                self._line(line)
        return self._take()

    def end(self) -> Piece | None:
        """What the last event says when the stream ended without the blank line after it."""
        self._line(self._rest)
        self._rest = b""
        self._dispatch()
        return self._take()

    def _line(self, line: bytes) -> None:
        line = line.rstrip(b"\r")
        if not line:
            self._dispatch()
        elif line.startswith(b"data:"):
            self._data.append(line[5:])
        elif line.startswith(b"{"):
            self._data.append(line)  # an error that forgot that it is in a stream

    def _dispatch(self) -> None:
        lines, self._data = self._data, []
        if len(lines) > 1 and not _is_json(b"\n".join(lines)):
            for line in lines:  # events whose blank line between is missing
                self._event(line)
        elif lines:
            self._event(b"\n".join(lines))

    def _event(self, raw: bytes) -> None:
        raw = raw.strip()
        if raw == b"[DONE]":
            self.done = self.finished = True
            return
        if not raw.startswith(b"{"):
            return  # a sign of life of some kind
        try:
            event = orjson.loads(raw)
        except orjson.JSONDecodeError:
            self.error = self.error or "an event that is not JSON"
            return
        if event.get("error"):
            self.error = event["error"]
            return
        if event.get("usage"):
            self._usage = read_usage(event["usage"])
        for choice in event.get("choices") or ():
            if not choice.get("index"):
                self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta") or {}
        if content := delta.get("content"):
            self._text.append(content if isinstance(content, str) else join_parts(content))
        if thought := delta.get("reasoning_content") or delta.get("reasoning"):
            self._reasoning.append(str(thought))
        if reason := choice.get("finish_reason"):
            self._finish_reason = str(reason)
            self.finished = True

    def _take(self) -> Piece | None:
        if not (self._text or self._reasoning or self._finish_reason or self._usage):
            return None
        piece = Piece("".join(self._text), "".join(self._reasoning), self._finish_reason, self._usage)
        self._text.clear()
        self._reasoning.clear()
        self._finish_reason = self._usage = None
        return piece


def read_whole(answer: dict[str, Any]) -> Piece:
    """The piece in an answer that was not streamed; raises KeyError, IndexError or TypeError when it is none."""
    choice = answer["choices"][0]
    message = choice["message"]
    content = message.get("content") or ""
    usage = answer.get("usage")
    return Piece(
        content if isinstance(content, str) else join_parts(content),
        str(message.get("reasoning_content") or ""),
        str(choice.get("finish_reason") or "stop"),
        read_usage(usage) if usage else None,
    )


def read_usage(usage: dict[str, Any]) -> Usage:
    """Token counts; missing ones are 0, a missing total is their sum."""
    prompt = int(usage.get("prompt_tokens") or 0)
    completion = int(usage.get("completion_tokens") or 0)
    return Usage(prompt, completion, int(usage.get("total_tokens") or prompt + completion))


def join_parts(content: Any) -> str:
    """The text of a content given as a list of typed parts."""
    if not isinstance(content, list):
        return str(content)
    return "".join(
        str(part.get("text", "")) for part in content if isinstance(part, dict) and part.get("type") == "text"
    )


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
