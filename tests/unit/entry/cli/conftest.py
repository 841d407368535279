"""Places for commands: empty ones, on each database."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeport.entry.known_settings import find
from tests.support.chat_app import database_variables
from tests.support.commands import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty SQLite place; no `.env` of the checkout is read."""
    monkeypatch.chdir(tmp_path)
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    return Place(data_dir, {"HOMEPORT_DATA_DIR": str(data_dir)})


@pytest.fixture
def any_place(place: Place, database_url: str) -> Place:
    """An empty place on each database in turn."""
    place.variables |= database_variables(database_url)
    return place


@pytest.fixture
def bare_place(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty place, in an environment where nothing is set that Homeport knows."""
    for name in [name for name in os.environ if find(name)]:
        monkeypatch.delenv(name)
    return place
