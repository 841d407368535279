"""What goes into a parser and what comes out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`text`: characters of the result; `unpacked`: bytes of an archive; `ratio`: unpacked to packed size."""

    text: int
    unpacked: int
    ratio: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read. `extension` is in lower case without a dot; `name` is for sentences only."""

    content: bytes
    extension: str
    name: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Parsed:
    """The text of a file, with Markdown for headings, lists, tables and code.

    `title`: what the file calls itself, else None. `kind`: the format in words ("PDF"). `pages`: the offset in `text`
    where each page or slide starts, None for formats without pages.
    """

    text: str
    title: str | None
    kind: str
    pages: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What one family of formats found in a file; see `Parsed`."""

    text: str
    title: str | None = None
    pages: tuple[int, ...] | None = None
