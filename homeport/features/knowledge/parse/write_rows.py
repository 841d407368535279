"""Turns the rows of a table into lines that can be understood one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def write_rows(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """One line per row: "heading: value; heading: value". The first row has the headings; blank rows are passed over.

    Rows of one cell above a wider row are titles, and lines of their own. Cells are on one line, empty ones are left
    out.
    """
    headings: list[str] = []
    has_rows = False
    for row in rows:
        cells = [" ".join(cell.split()) for cell in row]
        filled = _filled(cells)
        if not filled:
            continue
        if _filled(headings) <= 1 and not has_rows:
            # Nothing yet, or a title: this row may have the headings.
            yield from filter(None, headings)
            headings = cells
            continue
        has_rows = True
        yield _line(headings, cells)
    if headings and not has_rows:
        yield "; ".join(filter(None, headings))


def _filled(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def _line(headings: Sequence[str], cells: Sequence[str]) -> str:
    pairs = []
    for at, cell in enumerate(cells):
        heading = headings[at] if at < len(headings) else ""
        if cell:
            pairs.append(f"{heading}: {cell}" if heading else cell)
    return "; ".join(pairs)


def write_table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row has the headings. Cells are on one line."""
    width = max((len(row) for row in rows), default=0)
    lines = []
    for at, row in enumerate(rows):
        cells = [" ".join(cell.split()).replace("|", "\\|") for cell in row]
        lines.append("| " + " | ".join([*cells, *[""] * (width - len(cells))]) + " |")
        if at == 0:
            lines.append("|" + " --- |" * width)
    return "\n".join(lines)
