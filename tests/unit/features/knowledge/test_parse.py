from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from homeport.features.knowledge import errors
from homeport.features.knowledge.parse.document import parse_document
from homeport.features.knowledge.parse.formats import ACCEPTED, extension_of, find_format
from homeport.features.knowledge.parse.settings import ParseSettings
from homeport.runtime.errors import HomeportError
from homeport.runtime.offload.pool import Offload
from homeport.runtime.offload.settings import OffloadSettings
from tests.support import parse_work, sample_files
from tests.support.sample_files import SENTENCES, TITLE


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[Offload]:
    offload = Offload(OffloadSettings.model_validate({"offload_max_processes": 1, "offload_memory_limit_mb": 512}))
    yield offload
    await offload.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def read(pool: Offload, name: str, content: bytes) -> str:
    return (await parse_document(pool, content, extension_of(name), name)).text


async def test_a_pdf_is_read_page_by_page(pool: Offload) -> None:
    parsed = await parse_document(pool, sample_files.pdf(), "pdf", "a.pdf")
    assert parsed.title == TITLE
    assert parsed.kind == "PDF"
    assert parsed.pages is not None
    assert [parsed.text[start:].split("\n")[0] for start in parsed.pages] == list(SENTENCES)


async def test_a_word_document_keeps_headings_lists_and_tables(pool: Offload) -> None:
    parsed = await parse_document(pool, sample_files.docx_file(), "docx", "a.docx")
    assert parsed.title == TITLE
    assert parsed.text.startswith(f"# Opening hours\n\n{SENTENCES[0]}\n\n{SENTENCES[1]}")
    assert "## Rules\n\n- Slow down\n- Keep right" in parsed.text
    assert "| Ship | Berth | Tons |\n| --- | --- | --- |\n| Aurora | A1 | 1200 |" in parsed.text


async def test_slides_keep_titles_bullets_tables_notes_and_groups(pool: Offload) -> None:
    parsed = await parse_document(pool, sample_files.pptx_file(), "PPTX", "a.PPTX")
    assert parsed.title == TITLE
    assert parsed.text.startswith(f"## Opening hours\n\n- {SENTENCES[0]}\n  - {SENTENCES[1]}\n\nNotes: Speak slowly.")
    assert "| Aurora | A1 | 1200 |" in parsed.text
    assert parsed.text.endswith("In a group")
    assert parsed.pages is not None
    assert [parsed.text[start:].split("\n")[0] for start in parsed.pages] == ["## Opening hours", "## Ships"]


async def test_a_workbook_has_a_line_per_row_with_its_headings(pool: Offload) -> None:
    assert await read(pool, "a.xlsx", sample_files.xlsx_file()) == (
        "## Ships\n\nShip: Aurora; Tons: 1200; Arrived: 2026-03-01; Fee: 12.5\nShip: Borealis; Tons: 830; Fee: 8\n\n"
        "## Crew\n\nName: Ann; Role: Pilot"
    )


@pytest.mark.parametrize(("name", "content"), [("a.ods", sample_files.ods_file()), ("a.xls", sample_files.xls_file())])
async def test_other_spreadsheets_are_read_alike(pool: Offload, name: str, content: bytes) -> None:
    expected = "## Ships\n\nShip: Aurora; Berth: A1; Tons: 1200\nShip: Borealis; Berth: B7; Tons: 830"
    assert await read(pool, name, content) == expected


async def test_a_newer_workbook_under_the_old_extension_is_read(pool: Offload) -> None:
    assert "Ship: Aurora" in await read(pool, "a.xls", sample_files.xlsx_file())


async def test_a_book_is_read_in_reading_order(pool: Offload) -> None:
    parsed = await parse_document(pool, sample_files.epub_file(), "epub", "a.epub")
    assert parsed.title == TITLE
    assert parsed.text == f"# Opening hours\n\n{SENTENCES[0]}\n\n# Rules\n\n{SENTENCES[1]}"


async def test_an_email_has_its_headers_text_and_names_of_attachments(pool: Offload) -> None:
    parsed = await parse_document(pool, sample_files.eml_file(), "eml", "a.eml")
    assert parsed.title == "Öffnungszeiten"
    assert "From: Ann Pilot <ann@harbour.example>\nTo: crew@harbour.example" in parsed.text
    assert f"{SENTENCES[0]}\nGrüße, Ann" in parsed.text
    assert parsed.text.endswith("Attachments: plan.pdf")


async def test_an_email_of_html_only_is_read_without_its_scripts(pool: Offload) -> None:
    text = await read(pool, "a.eml", sample_files.eml_file(html=True))
    assert f"## Hours\n\n{SENTENCES[0]}" in text
    assert "alert" not in text


