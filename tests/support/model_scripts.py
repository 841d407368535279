"""What the fake model server answers: one function per behaviour, chosen by the model's name.

Any other name gives an ordinary answer of as many tokens as the server was told. A number behind the last dash is the
HTTP status in `fail-<status>`; a `-once` at the end of any name fails only the first call to that name.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import sqrt
from typing import Any, Literal

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"
DIMENSION = 64
CHAT_MODELS = ("test-chat", "echo", "cite")
EMBEDDING_MODELS = ("test-embedding",)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer as steps written one by one, `delay` seconds apart."""

    steps: Sequence[bytes]
    status: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    framing: Literal["length", "chunked", "close"] = "length"
    first_delay: float = 0.0
    delay: float = 0.0
    ending: Literal["done", "abort", "hang"] = "done"


@dataclass(frozen=True, slots=True)
class ChatCall:
    """A chat request and how the server was set up."""

    model: str
    body: dict[str, Any]
    tokens: int
    delay: float

    @property
    def last_message(self) -> str:
        messages = self.body.get("messages") or [{"content": ""}]
        return str(messages[-1].get("content", ""))

    @property
    def wants_usage(self) -> bool:
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def usage(self) -> dict[str, int]:
        return self.usage_of(self.tokens)

    def usage_of(self, completion: int) -> dict[str, int]:
        prompt = sum(len(str(m.get("content", "")).split()) for m in self.body.get("messages") or [])
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def answer_chat(call: ChatCall) -> Reply:
    """The reply of the model named in the call."""
    if match := re.fullmatch(r"fail-(\d{3})(-once)?", call.model):
        return fail(int(match[1]))
    return SCRIPTS.get(call.model.removesuffix("-once"), ordinary)(call)


def fail(status: int, message: str = "") -> Reply:
    """An error in the usual JSON form; 429 asks to wait one second."""
    text = message or f"The server was told to fail with {status}."
    body = {"error": {"message": text, "type": "scripted_error", "param": None, "code": str(status)}}
    headers = {"Retry-After": "1"} if status == 429 else {}
    return Reply([json.dumps(body).encode()], status=status, headers=headers)


def ordinary(call: ChatCall) -> Reply:
    """`tokens` words, streamed or whole, with usage when asked."""
    return answer(call, numbered_words(call.tokens))


def echo(call: ChatCall) -> Reply:
    """The last message again."""
    return answer(call, tuple(re.findall(r"\s*\S+\s*$|\s*\S+", call.last_message)) or ("",))


def cite(call: ChatCall) -> Reply:
    """A sentence that cites the first passage."""
    return answer(call, ("According", " to", " the", " knowledge", " base", " [1]", "."))


def title(call: ChatCall) -> Reply:
    """What a talkative model makes of the wish for a title."""
    return answer(call, ("Title: ", '**"The ferry', ' to Port Ellis"**', "\n\n", "Because you asked when it leaves."))


def answer(call: ChatCall, words: Sequence[str]) -> Reply:
    """These words as a proper answer."""
    if not call.body.get("stream"):
        return whole(call, words)
    ending = [finish_event(call.model)]
    if call.wants_usage:
        ending.append(usage_event(call.model, call.usage_of(len(words))))
    steps = [*token_events(call.model, tuple(words)), *ending, b"data: [DONE]\n\n"]
    return events(call, steps)


def whole(call: ChatCall, words: Sequence[str]) -> Reply:
    """The answer in one JSON object."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": call.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "".join(words)},
                "finish_reason": "stop",
            }
        ],
        "usage": call.usage_of(len(words)),
    }
    return Reply([json.dumps(body).encode()])


def events(call: ChatCall, steps: Sequence[bytes], **changes: Any) -> Reply:
    """A chunked event stream."""
    options: dict[str, Any] = {"framing": "chunked", "delay": call.delay, **changes}
    return Reply(steps, content_type=EVENTS, **options)


@lru_cache(maxsize=64)
def numbered_words(count: int) -> tuple[str, ...]:
    """`word0 word1 ...`."""
    return tuple(f"word{n} " for n in range(count))


@lru_cache(maxsize=64)
def token_events(model: str, words: tuple[str, ...]) -> tuple[bytes, ...]:
    """One event per word."""
    return tuple(event(model, {"content": word}) for word in words)


def event(model: str, delta: dict[str, Any], finish: str | None = None) -> bytes:
    """One event of a stream."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(body, ensure_ascii=False).encode() + b"\n\n"


