"""The doctor on real installations: well ones, and each part broken in turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.http_site import site
from tests.support.mail_server import smtp_server
from tests.support.processes import Installation, installation
from tests.support.servers import free_port

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

_NO_PGVECTOR = {
    "PGVECTOR_HOST": "127.0.0.1",
    "PGVECTOR_PORT": "1",
    "PGVECTOR_USER": "postgres",
    "PGVECTOR_DATABASE": "postgres",
}

Findings = dict[str, list[dict[str, Any]]]


@pytest.fixture
async def laptop(tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation on embedded defaults, migrated, not running."""
    with installation(tmp_path) as found:
        await asyncio.to_thread(found.migrate)
        yield found


def files_below(found: Installation) -> list[Path]:
    """Every file of the data directory."""
    return [path for path in Path(found.settings["HOMEPORT_DATA_DIR"]).rglob("*") if path.is_file()]


async def examine(found: Installation, *arguments: str, **settings: str) -> tuple[int, Findings]:
    """Exit status and findings by check."""
    process = found.start("doctor", "--json", *arguments, **settings)
    status = await asyncio.to_thread(process.popen.wait, 120)
    try:
        answer = json.loads(process.text)
    except json.JSONDecodeError:
        pytest.fail(process.text)
    assert answer["healthy"] == (status == 0)
    by_check: Findings = {}
    for finding in answer["findings"]:
        by_check.setdefault(finding["check"], []).append(finding)
    return status, by_check


def states(findings: Findings, *names: str) -> set[str]:
    """The states of these checks, of all when none is named."""
    return {one["state"] for name in names or findings for one in findings[name]}


async def test_a_fresh_laptop_is_well_and_nothing_is_left_behind(laptop: Installation) -> None:
    status, found = await examine(laptop)
    assert status == 0
    assert states(found, "database", "jobs", "storage", "vectors", "egress", "disk") == {"ok"}
    assert "16 of 16 queues" in found["jobs"][0]["said"]
    assert not [path for path in files_below(laptop) if "doctor" in path.as_posix()]


async def test_beside_a_running_laptop_its_own_process_does_the_jobs(laptop: Installation) -> None:
    _, address = await asyncio.to_thread(laptop.up)
    assert address
    status, found = await examine(laptop)
    assert (status, states(found, "jobs")) == (0, {"ok"})
    assert found["secret-key"][0]["said"].startswith("The secret key has the fingerprint")


async def test_an_empty_database_is_said_with_the_command_that_helps(tmp_path: Path) -> None:
    with installation(tmp_path) as found:
        status, findings = await examine(found)
    assert (status, findings["database"][0]["state"]) == (1, "problem")
    assert findings["database"][0]["fix"] == "Run: homeport upgrade-db"
    assert findings["jobs"][0]["state"] == "skipped"


@pytest.mark.parametrize(
    ("check", "settings", "said"),
    [
        ("storage", {"STORAGE_TYPE": "s3", "S3_BUCKET_NAME": "b"}, "S3_ACCESS_KEY and S3_SECRET_KEY"),
        ("storage", {"STORAGE_TYPE": "floppy"}, "STORAGE_TYPE is 'floppy'"),
        ("vectors", {"VECTOR_STORE": "pgvector", **_NO_PGVECTOR}, "does not answer"),
        ("mail", {"MAIL_TYPE": "smtp"}, "needs SMTP_SERVER"),
        ("models", {"OPENAI_API_KEY": "sk-x", "OPENAI_API_BASE": "http://127.0.0.1:1/v1"}, "127.0.0.1:1"),
        ("egress", {"SSRF_PROXY_HTTP_URL": "http://127.0.0.1:1"}, "The proxy http://127.0.0.1:1 does not answer"),
    ],
)
async def test_a_broken_part_is_named_and_the_others_are_still_looked_at(
    laptop: Installation, check: str, settings: dict[str, str], said: str
) -> None:
    status, found = await examine(laptop, "--only", check, "--only", "disk", **settings)
    assert status == 1
    [wrong] = [one for one in found[check] if one["state"] == "problem"]
    assert said in wrong["said"]
    assert states(found, "disk") == {"ok"}


async def test_a_mail_server_is_greeted(laptop: Installation) -> None:
    async with smtp_server(account=("ann", "right")) as server:
        mail = {
            "MAIL_TYPE": "smtp",
            "MAIL_DEFAULT_SEND_FROM": "a@example.org",
            "SMTP_SERVER": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_USERNAME": "ann",
        }
        assert (await examine(laptop, "--only", "mail", **mail, SMTP_PASSWORD="right"))[0] == 0
        status, found = await examine(laptop, "--only", "mail", **mail, SMTP_PASSWORD="wrong-one")
    assert (status, found["mail"][0]["state"]) == (1, "problem")
    assert "wrong-one" not in json.dumps(found)


async def test_a_proxy_that_lets_everything_through_is_a_problem(laptop: Installation) -> None:
    async def pass_on(_path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")

    async with site(pass_on) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        status, found = await examine(laptop, "--only", "egress", SSRF_PROXY_HTTP_URL=address)
    assert status == 1
    assert [one["state"] for one in found["egress"]] == ["ok", "problem"]


async def test_a_fleet_without_a_worker_says_so_and_with_one_is_well(fleet: Installation) -> None:
    await asyncio.to_thread(fleet.migrate)
    status, found = await examine(fleet, "--timeout", "6")
    assert (status, states(found, "jobs")) == (1, {"problem"})
    assert "MODE=worker" in found["jobs"][0]["fix"]
    await asyncio.to_thread(fleet.worker)
    status, found = await examine(fleet)
    assert states(found, "jobs", "clock") == {"ok"}
    assert found["database"][0]["state"] == "ok"
    assert status == 0


async def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    database = {"DB_TYPE": "postgresql", "DB_HOST": "127.0.0.1", "DB_PORT": str(free_port()), "DB_PASSWORD": "hidden-x"}
    with installation(tmp_path, **database) as found:
        status, findings = await examine(found)
    assert (status, findings["database"][0]["state"]) == (1, "problem")
    assert "does not answer" in findings["database"][0]["said"]
    assert "hidden-x" not in json.dumps(findings)


def test_an_unknown_check_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with installation(tmp_path) as found:
        process = found.start("doctor", "--only", "wings")
        assert process.popen.wait(60) == 2
        assert "There is no check 'wings'; accepted are database, clock" in process.text


def test_text_for_a_person_has_one_line_for_each_finding(tmp_path: Path) -> None:
    with installation(tmp_path) as found:
        process = found.start("doctor", "--only", "disk", "--only", "mail")
        assert process.popen.wait(60) == 0
        lines = process.text.splitlines()
    assert lines[0].startswith("mail ")
    assert lines[1].startswith("disk ")
    assert lines[-1] == "no problems, no warnings."
