"""The units for a machine without containers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from homeport.entry.gunicorn_api import options_of
from homeport.entry.known_settings import find
from homeport.entry.settings import read_settings
from homeport.runtime.config.sources import Sources
from homeport.runtime.tasks.queues import Queue
from tests.support.source_tree import ROOT
from tests.support.unit_files import Unit, read_environment, read_units

SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = read_units(SYSTEMD)
SERVICES = {name: unit for name, unit in UNITS.items() if name.endswith(".service")}
FLEET = {name: unit for name, unit in SERVICES.items() if name != "homeport.service"}
SANDBOX = UNITS["homeport-sandbox.service"]
SERVER = {name: unit for name, unit in SERVICES.items() if unit is not SANDBOX}
PROGRAM = "/opt/homeport/bin/homeport"


def each_service() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("unit", SERVICES.values(), ids=SERVICES)


def each_of_server() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("unit", SERVER.values(), ids=SERVER)


def test_all_parts_have_a_unit() -> None:
    assert set(UNITS) == {
        "homeport.service",
        "homeport.target",
        "homeport-api.service",
        "homeport-beat.service",
        "homeport-migrate.service",
        "homeport-sandbox.service",
        "homeport-worker@.service",
    }


@each_service()
def test_a_service_is_confined(unit: Unit) -> None:
    for directive in (
        *("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectClock", "ProtectControlGroups"),
        *("ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "RestrictRealtime"),
        *("RestrictSUIDSGID", "LockPersonality", "RemoveIPC"),
    ):
        assert unit.one("Service", directive) == "yes"
    assert unit.one("Service", "ProtectSystem") == "strict"
    assert unit.one("Service", "CapabilityBoundingSet") == ""
    assert unit.one("Service", "UMask") == "0077"


@each_of_server()
def test_a_service_keeps_its_data_where_it_may_write(unit: Unit) -> None:
    assert unit.one("Service", "User") == "homeport"
    assert unit.one("Service", "StateDirectory") == "homeport"
    assert unit.one("Service", "Environment") == "HOMEPORT_DATA_DIR=%S/homeport"
    assert unit.one("Service", "WorkingDirectory") == "%S/homeport"


@each_of_server()
def test_a_service_reads_the_one_file_of_settings(unit: Unit) -> None:
    assert unit.all("Service", "EnvironmentFile")[0] == "/etc/homeport/homeport.env"


def test_the_sandbox_is_somebody_else_and_reaches_this_machine_alone() -> None:
    assert SANDBOX.one("Service", "DynamicUser") == "yes"
    assert SANDBOX.one("Service", "EnvironmentFile") == "/etc/homeport/sandbox.env"
    assert not SANDBOX.all("Service", "StateDirectory")
    assert SANDBOX.one("Service", "IPAddressDeny") == "any"
    assert SANDBOX.one("Service", "IPAddressAllow") == "localhost"


def test_the_user_exists() -> None:
    assert 'u homeport - "Homeport" /var/lib/homeport' in (SYSTEMD / "homeport.sysusers").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("homeport-api.service", "api"),
        ("homeport-worker@.service", "worker"),
        ("homeport-beat.service", "beat"),
        ("homeport-migrate.service", "migration"),
    ],
)
def test_a_part_of_the_fleet_has_its_mode_whatever_the_settings_say(name: str, mode: str) -> None:
    assert FLEET[name].command() == ["/usr/bin/env", f"MODE={mode}", PROGRAM, "serve"]


def test_nothing_is_killed_while_it_ends_in_order() -> None:
    settings = read_settings(Sources(environment={}))
    for name in ("homeport.service", "homeport-api.service"):
        assert int(UNITS[name].one("Service", "TimeoutStopSec")) >= options_of(settings)["graceful_timeout"] + 5
    worker = int(UNITS["homeport-worker@.service"].one("Service", "TimeoutStopSec"))
    assert worker >= settings.deployment.homeport_stop_seconds + 15


def test_the_fleet_waits_for_the_schema_and_moves_as_one() -> None:
    for name, unit in FLEET.items():
        assert unit.words("Unit", "PartOf") == ["homeport.target"]
        if name not in ("homeport-migrate.service", "homeport-sandbox.service"):
            assert "homeport-migrate.service" in unit.words("Unit", "After")
            assert unit.words("Unit", "Requires") == ["homeport-migrate.service"]
        if name != "homeport-migrate.service":
            assert unit.one("Service", "Restart") == "on-failure"
    assert FLEET["homeport-migrate.service"].one("Service", "Type") == "oneshot"
    assert FLEET["homeport-migrate.service"].one("Service", "RemainAfterExit") == "yes"


def test_one_process_and_the_fleet_exclude_each_other() -> None:
    assert UNITS["homeport.service"].words("Unit", "Conflicts") == ["homeport.target"]


def test_the_target_starts_every_part_and_every_queue() -> None:
    wanted = UNITS["homeport.target"].words("Unit", "Wants")
    instances = [name for name in wanted if name.startswith("homeport-worker@")]
    assert {name.partition("@")[0] + ("@.service" if "@" in name else "") for name in wanted} == set(FLEET)
    groups = [queues(name.partition("@")[2].removesuffix(".service")) for name in instances]
    assert sorted(queue for group in groups for queue in group) == sorted(Queue)


def test_the_file_of_all_queues_chooses_none() -> None:
    assert queues("all") == [""]


def queues(group: str) -> list[str]:
    text = (SYSTEMD / "queues" / f"{group}.env").read_text(encoding="utf-8")
    values = read_environment(text)
    assert all(find(name) for name in values)
    return values["CELERY_WORKER_QUEUES"].split(",")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for name in UNITS:
        text = (SYSTEMD / name).read_text(encoding="utf-8").replace(PROGRAM, "/bin/true")
        text = text.replace("/opt/homeport/bin/python", "/bin/true")
        (tmp_path / name).write_text(text, encoding="utf-8")
    names = [name.replace("@.", "@knowledge.") for name in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names)],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in (done.stdout + done.stderr).splitlines() if str(tmp_path) in line] == []
    assert done.returncode == 0
