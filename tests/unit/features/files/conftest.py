"""An application that takes files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.files_app import FilesApp, open_files_app


@pytest.fixture
async def files(sqlite_url: str, tmp_path: Path) -> AsyncIterator[FilesApp]:
    """With the usual limits; extensions exe and bat are blacklisted."""
    async with open_files_app(sqlite_url, tmp_path, upload_file_extension_blacklist="exe, .BAT") as app:
        yield app


@pytest.fixture
async def client(files: FilesApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application."""
    async with files.client() as client:
        yield client
