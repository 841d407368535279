"""Reads one file with the module of its family; runs in a child process, or in place for small light files."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from homeport.features.knowledge.errors import FileWithoutText, TextTooLong
from homeport.features.knowledge.parse.formats import Format
from homeport.features.knowledge.parse.source import Content, Parsed, Source


class Family(Protocol):
    """What each module of a family of formats has."""

    def read(self, source: Source) -> Content:
        """The text of `source`. Raises an `UnreadableFile`; anything else is taken for damage."""
        ...


def read_source(source: Source, wanted: Format) -> Parsed:
    """The text of `source`, which is of format `wanted`. Raises an `UnreadableFile`."""
    # Loaded when chosen: the libraries behind it are large, and most processes never read a file.
    family = cast("Family", import_module(f"homeport.features.knowledge.parse.{wanted.family}"))
    content = family.read(source)
    check_length(len(content.text), source)
    if not content.text.strip():
        raise FileWithoutText(f"{source.name} has no text.")
    return Parsed(content.text, content.title or None, wanted.kind, content.pages)


def check_length(length: int, source: Source) -> None:
    """Raise `TextTooLong` when `length` characters are too many."""
    if length > source.limits.text:
        raise TextTooLong(
            f"{source.name} has more than {source.limits.text:,} characters of text.",
            hint="Split it, or raise DOCUMENT_TEXT_LIMIT.",
        )
