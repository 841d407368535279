"""Turns the bytes of a text file into characters."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from homeport.features.knowledge.errors import BinaryContent
from homeport.features.knowledge.parse.source import Source
from homeport.runtime.lazy_module import LazyModule

if TYPE_CHECKING:
    import charset_normalizer
else:
    #: Most text is UTF-8, and the tables for guessing are large.
    charset_normalizer = LazyModule("charset_normalizer")

# The longer mark first: the one of UTF-32 begins with the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 4096
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROL = 0.05
#: Bytes by which an encoding is guessed. Whole megabytes tell no more about it than this does.
_TELLING = 512 * 1024


def text_of(source: Source) -> str:
    """The text of a text file in any encoding. Raises `BinaryContent` when it is none."""
    return decode_any(source.content, source.name)


def decode_any(content: bytes, name: str, declared: str | None = None) -> str:
    """The text of `content`; `declared`: the encoding the file names itself, tried when it is not UTF-8.

    Raises `BinaryContent` when it is no text.
    """
    marked = decode_marked(content, name)
    if marked is not None:
        return marked
    if declared is not None:
        try:
            return _check_text(content.decode(declared), name)
        except (LookupError, UnicodeDecodeError):
            pass  # pages lie about their encoding
    best = charset_normalizer.from_bytes(content[:_TELLING]).best()
    return _check_text(content.decode(best.encoding if best else "latin-1", errors="replace"), name)


def decode_marked(content: bytes, name: str) -> str | None:
    """The text of UTF-8, or of what a byte order mark names; None when the encoding has to be guessed.

    Raises `BinaryContent` when the bytes are no text in any encoding.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _check_text(content[len(mark) :].decode(encoding, errors="replace"), name)
    if b"\x00" in content[:_SAMPLE]:
        return _check_text(content.decode(_unmarked_utf16(content, name), errors="replace"), name)
    try:
        return _check_text(content.decode("utf-8"), name)
    except UnicodeDecodeError:
        return None


def _check_text(text: str, name: str) -> str:
    """`text` itself, unless it is so full of control characters that it cannot be text."""
    sample = text[:_SAMPLE]
    if "\x00" in text or len(_CONTROL.findall(sample)) > len(sample) * _MOST_CONTROL:
        raise _no_text(name)
    return text


def _unmarked_utf16(content: bytes, name: str) -> str:
    """Text of European languages in UTF-16 has a NUL in every other byte."""
    sample = content[:_SAMPLE]
    even, odd = sample[0::2].count(0) * 2 / len(sample), sample[1::2].count(0) * 2 / len(sample)
    if len(content) % 2 == 0 and even < 0.1 and odd > 0.5:
        return "utf-16-le"
    if len(content) % 2 == 0 and odd < 0.1 and even > 0.5:
        return "utf-16-be"
    raise _no_text(name)


def _no_text(name: str) -> BinaryContent:
    return BinaryContent(f"{name} is named as a text file but holds no text (NUL bytes or control characters).")
