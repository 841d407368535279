from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import apsw
import pytest

from homeport.backends.vectors.drivers.sqlite.connect import connect, find_extension
from homeport.backends.vectors.errors import Misconfigured
from homeport.backends.vectors.port import Point, VectorStore
from homeport.backends.vectors.registry import open_vectors
from homeport.backends.vectors.settings import VectorSettings

#: Adds, replaces and deletes until it is killed; prints the number of every batch that is stored.
ENDLESS_WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from homeport.backends.vectors.port import Point
from homeport.backends.vectors.registry import open_vectors
from homeport.backends.vectors.settings import VectorSettings

async def main():
    vectors = await open_vectors(VectorSettings(), Path(sys.argv[1]))
    await vectors.create("kb", 8)
    for batch in itertools.count():
        points = [
            Point(f"{batch}-{n}", "kb", f"d{batch}", f"text {batch} {n} " * 40, [batch + 1, n] * 4) for n in range(20)
        ]
        await vectors.add_texts(points)
        await vectors.add_texts(points[:5])
        print(batch, flush=True)
        await vectors.add_texts([Point("always", "kb", "always", f"written {batch} times", [1.0] * 8)])
        await vectors.delete_by_document_id("kb", f"d{batch - 10}")

asyncio.run(main())
"""

#: Opens the store together with others of its kind and adds 100 points of its own.
BUSY_NEIGHBOUR = """
import asyncio, sys
from pathlib import Path
from homeport.backends.vectors.port import Point
from homeport.backends.vectors.registry import open_vectors
from homeport.backends.vectors.settings import VectorSettings

async def main():
    vectors = await open_vectors(VectorSettings(), Path(sys.argv[1]))
    await vectors.create("kb", 4)
    for n in range(20):
        ids = [f"{sys.argv[2]}-{n}-{i}" for i in range(5)]
        await vectors.add_texts([Point(point_id, "kb", "d", "shared text", [1, n, 0, 0]) for point_id in ids])
        await vectors.search_by_full_text("kb", "shared", 5)
    await vectors.close()

asyncio.run(main())
"""


@pytest.fixture
async def vectors(tmp_path: Path) -> AsyncGenerator[VectorStore]:
    opened = await open_vectors(VectorSettings(), tmp_path)
    yield opened
    await opened.close()


def _rows(connection: apsw.Connection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def _assert_consistent(folder: Path, dimension: int) -> None:
    """The file is whole, and both indexes hold exactly what the tables hold."""
    connection = connect(folder / "vectors.db", find_extension())
    assert connection.pragma("integrity_check") == "ok"
    points = {number for (number,) in connection.execute("SELECT number FROM point")}
    vectors = dict(_rows(connection, "SELECT point, vector FROM embedding"))
    assert set(vectors) == points
    assert dict(_rows(connection, f"SELECT number, embedding FROM vector_{dimension}")) == vectors
    assert {number for (number,) in connection.execute("SELECT id FROM text_1_docsize")} == points
    connection.execute("INSERT INTO text_1 (text_1) VALUES ('integrity-check')")
    assert connection.execute("SELECT points FROM dataset").get == len(points)
    connection.close()


def _write_until_killed(folder: Path, batches: int) -> int:
    """The last batch that a process said was stored before it was killed, some time after so many batches."""
    writer = subprocess.Popen([sys.executable, "-c", ENDLESS_WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    stored = -1
    for line in writer.stdout:  # goes on after the kill with what was said before
        stored = int(line)
        if stored == batches:
            writer.kill()
    writer.stdout.close()
    assert writer.wait(10) == -signal.SIGKILL
    return stored


def _run_neighbours(folder: Path, number: int) -> list[int]:
    """How processes that fill the file at once ended."""
    program = [sys.executable, "-c", BUSY_NEIGHBOUR, str(folder)]
    neighbours = [subprocess.Popen([*program, str(name)]) for name in range(number)]
    return [neighbour.wait(60) for neighbour in neighbours]


async def test_nothing_stored_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    for batches in (15, 30):  # the second time on a file that was recovered before
        stored = await asyncio.to_thread(_write_until_killed, tmp_path, batches)
        assert stored >= batches
        _assert_consistent(tmp_path, 8)
        opened = await open_vectors(VectorSettings(), tmp_path)
        ids = {point.id async for point in opened.points("kb")}
        assert {f"{batch}-{n}" for batch in range(stored - 9, stored + 1) for n in range(20)} <= ids
        await opened.add_texts([Point("after", "kb", "d", "works on", [1.0] * 8)])
        assert len(await opened.search_by_full_text("kb", "works", 5)) == 1
        await opened.close()


async def test_several_processes_may_open_and_fill_one_file_at_once(tmp_path: Path) -> None:
    assert await asyncio.to_thread(_run_neighbours, tmp_path, 3) == [0, 0, 0]
    opened = await open_vectors(VectorSettings(), tmp_path)
    assert await opened.count("kb") == 300
    assert len(await opened.search_by_full_text("kb", "shared", 1000)) == 300
    await opened.close()
    _assert_consistent(tmp_path, 4)


async def test_the_index_can_be_made_anew_from_the_stored_points(vectors: VectorStore, tmp_path: Path) -> None:
    await vectors.create("kb", 2)
    await vectors.add_texts([Point(f"{n}", "kb", "d", f"text {n}", [1.0, n]) for n in range(50)])
    before = await vectors.search_by_vector("kb", [1.0, 20.0], 5)
    breaker = connect(tmp_path / "vectors.db", find_extension())
    breaker.execute("DELETE FROM vector_2 WHERE number > 10")
    breaker.execute("DELETE FROM text_1 WHERE rowid > 10")
    breaker.close()
    assert await vectors.search_by_vector("kb", [1.0, 20.0], 5) != before
    await vectors.rebuild_index("kb")
    assert await vectors.search_by_vector("kb", [1.0, 20.0], 5) == before
    _assert_consistent(tmp_path, 2)


async def test_deleting_and_adding_again_does_not_grow_the_index(vectors: VectorStore, tmp_path: Path) -> None:
    await vectors.create("kb", 16)
    points = [Point(f"{n}", "kb", "d", "text", [1.0, n] * 8) for n in range(600)]
    for _ in range(6):
        await vectors.add_texts(points)
        await vectors.delete_by_document_id("kb", "d")
    await vectors.add_texts(points)
    reader = connect(tmp_path / "vectors.db", find_extension())
    assert reader.execute("SELECT count(*) FROM vector_16_chunks").get <= 4
    reader.close()


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "vectors.db"))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Misconfigured, match=r"written by a newer version of Homeport \(99; this one knows 1\)"):
        await open_vectors(VectorSettings(), tmp_path)


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "vectors.db").write_bytes(b"not a database at all, and long enough to be looked at" * 100)
    with pytest.raises(Misconfigured, match=r"vectors\.db is damaged .* Restore it from a backup"):
        await open_vectors(VectorSettings(), tmp_path)


async def test_a_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "vectors.db").mkdir()
    with pytest.raises(Misconfigured, match="cannot be opened for writing"):
        await open_vectors(VectorSettings(), tmp_path)
