"""The disk with the data directory is full: whoever needs room is told so, and when there is some again all goes on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from homeport.runtime.tasks.tables import JobState
from tests.support.house import visiting
from tests.support.job_bench import until
from tests.support.poison_tasks import Dose, database_of, effects, look_at, queue_doses
from tests.support.processes import Installation, installation

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

PROGRAM = (sys.executable, "-c", "from tests.support.poison_tasks import main; main()")
COUNT = 30
_MEBIBYTE = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MiB; made by root, on Linux."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk is a mounted tmpfs, and mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def alone(tmp_path: Path, small_disk: Path) -> Iterator[Installation]:
    """One process whose data lie on the small disk."""
    with installation(tmp_path) as found:
        found.settings["HOMEPORT_DATA_DIR"] = str(small_disk)
        found.program = PROGRAM
        yield found


def fill(disk: Path) -> Path:
    """Take all the room there is; answers the file that has it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (_MEBIBYTE, 4096):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return filler


async def test_a_full_disk_is_said_and_nothing_is_lost(alone: Installation, small_disk: Path) -> None:
    process, address = alone.up()
    database = database_of(alone.settings)
    async with visiting(address) as visitor:
        await visitor.set_up()
        dataset = await visitor.console.post("/datasets", json={"name": "Ships"})
        assert dataset.status_code == 201, dataset.text
        ids = await queue_doses(database, *(Dose(end="none", seconds=2) for _ in range(COUNT)))

        async def some() -> bool:
            return await effects(database) >= 3

        await until(some, seconds=30)
        filler = fill(small_disk)
        upload = await visitor.console.post(
            f"/datasets/{dataset.json()['id']}/documents/upload",
            files=[("file", ("ship.txt", b"A ship. " * 200_000, "text/plain"))],
        )
        assert (upload.status_code, "The disk is full" in upload.text) in {(503, True), (507, True)}, upload.text
        refused = await refused_in_the_end(visitor.console)
        assert (refused.status_code, refused.json()["code"]) == (507, "disk_full"), refused.text
        assert refused.json()["message"].startswith("The disk is full; ")
        process.says("The disk is full; ")
        doctor = alone.start("doctor", "--only", "disk")
        doctor.popen.wait(60)
        assert "fail when the disk is full" in " ".join(doctor.text.split())
        assert process.popen.poll() is None
        assert await effects(database) < COUNT

        filler.unlink()

        async def all_had() -> bool:
            return await effects(database) == COUNT

        await until(all_had, seconds=60)
        assert {row.state for row in await look_at(database, ids)} == {JobState.SUCCEEDED}
        made = await visitor.console.post("/datasets", json={"name": "Room again"})
        assert made.status_code == 201, made.text
    await database.close()
    assert "Traceback" not in process.text, process.text[-5000:]
    assert process.terminate() == 0


async def refused_in_the_end(console: httpx.AsyncClient) -> httpx.Response:
    """The first answer that is no success; the database has a little room of its own left."""
    for number in range(2000):
        answer = await console.post("/datasets", json={"name": f"Dataset {number}", "description": "x" * 300})
        if answer.status_code != 201:
            return answer
        await asyncio.sleep(0)
    pytest.fail("the database went on writing")
