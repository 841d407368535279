"""Write the two binary sample files of `homeport demo`: the same bytes on every run, so a change shows in git.

python tools/make_samples.py
"""

from __future__ import annotations

import io
import zipfile
from html import escape
from pathlib import Path

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

FILES = Path(__file__).resolve().parent.parent / "homeport" / "entry" / "sample" / "files"

PRICES = (
    ("Tidewater Ferries: prices", ""),
    ("A small company that exists only in this sample.", ""),
    ("", ""),
    ("Single ticket, adult", "6.40 pounds"),
    ("Single ticket, child from 4 to 15", "3.20 pounds"),
    ("Child under 4", "free"),
    ("Day ticket, all routes", "14.00 pounds"),
    ("Ten crossings", "48.00 pounds"),
    ("Car with driver", "19.50 pounds"),
    ("Motorcycle with rider", "11.00 pounds"),
    ("Bicycle", "3.00 pounds"),
    ("", ""),
    ("A ticket of ten crossings is valid for one year and may be shared.", ""),
    ("Islanders travel at half price with the green card.", ""),
)

HANDBOOK = (
    ("Heading1", "Crew handbook"),
    ("", "Tidewater Ferries is a small company that exists only in this sample."),
    ("Heading2", "Before departure"),
    ("", "The mate counts the passengers twice: on the ramp and on deck."),
    ("", "The ferry Avocet carries 240 people, the Dunlin 180, the Sanderling 95."),
    ("", "Life jackets are checked every morning. A jacket without a working lamp is taken off board."),
    ("Heading2", "Man overboard"),
    ("", "Shout, throw the nearest ring, and keep pointing at the person."),
    ("", "The bridge sounds three long blasts and turns the ferry towards the side on which the person fell."),
    ("Heading2", "Fog"),
    ("", "Below 500 metres of sight the ferry slows down to eight knots, and a lookout stands at the bow."),
)

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def price_list() -> bytes:
    """A PDF of one page."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A5, invariant=1)
    canvas.setTitle("Tidewater Ferries: prices")
    for number, (thing, price) in enumerate(PRICES):
        canvas.setFont("Helvetica-Bold" if number == 0 else "Helvetica", 14 if number == 0 else 9)
        canvas.drawString(36, 540 - 22 * number, f"{thing}: {price}" if price else thing)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def handbook() -> bytes:
    """A Word document of headings and paragraphs: the few parts such a file must have."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_KIND}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{_style(1)}{_style(2)}</w:styles>',
        "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>'
        f"{''.join(_paragraph(style, text) for style, text in HANDBOOK)}</w:body></w:document>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), _XML + text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _style(level: int) -> str:
    return (
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
        f'<w:rPr><w:b/><w:sz w:val="{40 - 8 * level}"/></w:rPr></w:style>'
    )


def _paragraph(style: str, text: str) -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def main() -> None:
    """Write both files."""
    for name, content in (("ferry-prices.pdf", price_list()), ("ferry-crew-handbook.docx", handbook())):
        (FILES / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
