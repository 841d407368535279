"""The commands of the units, really run: as systemd would, with the settings of its files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.processes import Installation, Process
from tests.support.servers import free_port
from tests.support.source_tree import ROOT
from tests.support.unit_files import Unit, read_environment, read_units

pytestmark = pytest.mark.process

SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = read_units(SYSTEMD)
PROGRAM = "/opt/homeport/bin/homeport"


class Machine:
    """Runs units of one machine: its files of settings, its state directory."""

    def __init__(self, home: Installation, settings: dict[str, str]) -> None:
        self.home = home
        self.state = home.folder / "state"
        (self.state / "homeport").mkdir(parents=True)
        program = home.folder / "homeport"
        program.write_text(
            f"#!/bin/sh\nexec {sys.executable} -c 'from homeport.entry.cli.main import main; main()' \"$@\"\n"
        )
        program.chmod(0o755)
        self.program = program
        self.settings = settings

    def start(self, unit: Unit, instance: str = "", **changed: str) -> Process:
        """Start the unit's command; `changed` replaces words of it."""
        command = [
            changed.get(word, str(self.program) if word == PROGRAM else word)
            for word in unit.command(instance, str(self.state))
        ]
        log = self.home.folder / f"{unit.name}-{instance}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                command,
                env=self._environment(unit, instance),
                cwd=Unit.expand(unit.one("Service", "WorkingDirectory"), instance, str(self.state)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        process = Process(popen, log)
        self.home.processes.append(process)
        return process

    def _environment(self, unit: Unit, instance: str) -> dict[str, str]:
        """Environment=, then the files in their order, as systemd has it."""
        values = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        values |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        for line in unit.all("Service", "Environment"):
            name, _, value = line.partition("=")
            values[name] = Unit.expand(value, instance, str(self.state))
        for named in unit.all("Service", "EnvironmentFile"):
            path = Unit.expand(named, instance, str(self.state))
            if path == "/etc/homeport/homeport.env":
                values |= self.settings
            else:
                file = SYSTEMD / Path(path).relative_to("/etc/homeport")
                values |= read_environment(file.read_text(encoding="utf-8"))
        return values


def test_one_process_starts_as_its_unit_says(alone: Installation) -> None:
    machine = Machine(alone, {})
    port = free_port()
    process = machine.start(UNITS["homeport.service"], **{"5001": str(port)})
    process.says(f"Homeport is ready: http://127.0.0.1:{port}")
    ready = f"http://127.0.0.1:{port}/health/ready"
    process.wait_until(lambda: httpx.get(ready, timeout=30).status_code == 200, "it was ready")
    assert (machine.state / "homeport" / "homeport.db").exists()
    assert process.terminate() == 0


def test_the_sandbox_starts_as_its_unit_says(alone: Installation) -> None:
    port = free_port()
    unit = UNITS["homeport-sandbox.service"]
    command = [sys.executable if word == "/opt/homeport/bin/python" else word for word in unit.command()]
    given = dict(word.split("=", 1) for word in unit.words("Service", "Environment"))
    environment = {**alone.environment({}), **given, "API_KEY": "of-a-test", "SANDBOX_PORT": str(port)}
    environment["PYTHONPATH"] = str(ROOT / "sandbox")
    log = alone.folder / "sandbox.log"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            command, env=environment, cwd=alone.folder, stdout=output, stderr=output, start_new_session=True
        )
    process = Process(popen, log)
    alone.processes.append(process)
    process.wait_until(lambda: _answers(f"http://127.0.0.1:{port}/health"), "the sandbox answered")
    # Its server ends by the signal itself, after what it had to do; systemd takes that for an orderly end.
    assert process.terminate() in (0, -signal.SIGTERM), process.text


@pytest.mark.postgres
@pytest.mark.redis
def test_a_fleet_starts_as_its_units_say(fleet: Installation) -> None:
    port = free_port()
    settings = {name: value for name, value in fleet.settings.items() if name != "HOMEPORT_DATA_DIR"}
    # What a file of settings says of MODE does not count.
    machine = Machine(fleet, {**settings, "DIFY_BIND_ADDRESS": "127.0.0.1", "DIFY_PORT": str(port), "MODE": "beat"})
    migration = machine.start(UNITS["homeport-migrate.service"])
    assert migration.popen.wait(60) == 0, migration.text
    api = machine.start(UNITS["homeport-api.service"])
    workers = [machine.start(UNITS["homeport-worker@.service"], group) for group in ("knowledge", "all")]
    beat = machine.start(UNITS["homeport-beat.service"])
    api.wait_until(lambda: _answers(f"http://127.0.0.1:{port}/health/ready"), "the API was ready")
    for worker in workers:
        worker.says(" ready.")
    assert "priority_dataset" in workers[0].text
    assert "retention" not in workers[0].text
    assert "retention" in workers[1].text
    beat.says("on duty")
    for process in (beat, *workers, api):
        assert process.terminate() == 0, process.text


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
