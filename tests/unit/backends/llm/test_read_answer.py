"""The event stream reader on bytes alone, cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.backends.llm.drivers.openai_compatible.read_answer import AnswerReader
from homeport.backends.llm.port import Usage
from tests.support.model_scripts import event, finish_event, usage_event

USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def read(*chunks: bytes) -> tuple[str, AnswerReader]:
    """The text in the chunks, and the reader at the end."""
    reader = AnswerReader()
    pieces = [*(reader.feed(chunk) for chunk in chunks), reader.end()]
    return "".join(piece.text for piece in pieces if piece), reader


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6), st.lists(st.integers(0, 2000), max_size=8), st.booleans())
def test_any_text_cut_anywhere_comes_out_as_it_went_in(words: list[str], cuts: list[int], crlf: bool) -> None:
    stream = b"".join(event("m", {"content": word}) for word in words) + finish_event("m") + b"data: [DONE]\n\n"
    if crlf:
        stream = stream.replace(b"\n", b"\r\n")
    borders = sorted({0, len(stream), *(cut % len(stream) for cut in cuts)})
    text, reader = read(*(stream[start:end] for start, end in pairwise(borders)))
    assert text == "".join(words)
    assert reader.done
    assert reader.error is None


def test_usage_after_the_last_choice_is_read() -> None:
    reader = AnswerReader()
    piece = reader.feed(finish_event("m") + usage_event("m", USAGE))
    assert piece is not None
    assert (piece.finish_reason, piece.usage) == ("stop", Usage(1, 2, 3))


def test_events_without_a_blank_line_between_are_told_apart() -> None:
    stream = (event("m", {"content": "a"}) + event("m", {"content": "b"})).replace(b"\n\n", b"\n")
    assert read(stream)[0] == "ab"


@pytest.mark.parametrize(
    "noise",
    [b": ping\n\n", b"event: ping\ndata: ping\n\n", b"data:\n\n", b"\n\n\n", b'data: {"choices": []}\n\n', b"id\n"],
)
def test_signs_of_life_are_no_text_and_no_error(noise: bytes) -> None:
    text, reader = read(noise, event("m", {"content": "a"}), noise)
    assert (text, reader.error) == ("a", None)


def test_a_content_in_parts_is_joined() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert read(event("m", {"content": parts}))[0] == "ab"


def test_only_the_first_choice_is_read() -> None:
    second = b'data: {"choices": [{"index": 1, "delta": {"content": "other"}}]}\n\n'
    assert read(second, event("m", {"content": "a"}))[0] == "a"


@pytest.mark.parametrize("error", [b'data: {"error": "out of memory"}\n\n', b'{"error": "out of memory"}'])
def test_an_error_is_kept_and_text_before_it_too(error: bytes) -> None:
    text, reader = read(event("m", {"content": "a"}) + error)
    assert (text, reader.error) == ("a", "out of memory")


def test_a_stream_that_just_ends_is_not_finished() -> None:
    assert not read(event("m", {"content": "a"}))[1].finished
    assert read(event("m", {"content": "a"}) + finish_event("m"))[1].finished


def test_a_missing_total_is_the_sum() -> None:
    reader = AnswerReader()
    piece = reader.feed(usage_event("m", {"prompt_tokens": 3, "completion_tokens": 4}))
    assert piece is not None
    assert piece.usage == Usage(3, 4, 7)
