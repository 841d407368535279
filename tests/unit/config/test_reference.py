"""The page of all settings and the example file are what the code says, and the example gives no secret away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from homeport.entry.cli.config.reference import command
from homeport.entry.known_settings import known_settings
from homeport.entry.print_reference import FIRST, env_example, settings_page, written_files
from homeport.entry.settings import read_settings
from homeport.runtime.config.sources import Sources
from tests.support.source_tree import ROOT


@pytest.mark.parametrize("file", written_files())
def test_the_committed_files_are_up_to_date(file: str) -> None:
    committed = (ROOT / file).read_text(encoding="utf-8")
    assert committed == written_files()[file], "run: homeport config reference --write"


def test_the_page_has_a_line_for_every_setting() -> None:
    page = settings_page()
    for one in known_settings().values():
        assert f"| `{one.name}{'*' if one.prefix else ''}` |" in page


def test_the_example_file_has_every_setting_that_works_and_no_other() -> None:
    names = [
        line.lstrip("#").partition("=")[0] for line in env_example().splitlines() if "=" in line and " " not in line
    ]
    works = [one.name for one in known_settings().values() if one.status == "works" and not one.prefix]
    assert sorted(name for name in names if "<" not in name) == sorted(works)


def test_the_example_file_gives_no_secret() -> None:
    secrets = {one.name for one in known_settings().values() if one.secret}
    for line in env_example().splitlines():
        name, sign, value = line.lstrip("#").partition("=")
        assert not (sign and name in secrets and value)


def test_a_copy_of_the_example_file_means_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(env_example(), encoding="utf-8")

    assert read_settings(Sources({}, file)) == read_settings(Sources({}))


def test_every_default_in_the_example_file_is_accepted(tmp_path: Path) -> None:
    lines = [line.removeprefix("#") for line in env_example().splitlines() if "=" in line and " " not in line]
    file = tmp_path / ".env"
    file.write_text("\n".join(line for line in lines if "<" not in line), encoding="utf-8")

    assert read_settings(Sources({}, file)).deployment == read_settings(Sources({})).deployment


def test_what_is_set_first_works_and_is_no_secret() -> None:
    for name in FIRST:
        assert known_settings()[name].status == "works"
        assert not known_settings()[name].secret


def test_check_fails_on_a_file_that_is_out_of_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs/reference").mkdir(parents=True)
    (tmp_path / "deploy").mkdir()

    missing = CliRunner().invoke(command, ["--check"])
    assert missing.exit_code == 1
    assert "docs/reference/settings.md, deploy/.env.example" in missing.stderr
    assert CliRunner().invoke(command, ["--write"]).exit_code == 0
    assert CliRunner().invoke(command, ["--check"]).exit_code == 0
    (tmp_path / "deploy/.env.example").write_text("old")
    stale = CliRunner().invoke(command, ["--check"])
    assert (stale.exit_code, "settings.md" in stale.stderr) == (1, False)


def test_the_command_prints_the_page_or_the_example() -> None:
    assert CliRunner().invoke(command).stdout == settings_page()
    assert CliRunner().invoke(command, ["--env"]).stdout == env_example()


def test_a_process_that_serves_does_not_load_the_tables() -> None:
    code = (
        "import sys, homeport.entry.settings as s; s.read_settings(s.Sources({})); "
        "print([m for m in sys.modules if 'recognised' in m or 'known_settings' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