@lru_cache(maxsize=64)
def finish_event(model: str) -> bytes:
    """The event that says the answer is complete."""
    return event(model, {}, "stop")


def usage_event(model: str, usage: dict[str, int]) -> bytes:
    """The event after the last choice that carries the usage."""
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": model, "choices": [], "usage": usage}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


# -- servers that are slow, broken or merely unusual ------------------------------------------------------------------

DONE = b"data: [DONE]\n\n"
HELLO = ("Hello", ", ", "world", "!")


def slow(call: ChatCall) -> Reply:
    """A token every 50 ms, 200 times: time enough to stop it."""
    return events(call, [*token_events(call.model, numbered_words(200)), DONE], delay=0.05)


def hang(call: ChatCall) -> Reply:
    """The status line, then nothing."""
    return events(call, [], ending="hang")


def stall(call: ChatCall) -> Reply:
    """One token, then nothing."""
    return events(call, token_events(call.model, HELLO)[:1], ending="hang")


def no_usage(call: ChatCall) -> Reply:
    """Never tells the usage."""
    return events(call, [*token_events(call.model, HELLO), finish_event(call.model), DONE])


def rejects_stream_options(call: ChatCall) -> Reply:
    """Refuses `stream_options`, as old servers do."""
    if "stream_options" in call.body:
        return fail(400, "Unrecognized request argument supplied: stream_options")
    return no_usage(call)


def error_in_stream(call: ChatCall) -> Reply:
    """Three tokens, then an error as an event."""
    error = b'data: {"error": {"message": "The engine ran out of memory.", "type": "server_error"}}\n\n'
    return events(call, [*token_events(call.model, HELLO)[:3], error])


def drop_midway(call: ChatCall) -> Reply:
    """Three tokens, then the connection breaks."""
    return events(call, token_events(call.model, HELLO)[:3], delay=0.01, ending="abort")


def drop_first(call: ChatCall) -> Reply:
    """The connection breaks before a byte is sent."""
    return events(call, [], framing="close", ending="abort")


def ends_early(call: ChatCall) -> Reply:
    """Three tokens, then a proper end of the body, but neither a finish reason nor `[DONE]`."""
    return events(call, token_events(call.model, HELLO)[:3])


def no_done(call: ChatCall) -> Reply:
    """A finish reason, but no `[DONE]`."""
    return events(call, [*token_events(call.model, HELLO), finish_event(call.model)])


def crlf(call: ChatCall) -> Reply:
    """Lines end in CRLF."""
    return events(call, [step.replace(b"\n", b"\r\n") for step in answer(call, HELLO).steps])


def comments(call: ChatCall) -> Reply:
    """Comments, event names, ids and blank lines between the events."""
    noise = b": ping\n\nevent: message\nid: 7\nretry: 100\n"
    return events(call, [noise + step for step in answer(call, HELLO).steps])


def multi_line(call: ChatCall) -> Reply:
    """One event's JSON spread over several data lines."""
    body = b'data: {"choices": [\ndata: {"index": 0,\ndata:  "delta": {"content": "Hello, world!"}}\ndata: ]}\n\n'
    return events(call, [body, finish_event(call.model), DONE])


def terse(call: ChatCall) -> Reply:
    """No blank after `data:` and no newline after the last line."""
    steps = [step.replace(b"data: ", b"data:") for step in answer(call, HELLO).steps]
    return events(call, [*steps[:-1], b"data:[DONE]"])


def one_byte(call: ChatCall) -> Reply:
    """Every byte of the body alone, so that events and characters arrive in parts."""
    body = b"".join(answer(call, ("Grüße", " 世界", " 🎉")).steps)
    return events(call, [body[n : n + 1] for n in range(len(body))])


