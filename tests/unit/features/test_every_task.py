"""Every task of the wired house may be run twice and killed anywhere: what is there in the end is the same.

To add a case see `tests/support/task_case.py`.
"""

from __future__ import annotations

import asyncio
import importlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from homeport.entry.migrate import migrate_once
from homeport.entry.settings import read_settings
from homeport.features.operate.tasks import PROBES
from homeport.runtime.config.sources import Sources
from homeport.runtime.tasks.tables import JobState
from tests.support.kill_switch import KillSwitch
from tests.support.mail_server import SmtpServer, smtp_server
from tests.support.task_case import Case
from tests.support.task_stage import Stage, World, open_stage

_HERE = Path(__file__).parent
_MOST_TOUCHES = 400


def _find_cases() -> list[Case]:
    modules = [f"tests.unit.features.{path.parent.name}.task_cases" for path in sorted(_HERE.glob("*/task_cases.py"))]
    return [case for module in modules for case in importlib.import_module(module).CASES]


CASES = _find_cases()


class Theatre:
    """Plays cases; keeps what was prepared for the next test of the same case."""

    def __init__(self, blank: Path, place: Path) -> None:
        self._blank = blank
        self._place = place
        self._prepared: dict[str, tuple[Path, str, World, World]] = {}

    async def prepared(self, case: Case) -> tuple[Path, str, World, World]:
        """`(data, job id, the world before, the world after it was done once)`."""
        if str(case) not in self._prepared:
            start = self._copy_of(self._blank)
            async with self._open(case, start) as (stage, server):
                await stage.visitor.log_in()
                await case.prepare(stage)
                [job_id] = await stage.unfinished(case.task)
                before = await stage.look(server.received, case.volatile, case.varying)
            async with self._open(case, self._copy_of(start)) as (stage, server):
                await stage.house.runner.run(job_id)
                assert await stage.state_of(job_id) == JobState.SUCCEEDED
                await stage.settle()
                after = await stage.look(server.received, case.volatile, case.varying)
            self._prepared[str(case)] = start, job_id, before, after
        return self._prepared[str(case)]

    async def play(self, case: Case, switch: KillSwitch) -> World:
        """The world after a job that was killed by the switch has been taken over by another process."""
        start, job_id, _, _ = await self.prepared(case)
        data = self._copy_of(start)
        letters = []
        with switch.installed():
            async with self._open(case, data) as (stage, server):
                await switch.run(stage.house, case.task.name, job_id)
                letters += server.received
        async with self._open(case, data) as (stage, server):
            await stage.let_leases_run_out()
            await stage.house.runner.run(job_id)
            await stage.settle()
            letters += server.received
            world = await stage.look(letters, case.volatile, case.varying)
        shutil.rmtree(data)
        return world

    async def play_again(self, case: Case) -> World:
        """The world after the job has been done again although it had ended."""
        start, job_id, _, _ = await self.prepared(case)
        async with self._open(case, self._copy_of(start)) as (stage, server):
            for _ in range(2):
                await stage.requeue(job_id)
                await stage.house.runner.run(job_id)
                assert await stage.state_of(job_id) == JobState.SUCCEEDED
                await stage.settle()
            return await stage.look(server.received, case.volatile, case.varying)

    @asynccontextmanager
    async def _open(self, case: Case, data: Path) -> AsyncIterator[tuple[Stage, SmtpServer]]:
        async with smtp_server() as mail, case.server() as server:
            variables = {
                "MAIL_TYPE": "smtp",
                "SMTP_SERVER": "127.0.0.1",
                "SMTP_PORT": str(mail.port),
                "MAIL_DEFAULT_SEND_FROM": "homeport@example.org",
                "MODEL_ENDPOINT_ALLOW_PRIVATE": "true",
                **case.variables,
                **server,
            }
            async with open_stage(data, variables) as stage:
                yield stage, mail

    def _copy_of(self, data: Path) -> Path:
        target = self._place / f"data-{sum(1 for _ in self._place.iterdir())}"
        while target.exists():
            target = target.with_name(f"{target.name}x")
        return Path(shutil.copytree(data, target))


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    """With an installation that has its schema and its administrator, and nothing else."""
    blank = tmp_path_factory.mktemp("blank")

    async def set_up() -> None:
        await migrate_once(read_settings(Sources({"HOMEPORT_DATA_DIR": str(blank)})), blank)
        async with open_stage(blank, {}) as stage:
            await stage.visitor.set_up()

    asyncio.run(set_up())
    return Theatre(blank, tmp_path_factory.mktemp("plays"))


def _assert_the_same(case: Case, world: World, after: World) -> None:
    assert world.rows == after.rows
    assert world.points == after.points
    assert world.files == after.files
    assert world.jobs == after.jobs
    if case.letters == "once":
        assert world.letters == after.letters
    else:
        assert (set(world.letters), world.message_ids) == (set(after.letters), after.message_ids)


def test_every_task_of_the_house_has_a_case(tmp_path: Path) -> None:
    async def names() -> list[str]:
        await migrate_once(read_settings(Sources({"HOMEPORT_DATA_DIR": str(tmp_path)})), tmp_path)
        async with open_stage(tmp_path, {}) as stage:
            return stage.house.registry.names()

    known = set(asyncio.run(names())) - {probe.name for probe in PROBES.values()}
    assert known == {case.task.name for case in CASES}
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_task_does_something_that_is_seen(case: Case, theatre: Theatre) -> None:
    _, _, before, after = await theatre.prepared(case)
    assert (before.rows, before.points, before.files, before.letters) != (
        after.rows,
        after.points,
        after.files,
        after.letters,
    ) or before.jobs.keys() - after.jobs.keys()
    if case.expect is not None:
        case.expect(after)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_task_whose_end_was_not_written_is_done_again_without_a_trace(case: Case, theatre: Theatre) -> None:
    _, _, _, after = await theatre.prepared(case)
    switch = KillSwitch(at_end=True)
    world = await theatre.play(case, switch)
    assert switch.killed
    _assert_the_same(case, world, after)


@pytest.mark.parametrize("case", [case for case in CASES if not case.once], ids=str)
async def test_a_task_that_has_ended_may_be_done_again(case: Case, theatre: Theatre) -> None:
    _, _, _, after = await theatre.prepared(case)
    _assert_the_same(case, await theatre.play_again(case), after)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_task_that_is_killed_anywhere_ends_as_if_it_had_not_been(case: Case, theatre: Theatre) -> None:
    _, _, _, after = await theatre.prepared(case)
    for at in range(1, _MOST_TOUCHES):
        switch = KillSwitch(at=at)
        world = await theatre.play(case, switch)
        if not switch.killed:
            assert at > 1, "the task touches nothing outside"
            return
        try:
            _assert_the_same(case, world, after)
        except AssertionError as error:
            error.add_note(f"killed at touch {at}: {switch.touched[-1]} (after {', '.join(switch.touched[:-1])})")
            raise
    raise AssertionError("the task touches the outside too often to be killed at every place: give it less to do")
