"""An operator in the browser: a job has failed, its queue is held back, and the job is done again."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support import sample_files
from tests.support.browser import Visit, open_visit
from tests.support.furnish import furnish
from tests.support.processes import installation

TASK = "knowledge.ingest_document"


def test_a_failed_job_is_seen_and_replayed_through_a_paused_queue(newcomer: Visit) -> None:
    files = {"sealed.pdf": sample_files.pdf(password="secret"), "notes.txt": b"The harbour opens at six."}
    furnish(newcomer.address, files)
    newcomer.log_in()
    page = newcomer.page
    newcomer.go("/")
    newcomer.link("Jobs").click()
    expect(newcomer.heading("Jobs")).to_be_visible()
    queues, jobs = page.get_by_role("region", name="Queues"), page.get_by_role("region", name="Jobs")
    expect(page.get_by_role("img", name="In the last hour")).to_be_visible()
    expect(page.get_by_role("region", name="Workers").get_by_text("At work")).to_be_visible()

    newcomer.button("Cancel unfinished").click()
    expect(page.get_by_text("this would cancel every job")).to_be_visible()
    newcomer.button("Show the 1 failed jobs of priority_dataset").click()
    failed = jobs.get_by_role("row").filter(has_text=TASK).filter(has_text="failed")
    expect(failed).to_have_count(1)
    expect(failed).to_contain_text("password")
    newcomer.picture("operations-failed")

    newcomer.button("Pause priority_dataset").click()
    expect(page.get_by_role("dialog", name="Pause priority_dataset?")).to_be_visible()
    newcomer.picture("operations-question")
    newcomer.button("Pause queue").click()
    paused = queues.get_by_role("row").filter(has_text="priority_dataset").get_by_text("Paused")
    expect(paused).to_be_visible()

    newcomer.button("Replay failed").click()
    newcomer.button("Replay").click()
    newcomer.was_told("1 job queued again.")
    expect(jobs.get_by_text("No job fits")).to_be_visible()
    jobs.get_by_label("State").select_option(label="Queued")
    waiting = jobs.get_by_role("row").filter(has_text=TASK)
    expect(waiting).to_contain_text("The queue priority_dataset is paused since")
    expect(waiting).to_contain_text("by Ada.")
    page.emulate_media(color_scheme="dark")
    newcomer.picture("operations-paused-dark")

    newcomer.button("Resume priority_dataset").click()
    newcomer.button("Resume queue").click()
    expect(paused).to_have_count(0)
    # Without a reload: the page asks by itself, and sees the job leave the line and fail once more.
    expect(jobs.get_by_text("No job fits")).to_be_visible()
    jobs.get_by_label("State").select_option(label="Failed")
    expect(failed).to_contain_text("password")
    jobs.get_by_role("button", name=f"Details of {TASK}").click()
    expect(page.get_by_role("dialog", name=TASK)).to_contain_text("1 of 5")


def test_limits_are_set_and_a_job_that_waits_is_cancelled(newcomer: Visit) -> None:
    furnish(newcomer.address, {"notes.txt": b"The harbour opens at six."})
    newcomer.log_in()
    page = newcomer.page
    newcomer.go("/operations/jobs")
    newcomer.button("Limits of priority_dataset").click()
    page.get_by_label("At once").fill("3")
    newcomer.button("Save limits").click()
    expect(page.get_by_text("at most 3 at once")).to_be_visible()

    newcomer.button("Pause priority_dataset").click()
    newcomer.button("Pause queue").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    documents = page.context.new_page()
    documents.goto(f"{newcomer.address}/knowledge")
    documents.get_by_role("link", name="Harbour").click()
    documents.locator("input[type=file]").set_input_files(
        {"name": "later.txt", "mimeType": "text/plain", "buffer": b"The harbour closes at ten."}
    )
    expect(documents.get_by_role("row").filter(has_text="later.txt")).to_be_visible()
    documents.close()

    jobs = page.get_by_role("region", name="Jobs")
    row = jobs.get_by_role("row").filter(has_text=TASK).filter(has_text="queued")
    expect(row).to_have_count(1)
    row.get_by_role("button", name=f"Cancel {TASK}").click()
    newcomer.button("Cancel job").click()
    expect(row).to_have_count(0)
    expect(jobs.get_by_text("It was cancelled.")).to_be_visible()


def test_the_owner_of_another_workspace_is_offered_nothing_and_told_why(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    with installation(tmp_path) as found:
        _, address = found.up()
        furnish(address, {"notes.txt": b"The harbour opens at six."})
        made = found.start("create-tenant", "--email", "bob@example.org")
        assert made.popen.wait(60) == 0, made.text
        password = re.findall(r"Password: +(\S+)", made.text)[0]
        with open_visit(browser, address, pictures) as visit:
            credentials = {"email": "bob@example.org", "password": password}
            assert visit.page.context.request.post(f"{address}/console/api/login", data=credentials).ok
            visit.expect_refusals("^403 /console/api/operate/")
            visit.go("/operations/jobs")
            expect(visit.page.get_by_text("This is for owners and administrators")).to_be_visible()
            expect(visit.link("Models")).to_be_visible()
            expect(visit.link("Jobs")).to_have_count(0)
            visit.picture("operations-refused")
            visit.assert_content()
