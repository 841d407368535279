"""Real files of every accepted format, made by code; each builder returns the bytes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from email.message import EmailMessage

import docx
import openpyxl
from pptx import Presentation
from pptx.util import Inches
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

TITLE = "Harbour handbook"
SENTENCES = (
    "The harbour opens at six in the morning.",
    "Ships report to the pilot before they enter.",
    "The lighthouse keeper logs every arrival.",
)
ROWS = (("Ship", "Berth", "Tons"), ("Aurora", "A1", "1200"), ("Borealis", "B7", "830"))


def pdf(pages: Sequence[str] = SENTENCES, *, title: str = TITLE, password: str | None = None) -> bytes:
    """A PDF with one line of text per page; `password` protects it."""
    buffer = io.BytesIO()
    encryption = StandardEncryption(password, strength=128) if password else None
    canvas = Canvas(buffer, pagesize=A4, encrypt=encryption)
    canvas.setTitle(title)
    for text in pages:
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def scanned_pdf() -> bytes:
    """A PDF of drawings without any text."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    for _ in range(2):
        canvas.rect(72, 72, 300, 500, fill=1)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def docx_file(paragraphs: Sequence[str] = SENTENCES) -> bytes:
    """A Word document with headings, paragraphs, a list and a table."""
    document = docx.Document()
    document.core_properties.title = TITLE
    document.add_heading("Opening hours", level=1)
    for text in paragraphs:
        document.add_paragraph(text)
    document.add_heading("Rules", level=2)
    for rule in ("Slow down", "Keep right"):
        document.add_paragraph(rule, style="List Bullet")
    table = document.add_table(rows=0, cols=3)
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def pptx_file() -> bytes:
    """Two slides: bullets with notes, then a table."""
    presentation = Presentation()
    presentation.core_properties.title = TITLE
    first = presentation.slides.add_slide(presentation.slide_layouts[1])
    first.shapes.title.text = "Opening hours"
    frame = first.placeholders[1].text_frame
    frame.text = SENTENCES[0]
    second_line = frame.add_paragraph()
    second_line.text = SENTENCES[1]
    second_line.level = 1
    first.notes_slide.notes_text_frame.text = "Speak slowly."
    second = presentation.slides.add_slide(presentation.slide_layouts[5])
    second.shapes.title.text = "Ships"
    table = second.shapes.add_table(3, 3, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for row, cells in enumerate(ROWS):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    group = second.shapes.add_group_shape()
    box = group.shapes.add_textbox(Inches(1), Inches(5), Inches(3), Inches(1))
    box.text_frame.text = "In a group"
    buffer = io.BytesIO()
    presentation.save(buffer)
    return buffer.getvalue()


def xlsx_file() -> bytes:
    """Two sheets with text, numbers and a date; and an empty one."""
    workbook = openpyxl.Workbook()
    ships = workbook.active
    ships.title = "Ships"
    ships.append(["Ship", "Tons", "Arrived", "Fee"])
    ships.append(["Aurora", 1200, "2026-03-01", 12.5])
    ships.append(["Borealis", 830, None, 8])
    crew = workbook.create_sheet("Crew")
    crew.append(["Name", "Role"])
    crew.append(["Ann", "Pilot"])
    workbook.create_sheet("Empty")
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def far_corner_xlsx() -> bytes:
    """A sheet with one cell at the start and one in the last corner a sheet has."""
    workbook = openpyxl.Workbook()
    workbook.active["A1"] = "near"
    workbook.active["XFD1048576"] = "far"
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def ods_file() -> bytes:
    """An OpenDocument spreadsheet of one sheet."""

    def cell(text: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in ROWS)
    spaces = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.2" '
        f'xmlns:office="{spaces}:office:1.0" xmlns:table="{spaces}:table:1.0" xmlns:text="{spaces}:text:1.0">'
        f'<office:body><office:spreadsheet><table:table table:name="Ships">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest_space = f"{spaces}:manifest:1.0"
    manifest = (
        f'<?xml version="1.0"?><m:manifest xmlns:m="{manifest_space}" m:version="1.2">'
        f'<m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>'
    )
    return archive({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


def xls_file() -> bytes:
    """A workbook of the older kind (BIFF8) of one sheet."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def start(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))

    end = record(0x000A, b"")
    cells = b"".join(
        record(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 0) + text.encode("latin-1"))
        for row, texts in enumerate(ROWS)
        for column, text in enumerate(texts)
    )
    sheet = start(0x0010) + record(0x0200, struct.pack("<IIHHH", 0, len(ROWS), 0, 3, 0)) + cells + end
    name = b"Ships"
    listed = 4 + 6 + 2 + len(name)
    offset = len(start(0x0005)) + listed + len(end)
    bound = record(0x0085, struct.pack("<IBBBB", offset, 0, 0, len(name), 0) + name)
    return ole_file({"Workbook": start(0x0005) + bound + end + sheet})


def encrypted_office_file() -> bytes:
    """The container Office writes around a document with a password."""
    return ole_file({"EncryptionInfo": b"\x04\x00\x04\x00", "EncryptedPackage": b"secret" * 100})


def ole_file(streams: dict[str, bytes]) -> bytes:
    """A compound file (the container of older Office files) with up to three streams."""
    sector, end_of_chain, free, fat_mark = 512, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    names = list(streams)
    # Streams of at least 4096 bytes need no second, smaller allocation table.
    bodies = [streams[name].ljust(4096, b"\x00") for name in names]
    bodies = [body + b"\x00" * (-len(body) % sector) for body in bodies]
    fat = [fat_mark, end_of_chain]
    starts = []
    for body in bodies:
        count = len(body) // sector
        starts.append(len(fat))
        fat += [*range(len(fat) + 1, len(fat) + count), end_of_chain]
    assert len(fat) <= sector // 4

    def entry(name: str, kind: int, right: int, child: int, first: int, size: int) -> bytes:
        encoded = (name + "\x00").encode("utf-16-le")
        links = struct.pack("<BBIII", kind, 1, free, right, child)
        head = encoded.ljust(64, b"\x00") + struct.pack("<H", len(encoded)) + links
        return head + bytes(16 + 4 + 16) + struct.pack("<IQ", first, size)

    directory = entry("Root Entry", 5, free, 1, end_of_chain, 0)
    for at, (name, body) in enumerate(zip(names, bodies, strict=True)):
        right = at + 2 if at + 1 < len(names) else free
        directory += entry(name, 2, right, free, starts[at], len(body))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end_of_chain, 0, end_of_chain, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", free) * 108
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(sector, b"\xff")
    return header + table + directory.ljust(sector, b"\x00") + b"".join(bodies)


def epub_file(*, protected: bool = False) -> bytes:
    """A book of two chapters, listed in the other order than they are read; `protected`: with DRM."""
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<?xml version="1.0"?><container version="1.0" '
        'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "OEBPS/book.opf": '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{TITLE}</dc:title></metadata><manifest>'
        '<item id="two" href="text/chapter%202.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="one" href="text/chapter1.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="css" href="style.css" media-type="text/css"/></manifest>'
        '<spine><itemref idref="one"/><itemref idref="two"/></spine></package>',
        "OEBPS/text/chapter1.xhtml": _chapter("Opening hours", SENTENCES[0]),
        "OEBPS/text/chapter 2.xhtml": _chapter("Rules", SENTENCES[1]),
        "OEBPS/style.css": "p { color: black }",
    }
    if protected:
        members["META-INF/encryption.xml"] = (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
            'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:CipherData>'
            '<enc:CipherReference URI="OEBPS/text/chapter1.xhtml"/></enc:CipherData></enc:EncryptedData></encryption>'
        )
    return archive(members)


def _chapter(heading: str, text: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
        f'<head><title/><link rel="stylesheet" href="../style.css"/></head><body><h1>{heading}</h1><p>{text}</p>'
        "</body></html>"
    )


def eml_file(*, html: bool = False) -> bytes:
    """An e-mail with an attachment, its text plain or only HTML."""
    message = EmailMessage()
    message["From"] = "Ann Pilot <ann@harbour.example>"
    message["To"] = "crew@harbour.example"
    message["Date"] = "Mon, 02 Mar 2026 06:00:00 +0000"
    message["Subject"] = "Öffnungszeiten"
    if html:
        message.set_content(f"<h2>Hours</h2><p>{SENTENCES[0]}</p><script>alert(1)</script>", subtype="html")
    else:
        message.set_content(f"{SENTENCES[0]}\nGrüße, Ann\n")
    message.add_attachment(b"%PDF-1.4 not read", maintype="application", subtype="pdf", filename="plan.pdf")
    return bytes(message)


def html_file() -> bytes:
    """A page with everything the reader keeps and much that it drops."""
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title> {TITLE} </title>
<style>body {{ color: red }}</style><script>var secret = "<p>never shown</p>";</script></head>
<body><!-- a comment --><h1>Opening hours</h1>
<p>{SENTENCES[0]} <a href="https://harbour.example/map?a=1&amp;b=2">The map</a>, <a href="#top">top</a>.</p>
<ul><li>Slow down<ul><li>always</li></ul></li><li>Keep right</li></ul>
<ol><li>Report</li><li>Enter</li></ol>
<table><caption>Fleet</caption><tr><th>Ship</th><th>Berth</th></tr><tr><td>Aurora</td><td>A|1</td></tr></table>
<pre><code>speed = 5
  knots</code></pre><p>Fish &amp; ships&nbsp;&euro;<br>next line</p></body></html>""".encode()


def csv_file() -> bytes:
    """A table with a quoted field of two lines."""
    return b'Ship,Berth,Note\r\nAurora,A1,"two\r\nlines, one comma"\r\nBorealis,B7,\r\n'


def archive(members: dict[str, str | bytes]) -> bytes:
    """A ZIP archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def with_member(content: bytes, name: str, member: bytes) -> bytes:
    """An archive with one member replaced or added."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members: dict[str, str | bytes] = {info.filename: file.read(info) for info in file.infolist()}
    return archive({**members, name: member})


def zip_bomb(content: bytes, megabytes: int = 300) -> bytes:
    """An Office file with a member of blanks that unpacks to `megabytes`."""
    return with_member(content, "word/media/blank.bin", bytes(megabytes * 1024 * 1024))


def lying_zip(content: bytes, name: str) -> bytes:
    """An archive whose directory says that the member `name` is ten bytes long."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        real = file.getinfo(name).file_size
    lied = bytearray(content)
    sizes = struct.pack("<I", real)
    local = content.index(name.encode()) - 30
    listed = content.rindex(name.encode()) - 46
    for at in (local + 22, listed + 24):
        assert lied[at : at + 4] == sizes
        lied[at : at + 4] = struct.pack("<I", 10)
    return bytes(lied)


def encrypted_zip(content: bytes) -> bytes:
    """An archive whose members are marked as encrypted."""
    marked = bytearray(content)
    for signature, flag_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            marked[at + flag_at] |= 1
            at = content.find(signature, at + 4)
    return bytes(marked)


def png_image() -> bytes:
    """The beginning of a picture."""
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
