"""From an empty directory to an answered question, as a new user does it."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, expect

from tests.support import sample_files
from tests.support.browser import Visit

EMAIL, PASSWORD = "ada@example.org", "correct horse 1"
QUESTION = "When does the harbour open?"
CHAPTERS = (
    ("Opening hours", "The harbour opens at six in the morning. The office opens at nine and closes at five."),
    ("Arrivals", "The lighthouse keeper logs every arrival. Ships report to the pilot before they enter."),
    ("Fees", "A berth costs twelve crowns a night. Fishing boats below eight metres pay nothing in winter."),
    ("Weather", "At wind force nine the red ball is hoisted and nobody leaves the inner basin."),
)
HANDBOOK = "# Harbour handbook\n\n" + "\n\n".join(f"## {title}\n\n{text}" for title, text in CHAPTERS)
#: Long enough to be watched while it is indexed.
CHRONICLE = "\n\n".join(
    f"Day {day}: {title.lower()}. {text} {'The log of that day is kept in the tower. ' * 20}"
    for day in range(400)
    for title, text in CHAPTERS
)
FILES: dict[str, tuple[str, bytes]] = {
    "rules.txt": ("text/plain", "\n\n".join(sample_files.SENTENCES).encode()),
    "handbook.md": ("text/markdown", HANDBOOK.encode()),
    "hours.html": ("text/html", sample_files.html_file()),
    "ships.csv": ("text/csv", sample_files.csv_file()),
    "guide.pdf": ("application/pdf", sample_files.pdf()),
    "crew.docx": ("application/octet-stream", sample_files.docx_file()),
    "talk.pptx": ("application/octet-stream", sample_files.pptx_file()),
    "ledger.xlsx": ("application/octet-stream", sample_files.xlsx_file()),
    "story.epub": ("application/epub+zip", sample_files.epub_file()),
    "letter.eml": ("message/rfc822", sample_files.eml_file()),
}
SECRET = "sealed.pdf"


def payload(name: str, mime_type: str, content: bytes) -> FilePayload:
    """A file as the browser is handed it."""
    return {"name": name, "mimeType": mime_type, "buffer": content}


def test_a_new_user_gets_from_an_empty_directory_to_a_cited_answer(newcomer: Visit) -> None:
    create_the_first_administrator(newcomer)
    create_a_knowledge_base(newcomer)
    put_documents_in(newcomer)
    watch_them_being_indexed(newcomer)
    read_segments(newcomer)
    try_retrieval(newcomer)
    create_an_app(newcomer)
    ask_and_follow_a_citation(newcomer)
    rate_the_answer(newcomer)


def create_the_first_administrator(visit: Visit) -> None:
    page = visit.page
    visit.go("/")
    expect(visit.heading("Set up Homeport")).to_be_visible()
    visit.picture("setup")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill("short")
    visit.button("Create administrator").click()
    expect(page.get_by_text("at least 8 characters")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")

    expect(visit.heading("Log in")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value(EMAIL)
    visit.picture("login")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(visit.heading("Knowledge")).to_be_visible()


def create_a_knowledge_base(visit: Visit) -> None:
    page = visit.page
    expect(page.get_by_role("heading", name="Create your first knowledge base")).to_be_visible()
    visit.picture("knowledge-empty")
    visit.button("Create knowledge base").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(visit.button("Create knowledge base")).to_be_focused()

    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("Harbour")
    expect(page.get_by_role("radio", name="High quality")).to_be_checked()
    visit.picture("knowledge-create")
    page.keyboard.press("Enter")
    expect(visit.heading("Harbour")).to_be_visible()
    expect(page.get_by_text("No documents yet")).to_be_visible()
    visit.picture("documents-empty")


def put_documents_in(visit: Visit) -> None:
    page = visit.page
    zone = page.get_by_test_id("upload-zone")
    visit.drop_file(zone, "chronicle.txt", "text/plain", CHRONICLE)
    refused = payload("tool.exe", "application/octet-stream", b"MZ")
    sealed = payload(SECRET, "application/pdf", sample_files.pdf(password="secret"))
    files = [payload(name, *content) for name, content in FILES.items()]
    page.get_by_label("Files to upload").set_input_files([refused, sealed, *files])

    problem = page.get_by_role("list", name="Uploads").get_by_role("alert")
    expect(problem).to_have_count(1)
    expect(problem).to_contain_text("exe")
    expect(page.get_by_role("status").filter(has_text=re.compile(r"\d+ files uploaded, 1 refused"))).to_be_visible()
    visit.picture("documents-indexing")


def watch_them_being_indexed(visit: Visit) -> None:
    page = visit.page
    for name in ("chronicle.txt", *FILES):
        row = page.get_by_role("row").filter(has=visit.link(name))
        expect(row.get_by_text("Available")).to_be_visible(timeout=60_000)
    sealed = page.get_by_role("row").filter(has=visit.link(SECRET))
    expect(sealed.get_by_text("Failed")).to_be_visible()
    expect(sealed).to_contain_text("password")
    visit.picture("documents-done")

    shown = visit.progress_of("chronicle.txt")
    assert any(0 < percent < 100 for percent in shown), f"The progress bar did not move: {shown}"
    assert any(stage.startswith("Indexing ") for stage in visit.seen("stages")), visit.seen("stages")

    visit.button(f"Retry {SECRET}").click()
    expect(sealed.get_by_text("Failed")).to_be_visible()
    expect(sealed).to_contain_text("password")


def read_segments(visit: Visit) -> None:
    page = visit.page
    visit.link("handbook.md").click()
    expect(visit.heading("handbook.md")).to_be_visible()
    segments = page.get_by_role("region", name="Segments").get_by_role("listitem")
    expect(segments.first).to_contain_text("Harbour handbook")
    visit.picture("document")
    page.get_by_role("searchbox", name="Search segments").fill("nobody-wrote-this")
    expect(page.get_by_text("No segment matches")).to_be_visible()
    page.get_by_role("searchbox", name="Search segments").fill("lighthouse")
    expect(segments.filter(has_text="lighthouse keeper")).to_have_count(1)


def try_retrieval(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Harbour").click()
    visit.link("Retrieval test").click()
    expect(page.get_by_text("Ask a question")).to_be_visible()
    hits = page.get_by_test_id("retrieval-hit")
    for method, question in (("Semantic", QUESTION), ("Full text", "lighthouse keeper"), ("Hybrid", QUESTION)):
        page.get_by_label("Method").select_option(label=method)
        page.get_by_label("Question").fill(question)
        page.get_by_label("Question").press("Enter")
        word = question.rstrip("?").split()[-1]
        expect(hits.first.locator("mark", has_text=re.compile(word, re.IGNORECASE)).first).to_be_visible()
        expect(hits.first).to_contain_text(re.compile(r"Score \d\.\d{3}"))
        visit.picture(f"retrieval-{method.lower().replace(' ', '-')}")


def create_an_app(visit: Visit) -> None:
    page = visit.page
    visit.link("Apps").click()
    expect(page.get_by_role("heading", name="Create your first app")).to_be_visible()
    visit.picture("apps-empty")
    visit.button("Create app").click()
    page.get_by_label("Name").fill("Harbour guide")
    page.get_by_role("checkbox", name="Harbour").check()
    visit.picture("app-create")
    visit.button("Create").click()
    expect(visit.heading("Harbour guide")).to_be_visible()
    expect(page.get_by_label("Message")).to_be_focused()
    visit.picture("chat-empty")


def ask_and_follow_a_citation(visit: Visit) -> None:
    page = visit.page
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    answer = page.get_by_test_id("answer")
    expect(page.get_by_role("list", name="Sources")).to_be_visible()
    expect(answer).to_contain_text("six in the morning")
    visit.picture("chat-answer")
    answer.get_by_role("button", name="Source 1: ", exact=False).first.click()
    source = page.get_by_role("complementary", name="Source 1")
    expect(source).to_contain_text("six in the morning")
    visit.picture("chat-source")
    page.keyboard.press("Escape")
    expect(source).to_have_count(0)
    visit.button("Open source 1", exact=False).click()
    source.get_by_role("link", name="Open in document").click()
    lit = page.locator("[aria-current=true][id^=segment-]")
    expect(lit).to_be_in_viewport()
    expect(lit).to_contain_text("six in the morning")
    visit.picture("document-lit")
    page.go_back()


def rate_the_answer(visit: Visit) -> None:
    page = visit.page
    like = visit.button("Good answer")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("answer")).to_contain_text("six in the morning")
