"""`homeport up`: a few lines when it is ready, one sentence when it cannot start, nothing else."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.chat_app import read_events
from tests.support.commands import homeport
from tests.support.house import visiting
from tests.support.model_server import model_server
from tests.support.source_tree import ROOT

START = [sys.executable, "-c", "from homeport.entry.cli.main import main; main()", "up"]
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")

pytestmark = pytest.mark.process


def environment(**variables: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT)} | variables


def fails(tmp_path: Path, *options: str, **variables: str) -> list[str]:
    """What it says on standard error when it cannot start."""
    done = subprocess.run(
        [*START, *options],
        cwd=tmp_path,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


def test_a_first_start_is_four_lines_and_a_stop_is_one(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*START, "--port", "0"], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        lines = [process.stdout.readline().decode().rstrip("\n") for _ in range(4)]
        address = lines[0].removeprefix("Homeport is ready: ")
        answer = httpx.get(f"{address}/health/ready", timeout=20)
        second = fails(tmp_path, "--port", "0")
        taken = fails(tmp_path, "--port", address.rpartition(":")[2], "--data-dir", str(tmp_path / "other"))
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()

    assert answer.status_code == 200
    assert lines[1:] == [
        f"Data directory:    {tmp_path / 'data'}",
        f"Secret key:        made in {tmp_path / 'data' / 'secret_key'}; back it up with the rest",
        "Stop with Ctrl-C.",
    ]
    assert (rest.decode(), errors.decode(), process.returncode) == ("Homeport has stopped.\n", "", 0)
    assert second[0].startswith(f"The data directory {tmp_path / 'data'} is in use by Homeport on port ")
    assert taken == [
        f"Port {address.rpartition(':')[2]} on 127.0.0.1 cannot be used: address already in use.",
        "Choose another one with --port.",
    ]


async def test_an_answer_that_is_being_streamed_ends_properly_when_the_process_is_stopped(tmp_path: Path) -> None:
    with model_server() as models:
        process = subprocess.Popen(  # noqa: ASYNC220 (started once, and read line by line)
            [*START, "--port", "0"],
            cwd=tmp_path,
            env=environment(OPENAI_BASE_URL=models.url, HOMEPORT_DEFAULT_LLM="stall"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().decode().split()[-1]
            async with visiting(address) as visitor:
                await visitor.set_up()
                app = (await visitor.console.post("/apps", json={"name": "Helper"})).json()["id"]
                path = f"/apps/{app}/chat-messages"
                async with visitor.console.stream("POST", path, json={"query": "Hello?"}) as answer:
                    received = answer.aiter_text()
                    text = await anext(received)
                    process.send_signal(signal.SIGINT)
                    text += "".join([piece async for piece in received])
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()

    events = read_events(text)
    assert (events.names, events.answer) == (["message", "message_end"], "Hello")
    assert (process.returncode, errors.decode()) == (0, "")


def test_wrong_settings_are_all_told_before_anything_is_touched(tmp_path: Path) -> None:
    told = fails(tmp_path, LOG_LEVEL="LOUD", DB_PORT="x", SERVER_WORKER_AMOUNT="0")

    assert len(told) == 3
    assert any(line.startswith("DB_PORT is 'x' (from environment)") for line in told)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_host_and_an_unusable_directory_are_one_sentence_and_a_hint(tmp_path: Path) -> None:
    assert fails(tmp_path, "--host", "no.such.host.invalid")[0].startswith("The host 'no.such.host.invalid' is unknown")
    (tmp_path / "file").write_text("")
    told = fails(tmp_path, "--data-dir", "file")
    assert told[0].startswith(f"The data directory {tmp_path / 'file'} cannot be written: ")
    assert len(told) == 2


def test_a_port_of_the_other_protocol_is_announced_as_it_is_typed(tmp_path: Path) -> None:
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    process = subprocess.Popen(
        [*START, "--host", "::1", "--port", "0"], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().decode().split()[-1]
        assert address.startswith("http://[::1]:")
        assert httpx.get(f"{address}/health", timeout=20).status_code == 200
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_start_with_another_key_says_that_it_is_not_ready_and_why(tmp_path: Path) -> None:
    assert homeport("upgrade-db", HOMEPORT_DATA_DIR=str(tmp_path / "data")).status == 0
    for key in ("the first key", "another key"):
        process = subprocess.Popen(
            [*START, "--port", "0"],
            cwd=tmp_path,
            env=environment(SECRET_KEY=key),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            said = process.stdout.readline().decode()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        if key == "the first key":
            assert said.startswith("Homeport is ready: http://127.0.0.1:")
    assert said.startswith("Homeport runs, but is not ready: http://127.0.0.1:")
    assert said.endswith("/health/ready\n")
    assert "but this database was set up with the key of the fingerprint" in errors.decode()