async def test_a_page_keeps_structure_and_drops_scripts_styles_and_comments(pool: Offload) -> None:
    parsed = await parse_document(pool, sample_files.html_file(), "html", "a.html")
    assert parsed.title == TITLE
    assert "[The map](https://harbour.example/map?a=1&b=2), top." in parsed.text
    for dropped in ("never shown", "secret", "color", "comment", "<p>"):
        assert dropped not in parsed.text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('<meta charset="windows-1251"><p>Привет, корабли'.encode("cp1251"), "Привет, корабли"),
        ("<p>Grüße aus dem Hafen</p>".encode("utf-16"), "Grüße aus dem Hafen"),
        (b'<meta charset="no-such-charset"><p>caf\xc3\xa9', "café"),
        ("<?xml version='1.0' encoding='Shift_JIS'?><p>港は六時に開く".encode("shift_jis"), "港は六時に開く"),
    ],
)
async def test_a_page_is_decoded_as_it_says(pool: Offload, content: bytes, expected: str) -> None:
    assert await read(pool, "a.html", content) == expected


async def test_text_that_is_not_utf8_is_decoded_by_guessing(pool: Offload) -> None:
    text = "Добро пожаловать в порт. Корабли сообщают о прибытии лоцману. Маяк работает круглый год. " * 5
    assert await read(pool, "a.txt", text.encode("cp1251")) == text


async def test_a_large_text_is_read_in_a_child_process(pool: Offload) -> None:
    text = "A line of text.\n" * 20_000
    assert await read(pool, "a.txt", text.encode()) == text


BAD_FILES = [
    ("a.exe", b"MZ", errors.UnsupportedFileType, "a.exe is a .exe file, which cannot be read; accepted are txt,"),
    ("README", b"text", errors.UnsupportedFileType, "README has no extension"),
    ("a.doc", b"x", errors.UnsupportedFileType, "Save it as docx"),
    ("a.txt", b"", errors.EmptyFile, "a.txt is empty"),
    ("a.pdf", b"", errors.EmptyFile, "a.pdf is empty"),
    ("a.txt", b" \n\t\n", errors.FileWithoutText, "a.txt has no text"),
    ("a.txt", bytes(500), errors.BinaryContent, "holds no text"),
    ("a.md", b"# Title\n" * 1000 + bytes(9), errors.BinaryContent, "holds no text"),
    ("a.txt", bytes(range(256)) * 300, errors.BinaryContent, "holds no text"),
    ("a.pdf", sample_files.pdf(password="secret"), errors.EncryptedFile, "protected by a password"),
    ("a.pdf", sample_files.pdf()[:400], errors.DamagedFile, "not a complete PDF"),
    ("a.pdf", b"just words", errors.DamagedFile, "not a readable pdf"),
    ("a.pdf", sample_files.scanned_pdf(), errors.FileWithoutText, "no text layer.*text recognition"),
    ("a.pdf", sample_files.png_image(), errors.ContentMismatch, "is named pdf but holds a PNG image"),
    ("a.docx", sample_files.pdf(), errors.ContentMismatch, "is named docx but holds a PDF"),
    ("a.txt", sample_files.pdf(), errors.ContentMismatch, "is named txt but holds a PDF"),
    ("a.html", sample_files.docx_file(), errors.ContentMismatch, "ZIP archive or an Office file"),
    ("a.docx", sample_files.xlsx_file(), errors.ContentMismatch, "another kind of Office file"),
    ("a.xlsx", sample_files.docx_file(), errors.ContentMismatch, "another kind of Office file"),
    ("a.pptx", sample_files.archive({"a.txt": "x"}), errors.ContentMismatch, "or a ZIP archive"),
    ("a.epub", sample_files.docx_file(), errors.ContentMismatch, "another kind of ZIP archive"),
    ("a.docx", sample_files.docx_file()[:3000], errors.DamagedFile, "not a complete docx"),
    ("a.docx", b"PK\x03\x04 nonsense", errors.DamagedFile, "not a complete docx"),
    ("a.docx", sample_files.xls_file(), errors.ContentMismatch, "an Office file of the older kind"),
    ("a.docx", sample_files.encrypted_office_file(), errors.EncryptedFile, "protected by a password"),
    ("a.xls", sample_files.encrypted_office_file(), errors.EncryptedFile, "protected by a password"),
    ("a.docx", sample_files.encrypted_zip(sample_files.docx_file()), errors.EncryptedFile, "protected by a password"),
    ("a.epub", sample_files.epub_file(protected=True), errors.EncryptedFile, "DRM"),
    ("a.docx", sample_files.zip_bomb(sample_files.docx_file()), errors.UnpacksTooLarge, "unpacks to more"),
    ("a.docx", sample_files.zip_bomb(sample_files.docx_file(), 60), errors.UnpacksTooLarge, "200 times its size"),
    (
        "a.xlsx",
        sample_files.archive({f"{number}": "" for number in range(20_001)}),
        errors.UnpacksTooLarge,
        "20,000 parts",
    ),
    (
        "a.docx",
        sample_files.lying_zip(sample_files.docx_file(), "word/document.xml"),
        errors.DamagedFile,
        "not a complete",
    ),
    ("a.xlsx", sample_files.far_corner_xlsx(), errors.FileTooDemanding, "OFFLOAD_MEMORY_LIMIT_MB"),
    ("a.pptx", sample_files.docx_file(["x"]), errors.ContentMismatch, "is named pptx"),
    ("a.eml", b"no mail at all\njust lines\n", errors.ContentMismatch, "holds no e-mail"),
    (
        "a.docx",
        sample_files.with_member(sample_files.docx_file(), "word/document.xml", b"<w:broken"),
        errors.DamagedFile,
        "could not be read as docx",
    ),
    (
        "a.xlsx",
        sample_files.with_member(sample_files.xlsx_file(), "xl/workbook.xml", b"<broken"),
        errors.DamagedFile,
        "could not be read as xlsx",
    ),
]


