"""`homeport jobs` as a person uses it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from homeport.entry.cli.jobs.group import command
from homeport.entry.migrate import migrate_once
from homeport.entry.settings import read_settings
from homeport.features.operate.tasks import PROBES
from homeport.runtime.config.sources import Sources
from homeport.runtime.db.database import Database
from homeport.runtime.errors import HomeportError
from homeport.runtime.tasks.dispatchers.local import LocalDispatcher
from homeport.runtime.tasks.jobs import Jobs
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import NoPayload

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on an installation of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOMEPORT_DATA_DIR", str(tmp_path))
    asyncio.run(migrate_once(read_settings(Sources({"HOMEPORT_DATA_DIR": str(tmp_path)})), tmp_path))
    runner = CliRunner()
    return lambda *arguments, **options: runner.invoke(command, arguments, **options)


def enqueue(folder: Path, queue: Queue = Queue.MAIL) -> str:
    """One waiting job."""

    async def do() -> str:
        database = Database(read_settings(Sources({})).database.url(folder))
        async with database.begin() as session:
            job_id = await Jobs(LocalDispatcher()).enqueue(session, PROBES[queue], NoPayload())
        await database.close()
        return job_id

    return asyncio.run(do())


def test_an_empty_installation_says_that_it_is(run: Run) -> None:
    assert "Nothing waits, runs or has failed." in run("stats").output
    assert run("list").output == "No job fits.\n"
    assert run("replay").output == "No failed jobs fit.\n"


def test_a_job_is_listed_shown_cancelled_and_retried(run: Run, tmp_path: Path) -> None:
    job_id = enqueue(tmp_path)
    listed = json.loads(run("list", "--json").output)
    assert [(item["id"], item["reason"]) for item in listed["data"]] == [(job_id, "No worker reads the queue mail.")]
    assert "operate.probe_mail" in run("show", job_id).output
    assert run("cancel", job_id, "--dry-run").output == "1 unfinished job fit.\n"
    refused = run("cancel", job_id, input="n\n")
    assert (refused.exit_code, "Nothing was changed." in refused.output) == (1, True)
    assert run("cancel", job_id, "--yes").output == "1 cancelled, or asked to stop.\n"
    assert json.loads(run("show", job_id, "--json").output)["state"] == "cancelled"
    assert run("retry", job_id).output == "1 queued again.\n"
    assert run("retry", job_id).output.startswith("0 queued again. 1 left as they are")


def test_a_paused_queue_is_shown_with_its_reason(run: Run, tmp_path: Path) -> None:
    enqueue(tmp_path)
    assert run("pause", "mail", "--by", "Ada: provider down").exit_code == 0
    assert "paused by Ada: provider down" in run("stats").output
    assert run("resume", "mail").output == "Goes on: mail.\n"
    assert "paused" not in run("stats").output


def test_limits_are_set_and_shown(run: Run) -> None:
    assert run("limit", "mail", "--per-minute", "100").output == "mail: per minute: 100.\n"
    assert "at most 100 a minute" in run("stats", "--all").output
    assert run("limit", "mail", "--per-minute", "0").output == "mail: per minute: no limit.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("cancel",), "This would cancel every job"),
        (("limit", "mail"), "Name a limit"),
        (("list", "--since", "soon"), "'soon' is no time span; accepted are numbers with a unit: 30s, 45m, 12h, 7d."),
        (("show", "17"), "'17' is not a valid UUID"),
    ],
)
def test_a_wrong_call_is_one_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output


def test_an_unknown_queue_changes_nothing(run: Run) -> None:
    result = run("pause", "mial")
    assert isinstance(result.exception, HomeportError)
    assert "Did you mean mail?" in str(result.exception)
