"""Turns the bytes of a text file into characters, when their encoding has to be found out."""

from __future__ import annotations

from charset_normalizer import from_bytes

from homeport.features.knowledge.parse.decode import check_text, decode_marked

# Whole megabytes tell no more about an encoding than this does.
_SAMPLE = 512 * 1024


def decode_any(content: bytes, name: str, declared: str | None = None) -> str:
    """The text of `content`; `declared`: the encoding the file names itself, tried when it is not UTF-8.

    Raises `BinaryContent` when it is no text.
    """
    marked = decode_marked(content, name)
    if marked is not None:
        return marked
    if declared is not None:
        try:
            return check_text(content.decode(declared), name)
        except (LookupError, UnicodeDecodeError):
            pass  # pages lie about their encoding
    best = from_bytes(content[:_SAMPLE]).best()
    return check_text(content.decode(best.encoding if best else "latin-1", errors="replace"), name)
