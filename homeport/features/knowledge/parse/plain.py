"""Text, Markdown, settings files and source code: taken as they are."""

from __future__ import annotations

import re

from homeport.features.knowledge.parse.decode import text_of
from homeport.features.knowledge.parse.source import Content, Source

_MARKDOWN = ("md", "markdown", "mdx")
_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?\n)---\r?\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_FIRST_HEADING = re.compile(r"^# +(.+?)(?: +#+)?\s*$", re.MULTILINE)
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def read(source: Source) -> Content:
    """The text as it is; the title from Markdown's front matter or first heading."""
    text = text_of(source)
    if source.extension in _MARKDOWN:
        return Content(text, _title(text))
    if source.extension == "properties":
        text = _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
        # Two escapes make one sign beyond the basic plane.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return Content(text)


def _title(text: str) -> str | None:
    front = _FRONT_MATTER.match(text)
    found = (_FRONT_TITLE.search(front.group(1)) if front else None) or _FIRST_HEADING.search(text)
    return found.group(1).strip() if found else None
