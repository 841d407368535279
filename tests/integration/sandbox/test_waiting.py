"""Processes that wait, confined already: each runs one piece of code, and what holds for a fresh one holds for it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from homeport_sandbox.errors import NotStarted
from homeport_sandbox.execute import LANGUAGES, NODE, PYTHON, Executor, Task
from homeport_sandbox.launch import Warm
from homeport_sandbox.pool import Pool
from homeport_sandbox.settings import Settings
from homeport_sandbox.watch import Outcome
from tests.support.sandbox_server import require_linux, require_node

pytestmark = pytest.mark.process

TWO = Settings(worker_timeout=20, python_pool=2, node_pool=1)
_PID = {PYTHON: "import os; print(os.getpid())", NODE: "console.log(process.pid)"}


@asynccontextmanager
async def _opened(settings: Settings = TWO) -> AsyncIterator[Executor]:
    require_linux()
    opened = Executor(settings)
    try:
        await opened.open()
        yield opened
    finally:
        await opened.close()


async def _run(executor: Executor, code: str, language: str = PYTHON) -> Outcome:
    return await executor.run(Task(language, code.encode()))


async def _until(settled: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not settled():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def _full(executor: Executor, language: str = PYTHON) -> Warm:
    wanted = {PYTHON: executor.settings.python_pool, NODE: executor.settings.node_pool}[language]
    await _until(lambda: executor.waiting(language) == wanted)
    assert executor._warm is not None
    return executor._warm


def _exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _pids(warm: Warm) -> set[int]:
    return {run.pid for run in warm.running.values() if run.pid is not None}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_process_that_waits_is_taken_runs_once_and_is_followed_by_another(language: str) -> None:
    if language == NODE:
        require_node()
    async with _opened() as executor:
        await _run(executor, _PID[language], language)  # those of Node.js are there from the first use on
        for _ in range(3):
            before = _pids(await _full(executor, language))
            outcome = await _run(executor, _PID[language], language)
            assert int(outcome.stdout) in before
            assert int(outcome.stdout) not in _pids(await _full(executor, language))


async def test_more_run_at_once_than_wait() -> None:
    async with _opened() as executor:
        await _full(executor)
        codes = [f"import os, time; time.sleep(0.3); print({n}, os.getpid(), os.getuid())" for n in range(8)]
        said = [(await run).stdout.decode().split() for run in [asyncio.create_task(_run(executor, c)) for c in codes]]
        assert [int(number) for number, _, _ in said] == list(range(8))
        assert len({pid for _, pid, _ in said}) == 8
        assert executor.ground is not None
        if executor.ground.own_user:
            assert len({uid for _, _, uid in said}) == 8


async def test_none_wait_where_the_pool_is_switched_off() -> None:
    async with _opened(replace(TWO, python_pool=0)) as executor:
        assert (await _run(executor, "print(1)")).stdout == b"1\n"
        assert executor.waiting(PYTHON) == 0
        assert executor._warm is not None
        assert not executor._warm.running


async def test_the_limits_of_time_count_from_the_code_on() -> None:
    async with _opened(replace(TWO, worker_timeout=1)) as executor:
        await _full(executor)
        await asyncio.sleep(2.5)  # longer than the wall limit and than the processor limit
        code = "import time; print(time.process_time() < 1, flush=True)\nwhile time.process_time() < 60: pass"
        outcome = await _run(executor, code)
        assert (outcome.stdout, outcome.limit) == (b"True\n", "timeout")


async def test_what_one_run_leaves_the_next_does_not_find() -> None:
    async with _opened() as executor:
        await _full(executor)
        traces = "import json, os, pathlib\nprint(hasattr(json, 'left'), 'LEFT' in os.environ, os.listdir())\n"
        leave = "json.left = 1; os.environ['LEFT'] = '1'; pathlib.Path('left').touch()"
        try_to_leave = traces + "try: " + leave + "\nexcept OSError: pass"
        for _ in range(4):
            outcome = await _run(executor, try_to_leave)
            if b"listdir" in outcome.stderr:
                pytest.skip("this machine gives code no place to write")
            assert outcome.stdout == b"False False []\n", outcome


async def test_one_that_was_killed_while_it_waited_is_passed_over() -> None:
    async with _opened() as executor:
        for pid in _pids(await _full(executor)):
            os.kill(pid, signal.SIGKILL)
        warm = executor._warm
        assert warm is not None
        await _until(lambda: not warm.running)
        assert (await _run(executor, "print('another')")).stdout == b"another\n"
        await _full(executor)


async def test_those_that_wait_end_with_their_interpreter_when_it_is_replaced() -> None:
    async with _opened(replace(TWO, runs_per_interpreter=2)) as executor:
        first = await _full(executor)
        for _ in range(2):
            await _run(executor, "print(1)")
        await _full(executor)
        waiting = _pids(first)
        assert waiting
        assert (await _run(executor, "print(1)")).stdout == b"1\n"
        second = await _full(executor)
        assert second is not first
        await _until(lambda: not executor._leaving)
        assert first.process.returncode is not None
        assert not [pid for pid in waiting if _exists(pid)]
        assert len(_pids(second)) == 2


async def test_a_folder_of_packages_is_known_to_the_next_run_though_others_waited(tmp_path: Path) -> None:
    where = "import sys; print(sys.path[-1])"
    async with _opened() as executor:
        assert (await _run(executor, where)).stdout.decode().strip() != str(tmp_path)
        await _full(executor)
        await executor.use_packages([str(tmp_path)])
        assert (await _run(executor, where)).stdout.decode().strip() == str(tmp_path)


@pytest.mark.parametrize("pool", [0, 2])
async def test_code_is_read_to_its_bound_and_not_beyond(pool: int) -> None:
    async with _opened(replace(TWO, python_pool=pool, largest_request=3_000_000)) as executor:
        fits = f"print(len('{'a' * 2_900_000}'))"
        assert (await _run(executor, fits)).stdout == b"2900000\n"
        beyond = await _run(executor, f"print('ran') #{'a' * 3_000_000}")
        assert (beyond.status, beyond.stdout) == (1, b"")
        assert b"longer than 3000000 bytes" in beyond.stderr


@pytest.mark.parametrize("pool", [0, 1, 2])
async def test_a_run_that_nobody_waits_for_any_more_gives_everything_back(pool: int) -> None:
    async with _opened(replace(TWO, python_pool=pool)) as executor:
        await _full(executor)
        free = executor.users_free
        descriptors = _descriptors()
        for pause in (0, 0.002, 0.05):
            runs = [asyncio.create_task(_run(executor, "import time; time.sleep(60)")) for _ in range(4)]
            await asyncio.sleep(pause)
            for run in runs:
                run.cancel()
            await asyncio.gather(*runs, return_exceptions=True)
        await _full(executor)
        await _until(lambda: executor.users_free == free)
        assert executor._warm is not None
        assert len(executor._warm.running) == pool
        assert _descriptors() == descriptors


async def test_why_none_could_be_made_is_told_to_who_asks() -> None:
    async def fail() -> None:
        raise NotStarted("because")

    pool = Pool(2, fail)  # type: ignore[arg-type]
    pool.fill()
    await pool.settle()
    for _ in range(2):
        with pytest.raises(NotStarted, match="because"):
            await asyncio.wait_for(pool.take(), 20)
    await pool.settle()
    assert pool.waiting == 0
