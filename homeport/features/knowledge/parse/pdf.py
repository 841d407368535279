"""PDF files."""

from __future__ import annotations

import re

import pypdfium2
import pypdfium2.raw

from homeport.features.knowledge.errors import DamagedFile, EncryptedFile, FileWithoutText
from homeport.features.knowledge.parse.read import check_length
from homeport.features.knowledge.parse.source import Content, Source

# A hyphen at the end of a line, which the library marks with a sign that is no character.
_HYPHENATED = re.compile("[\ufffe\x02](?:\r?\n)?")


def read(source: Source) -> Content:
    """Page by page the text layer. Raises `FileWithoutText` for a scan without one."""
    document = _open(source)
    text = ""
    parts: list[str] = []
    pages: list[int] = []
    length = 0
    for number in range(len(document)):
        text = _page(document, number)
        pages.append(length)
        parts.append(text)
        length += len(text) + 2
        check_length(length, source)
    if not any(part.strip() for part in parts):
        raise FileWithoutText(
            f"{source.name} has no text layer: its {len(parts)} pages are pictures, probably scans.",
            hint="Run text recognition (OCR) on it and add it again.",
        )
    title = document.get_metadata_value("Title").strip()
    return Content("\n\n".join(parts), title or None, tuple(pages))


def _open(source: Source) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(source.content)
        if len(document) > 0:
            return document
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
            raise EncryptedFile(
                f"{source.name} is protected by a password.", hint="Remove the password and add it again."
            ) from error
        raise _damaged(source) from error
    raise _damaged(source)


def _damaged(source: Source) -> DamagedFile:
    return DamagedFile(f"{source.name} is damaged: it is not a complete PDF file.")


def _page(document: pypdfium2.PdfDocument, number: int) -> str:
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return ""  # one broken page does not make the others unreadable
    text_page = page.get_textpage()
    text = str(text_page.get_text_bounded())
    text_page.close()
    page.close()
    return _HYPHENATED.sub("", text).replace("\r\n", "\n").strip()
