"""Turns HTML into Markdown by reading it once from start to end, so that no depth of nesting can hurt.

Kept is what carries meaning: headings, paragraphs, lists, tables, code, links. Emphasis is not, scripts and styles are
not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from homeport.features.knowledge.parse.scan_html import End, Start, Text, scan_html
from homeport.features.knowledge.parse.write_rows import write_table

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl"}
    | {"dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"}
    | {"html", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre", "search", "section"}
    | {"summary", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul"}
)
_SKIPPED = frozenset({"script", "style", "template", "noscript", "svg", "math", "iframe", "object", "canvas", "video"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol", "menu")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_SPACES = re.compile(" {2,}")
_LINE_END = re.compile(" ?\n ?")
_DEEPEST_TABLE = 8
_DEEPEST_LIST = 12
#: Characters in a cell above which a table is taken for layout.
_LARGEST_CELL = 600


@dataclass(frozen=True, slots=True)
class Page:
    """Markdown text and the title of an HTML page; None when it has none."""

    text: str
    title: str | None


def to_markdown(html: str) -> Page:
    """Read a page or a fragment; broken HTML is read as far as it makes sense."""
    writer = _Writer()
    for part in scan_html(html):
        match part:
            case Text(text):
                writer.add(text)
            case Start():
                writer.start(part)
            case End(name):
                writer.end(name)
    return Page(writer.finish(), writer.title)


@dataclass(slots=True)
class _Frame:
    """What is written at the moment: the page itself, or one cell of a table."""

    blocks: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    #: Numbers of the next items of open lists; None in lists without numbers.
    lists: list[int | None] = field(default_factory=list)
    bullet: str = ""
    heading: int = 0
    link: tuple[int, str] | None = None
    last_was_item: bool = False


@dataclass(slots=True)
class _Table:
    outer: _Frame
    #: What stands between the cells, a caption for instance.
    beside: _Frame = field(default_factory=_Frame)
    rows: list[list[str]] = field(default_factory=list)
    cell: _Frame | None = None


class _Writer:
    """Takes tags and text one after another and keeps only what is open."""

    def __init__(self) -> None:
        self.title: str | None = None
        self._frame = _Frame()
        self._tables: list[_Table] = []
        self._skipping: tuple[str, int] | None = None
        self._code: list[str] | None = None
        self._in_title = False

    def finish(self) -> str:
        """The text, everything open ended."""
        if self._code is not None:
            self._end_code()
        while self._tables:
            self._end_table()
        self._flush()
        return "".join(self._frame.blocks).strip()

    def start(self, tag: Start) -> None:
        """A tag begins. `<div/>` and the like, which XHTML has, are empty."""
        name = tag.name
        if self._skipping is not None:
            if name == self._skipping[0] and not tag.closed:
                self._skipping = (name, self._skipping[1] + 1)
        elif name in _SKIPPED:
            self._skipping = None if tag.closed else (name, 1)
        elif name in _BLOCKS:
            self._start_block(name)
            if tag.closed:
                self._end_block(name)
        elif name == "br":
            self._add("\n")
        elif name == "a":
            self._start_link(tag.attribute("href"))
        elif name == "img":
            self._add(tag.attribute("alt") or "")

    def end(self, name: str) -> None:
        """A tag ends."""
        if self._skipping is not None:
            if name == self._skipping[0]:
                depth = self._skipping[1] - 1
                self._skipping = (name, depth) if depth else None
        elif name in _BLOCKS:
            self._end_block(name)
        elif name == "a":
            self._end_link()

    def add(self, text: str) -> None:
        """Text between tags."""
        if self._skipping is None:
            self._add(text if self._code is not None else _SPACE.sub(" ", text))

    def _add(self, text: str) -> None:
        (self._frame.line if self._code is None else self._code).append(text)

    def _start_block(self, tag: str) -> None:
        if self._code is not None:
            return
        self._flush()
        if tag in _HEADINGS:
            self._frame.heading = _HEADINGS[tag]
        elif tag in _LISTS:
            self._frame.lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._start_item()
        elif tag == "pre":
            self._code = []
        elif tag == "title":
            self._in_title = True
        else:
            self._start_in_table(tag)

    def _start_in_table(self, tag: str) -> None:
        if tag == "table" and len(self._tables) < _DEEPEST_TABLE:
            self._tables.append(_Table(self._frame))
            self._frame = self._tables[-1].beside
        elif tag == "tr":
            self._start_row()
        elif tag in ("td", "th"):
            self._start_cell()

    def _end_block(self, tag: str) -> None:
        if self._code is not None:
            if tag == "pre":
                self._end_code()
            return
        if tag == "title" and self._in_title:
            self._end_title()
        self._flush()
        frame = self._frame
        if tag in _HEADINGS:
            frame.heading = 0
        elif tag in _LISTS and frame.lists:
            frame.lists.pop()
            frame.last_was_item = bool(frame.lists)
        elif tag == "li":
            frame.bullet = ""
        elif tag == "table" and self._tables:
            self._end_table()
        elif tag in ("td", "th"):
            self._end_cell()

    def _start_item(self) -> None:
        frame = self._frame
        number = frame.lists[-1] if frame.lists else None
        frame.bullet = "- " if number is None else f"{number}. "
        if number is not None:
            frame.lists[-1] = number + 1

    def _flush(self) -> None:
        """End the line being written and make it a block."""
        frame = self._frame
        if not frame.line:
            return
        text = _LINE_END.sub("\n", _SPACES.sub(" ", "".join(frame.line))).strip()
        frame.line = []
        frame.link = None
        if not text:
            return
        if frame.heading:
            self._write(f"{'#' * frame.heading} {' '.join(text.split())}")
        else:
            self._write(text)

    def _write(self, text: str) -> None:
        frame = self._frame
        is_item = bool(frame.lists or frame.bullet)
        if is_item:
            indent = "  " * min(max(len(frame.lists) - 1, 0), _DEEPEST_LIST)
            follow = indent + "  "
            first = indent + frame.bullet if frame.bullet else follow
            text = first + text.replace("\n", "\n" + follow)
            frame.bullet = ""
        frame.blocks.append(f"\n{text}" if is_item and frame.last_was_item else f"\n\n{text}")
        frame.last_was_item = is_item

    def _start_link(self, address: str | None) -> None:
        self._end_link()
        if address and address.strip().lower().startswith(("http://", "https://", "mailto:")):
            self._frame.link = (len(self._frame.line), address.strip())

    def _end_link(self) -> None:
        frame = self._frame
        if frame.link is None:
            return
        start, address = frame.link
        frame.link = None
        text = " ".join("".join(frame.line[start:]).split())
        if text and text != address:
            frame.line[start:] = [f"[{text}]({address})"]

    def _end_code(self) -> None:
        code = "".join(self._code or ()).strip("\n")
        self._code = None
        if code.strip():
            fence = "````" if "```" in code else "```"
            self._write(f"{fence}\n{code}\n{fence}")

    def _end_title(self) -> None:
        self._in_title = False
        if self.title is None:
            self.title = " ".join("".join(self._frame.line).split()) or None
        self._frame.line = []

    def _start_row(self) -> None:
        if self._tables:
            self._end_cell()
            self._tables[-1].rows.append([])

    def _start_cell(self) -> None:
        if self._tables:
            self._end_cell()
            self._tables[-1].cell = self._frame = _Frame()

    def _end_cell(self) -> None:
        table = self._tables[-1] if self._tables else None
        if table is None or table.cell is None:
            return
        self._flush()
        if not table.rows:
            table.rows.append([])
        table.rows[-1].append("".join(table.cell.blocks).strip())
        table.cell = None
        self._frame = table.beside

    def _end_table(self) -> None:
        self._end_cell()
        self._flush()
        table = self._tables.pop()
        self._frame = table.outer
        for block in table.beside.blocks:
            self._write(block.strip())
        rows = [row for row in table.rows if any(row)]
        if not rows:
            return
        is_layout = max(map(len, rows)) == 1 or any(len(cell) > _LARGEST_CELL for row in rows for cell in row)
        if is_layout:
            for row in rows:
                for cell in row:
                    if cell:
                        self._write(cell)
        else:
            self._write(write_table(rows))
