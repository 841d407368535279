"""Spreadsheets (xlsx, xls, ods)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from homeport.features.knowledge.errors import EncryptedFile, UnpacksTooLarge
from homeport.features.knowledge.parse.check_content import ZIP
from homeport.features.knowledge.parse.read import check_length
from homeport.features.knowledge.parse.source import Content, Source
from homeport.features.knowledge.parse.unpack import check_type, open_archive, read_member
from homeport.features.knowledge.parse.write_rows import write_rows

Cell = int | float | str | bool | time | date | datetime | timedelta

# One stray cell in the far corner of a sheet makes it this large; no person ever filled so many.
_MOST_CELLS = 20_000_000


def read(source: Source) -> Content:
    """Sheet by sheet, one line per row with the sheet's headings ("Name: Ann; Age: 30")."""
    if source.content.startswith(ZIP):
        _check_archive(source)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(source.content))
    except PasswordError as error:
        raise EncryptedFile(
            f"{source.name} is protected by a password.", hint="Remove the password and add it again."
        ) from error
    names = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    lines: list[str] = []
    length = 0
    for name in names:
        started = False
        for line in write_rows(_rows(workbook.get_sheet_by_name(name), source)):
            if not started:
                lines.append(f"\n## {name}\n")
                started = True
            lines.append(line)
            length += len(line) + 1
            check_length(length, source)
    return Content("\n".join(lines).strip())


def _check_archive(source: Source) -> None:
    with open_archive(source) as archive:
        if source.extension == "ods":
            read_member(archive, "content.xml", source)
        else:
            check_type(archive, b"spreadsheetml", source)


def _rows(sheet: CalamineSheet, source: Source) -> Iterator[list[str]]:
    if sheet.height * sheet.width > _MOST_CELLS:
        raise UnpacksTooLarge(
            f"{source.name} has a sheet ({sheet.name}) of {sheet.height:,} rows and {sheet.width:,} columns;"
            f" accepted are {_MOST_CELLS:,} cells.",
            hint="Delete the empty rows and columns, or split the sheet.",
        )
    for row in sheet.iter_rows():
        yield [_text(cell) for cell in row]


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return str(cell)