@pytest.mark.parametrize(
    ("name", "content", "error", "sentence"), BAD_FILES, ids=[f"{at}-{case[0]}" for at, case in enumerate(BAD_FILES)]
)
async def test_bad_input_is_refused_with_a_sentence(
    pool: Offload, name: str, content: bytes, error: type[HomeportError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence) as caught:
        await read(pool, name, content)
    assert caught.value.message.startswith((name, f"Reading {name}"))
    assert caught.value.status in (400, 415)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_entities_in_office_xml_are_refused(pool: Offload, encoding: str) -> None:
    laughs = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><d>&b;</d>'
    for name, content, member in (
        ("a.docx", sample_files.docx_file(), "word/document.xml"),
        ("a.xlsx", sample_files.xlsx_file(), "xl/sharedStrings.xml"),
        ("a.epub", sample_files.epub_file(), "OEBPS/book.opf"),
    ):
        bad = sample_files.with_member(content, member, laughs.encode(encoding))
        with pytest.raises(errors.UnsafeXml, match="defines its own entities"):
            await read(pool, name, bad)


async def test_an_entity_outside_of_checked_parts_is_not_expanded(pool: Offload) -> None:
    html = '<!DOCTYPE x [<!ENTITY a "expanded">]><p>before &a; after</p>'
    assert "expanded" not in (await read(pool, "a.html", html.encode())).replace('<!ENTITY a "expanded"', "")


async def test_too_much_text_is_refused_naming_the_setting(pool: Offload) -> None:
    few = ParseSettings.model_validate({"document_text_limit": 1000})
    for name, content in (
        ("a.txt", b"x " * 1000),
        ("a.pdf", sample_files.pdf(SENTENCES * 20)),
        ("a.xlsx", sample_files.xlsx_file()),
    ):
        limits = few if name != "a.xlsx" else ParseSettings.model_construct(document_text_limit=50)
        with pytest.raises(errors.TextTooLong, match="DOCUMENT_TEXT_LIMIT"):
            await parse_document(pool, content, extension_of(name), name, limits)


async def test_a_file_that_takes_too_long_is_given_up_naming_the_setting(pool: Offload) -> None:
    page = b"<table><tr><td>" * 700_000
    settings = ParseSettings.model_validate({"document_parse_timeout_seconds": 0.05})
    with pytest.raises(errors.FileTooDemanding, match=r"took longer than 0\.05 s.*DOCUMENT_PARSE_TIMEOUT_SECONDS"):
        await parse_document(pool, page, "html", "a.html", settings)


async def test_after_every_bad_file_a_good_one_is_read(pool: Offload) -> None:
    with pytest.raises(errors.FileTooDemanding):
        await read(pool, "a.xlsx", sample_files.far_corner_xlsx())
    assert SENTENCES[0] in await read(pool, "a.pdf", sample_files.pdf())


async def test_the_server_itself_loads_no_parser() -> None:
    # A fresh process, which this one is not: others have loaded the builders of sample files.
    fresh = Offload(OffloadSettings.model_validate({"offload_max_processes": 1}))
    loaded = await fresh.call(parse_work.modules_after_reading_text)
    await fresh.close()
    heavy = {"pypdfium2", "mammoth", "pptx", "lxml", "python_calamine", "charset_normalizer", "defusedxml"}
    assert not heavy & set(loaded)
    assert "homeport.features.knowledge.parse.plain" in loaded


@pytest.mark.parametrize("extension", ["pdf", ".pdf", "PDF", ".Pdf"])
async def test_an_extension_is_found_in_any_spelling(extension: str) -> None:
    assert find_format(extension, "a").kind == "PDF"


@pytest.mark.parametrize(
    ("name", "extension"), [("a.PDF", "pdf"), ("a.tar.gz", "gz"), ("noextension", ""), (".env", ""), ("a.", "")]
)
async def test_the_extension_of_a_name(name: str, extension: str) -> None:
    assert extension_of(name) == extension


async def test_all_formats_of_the_contract_are_accepted() -> None:
    promised = "txt md markdown mdx html htm csv pdf docx pptx xlsx xls epub eml json xml yaml vtt properties"
    assert set(promised.split()) <= set(ACCEPTED)
