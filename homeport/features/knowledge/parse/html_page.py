"""Web pages."""

from __future__ import annotations

import re

from homeport.features.knowledge.parse.decode import decode_any
from homeport.features.knowledge.parse.source import Content, Source
from homeport.features.knowledge.parse.to_markdown import to_markdown

# Where the standard has it: within the first kilobyte.
_DECLARED = re.compile(rb"<(?:meta[^>]{0,200}charset=|\?xml[^>]{0,200}encoding=)[\"']?\s*([A-Za-z0-9_.:-]{2,40})")
_DECLARED_WITHIN = 1024


def read(source: Source) -> Content:
    """The text of the page; scripts and styles are dropped."""
    page = to_markdown(decode_page(source.content, source.name))
    return Content(page.text, page.title)


def decode_page(content: bytes, name: str) -> str:
    """The characters of an HTML or XHTML file, by its own declaration of the encoding if it has one."""
    declared = _DECLARED.search(content[:_DECLARED_WITHIN])
    return decode_any(content, name, declared.group(1).decode("ascii") if declared else None)
