"""The data directory is made when missing and held by one process; what hinders that is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeport.entry.data_dir import DataDirectoryInUse, DataDirectoryUnusable, held, prepare


def test_a_missing_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    made = prepare(tmp_path / "a" / "b")

    assert made == tmp_path / "a" / "b"
    assert made.stat().st_mode & 0o777 == 0o700
    assert list(made.iterdir()) == []
    assert prepare(made) == made


def test_a_path_that_can_be_no_directory_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    for path in (file, file / "below"):
        with pytest.raises(DataDirectoryUnusable) as refused:
            prepare(path)
        assert refused.value.message.startswith(f"The data directory {path} cannot be written: ")
        assert "--data-dir" in (refused.value.hint or "")


def test_a_lock_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "homeport.lock").mkdir()

    with pytest.raises(DataDirectoryUnusable, match=r"homeport.lock cannot be written"), held(tmp_path, "x"):
        pass


def test_a_second_process_is_told_who_holds_the_directory_and_may_come_afterwards(tmp_path: Path) -> None:
    with held(tmp_path, "Homeport on port 5001"):
        with pytest.raises(DataDirectoryInUse) as refused, held(tmp_path, "another"):
            pass
        assert f"The data directory {tmp_path} is in use by Homeport on port 5001 (process " in refused.value.message
    with held(tmp_path, "another"):
        pass
