"""Tables as text (CSV, TSV), however loosely written."""

from __future__ import annotations

import csv
import io

from homeport.features.knowledge.parse.decode import text_of
from homeport.features.knowledge.parse.source import Content, Source
from homeport.features.knowledge.parse.write_rows import write_rows

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 20


def read(source: Source) -> Content:
    """One line per row, each with the headings of the table."""
    text = text_of(source).replace("\x00", "")
    delimiter = "\t" if source.extension == "tsv" else _delimiter(text)
    return Content("\n".join(write_rows(_rows(text, delimiter))))


def _delimiter(text: str) -> str:
    """The sign that parts most of the first lines into most fields of equal number."""
    sample = [line for line in text[:65536].splitlines()[:_SAMPLE_LINES] if line.strip()]

    def score(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in sample]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual), usual) if usual else (0, 0)

    return max(_DELIMITERS, key=score)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return _unquoted(text, delimiter)
    # A quote that is never closed swallows the rest of the file.
    open_quote = text.count('"') % 2 == 1
    if open_quote and rows and any("\n" in cell for cell in rows[-1]):
        return _unquoted(text, delimiter)
    return rows


def _unquoted(text: str, delimiter: str) -> list[list[str]]:
    return [[cell.strip().strip('"') for cell in line.split(delimiter)] for line in text.splitlines()]