def one_write(call: ChatCall) -> Reply:
    """The whole stream at once."""
    return events(call, [b"".join(answer(call, HELLO).steps)])


def close_delimited(call: ChatCall) -> Reply:
    """A body that ends with the connection."""
    return events(call, answer(call, HELLO).steps, framing="close")


def reasoning(call: ChatCall) -> Reply:
    """Thinks aloud first; some deltas are null."""
    thoughts = [
        event(call.model, {"role": "assistant", "content": None, "reasoning_content": t}) for t in ("Hm", "...")
    ]
    return events(call, [*thoughts, *answer(call, HELLO).steps])


def usage_with_finish(call: ChatCall) -> Reply:
    """Usage in the same event as the finish reason, and a null usage in all others."""
    body = {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "length"}], "usage": call.usage_of(4)}
    tokens = [t.replace(b'"choices"', b'"usage": null, "choices"') for t in token_events(call.model, HELLO)]
    return events(call, [*tokens, b"data: " + json.dumps(body).encode() + b"\n\n", DONE])


def never_streams(call: ChatCall) -> Reply:
    """One JSON object although a stream was asked for."""
    return whole(call, HELLO)


def html_page(call: ChatCall) -> Reply:
    """A web page, as a wrong address gives."""
    page = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>nginx</body></html>"
    return Reply([page], content_type="text/html")


def html_error(call: ChatCall) -> Reply:
    """The error page of a proxy."""
    page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    return Reply([page], status=502, content_type="text/html")


def garbage(call: ChatCall) -> Reply:
    """An event that is not JSON."""
    return events(call, [*token_events(call.model, HELLO)[:1], b"data: {broken\n\n", DONE])


SCRIPTS: dict[str, Callable[[ChatCall], Reply]] = {
    "echo": echo,
    "cite": cite,
    "title": title,
    "slow": slow,
    "hang": hang,
    "stall": stall,
    "no-usage": no_usage,
    "rejects-stream-options": rejects_stream_options,
    "error-in-stream": error_in_stream,
    "drop-midway": drop_midway,
    "drop-first": drop_first,
    "ends-early": ends_early,
    "no-done": no_done,
    "crlf": crlf,
    "comments": comments,
    "multi-line": multi_line,
    "terse": terse,
    "one-byte": one_byte,
    "one-write": one_write,
    "close-delimited": close_delimited,
    "reasoning": reasoning,
    "usage-with-finish": usage_with_finish,
    "never-streams": never_streams,
    "html-page": html_page,
    "html-error": html_error,
    "garbage": garbage,
}


# -- embeddings and models --------------------------------------------------------------------------------------------


def answer_embeddings(body: dict[str, Any]) -> Reply:
    """A vector per input: hashed words, so that texts sharing words are near. `embed-reversed` answers in reverse."""
    model = str(body.get("model", ""))
    if match := re.fullmatch(r"fail-(\d{3})(-once)?", model):
        return fail(int(match[1]))
    given = body.get("input", [])
    texts = [given] if isinstance(given, str) else list(given)
    data = [{"object": "embedding", "index": n, "embedding": hashed_vector(text)} for n, text in enumerate(texts)]
    if model == "embed-reversed":
        data.reverse()
    if model == "embed-short":
        data.pop()
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return Reply([json.dumps({"object": "list", "model": model, "data": data, "usage": usage}).encode()])


def hashed_vector(text: str) -> list[float]:
    """The words (single characters in CJK) of the text, hashed into `DIMENSION` signed buckets, length 1."""
    vector = [0.0] * DIMENSION
    for word in re.findall(r"[぀-鿿]|[^\W぀-鿿]+", text.lower()) or [""]:
        code = zlib.crc32(word.encode())
        vector[code % DIMENSION] += 1.0 if code & 0x10000 else -1.0
    length = sqrt(sum(x * x for x in vector)) or 1.0
    return [x / length for x in vector]


def answer_models() -> Reply:
    """The models of the server."""
    names = (*CHAT_MODELS, *EMBEDDING_MODELS)
    data = [{"id": name, "object": "model", "owned_by": "tests"} for name in names]
    return Reply([json.dumps({"object": "list", "data": data}).encode()])
