from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homeport.runtime.errors import NotFound
from homeport.runtime.offload.errors import OffloadClosed, WorkCrashed, WorkFailed, WorkOutOfMemory, WorkTimedOut
from homeport.runtime.offload.pool import Offload
from homeport.runtime.offload.settings import OffloadSettings
from tests.support import offload_work as work


def settings(**changes: Any) -> OffloadSettings:
    return OffloadSettings.model_validate({"offload_max_processes": 2, "offload_memory_limit_mb": 256, **changes})


@pytest.fixture
async def offload() -> AsyncIterator[Offload]:
    pool = Offload(settings())
    yield pool
    await pool.close()


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def gone(pid: int) -> None:
    for _ in range(500):
        if not exists(pid):
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"process {pid} is still there")


async def test_a_function_runs_in_another_process_and_its_result_comes_back(offload: Offload) -> None:
    assert await offload.call(work.add, 2, 3) == 5
    assert await offload.call(work.pid) != os.getpid()


async def test_large_arguments_and_results_pass(offload: Offload) -> None:
    assert await offload.call(work.length, bytes(20_000_000)) == 20_000_000
    assert await offload.call(work.repeat, "ä", 10_000_000) == "ä" * 10_000_000


async def test_a_process_is_used_again(offload: Offload) -> None:
    assert await offload.call(work.pid) == await offload.call(work.pid)


async def test_no_more_processes_than_set_work_at_once(offload: Offload) -> None:
    pids = await asyncio.gather(*(offload.call(work.hold, 0.05) for _ in range(8)))
    assert len(set(pids)) == 2


async def test_a_process_is_replaced_after_the_set_number_of_calls() -> None:
    pool = Offload(settings(offload_calls_per_process=2, offload_max_processes=1))
    pids = [await pool.call(work.pid) for _ in range(4)]
    await pool.close()
    assert pids[0] == pids[1] != pids[2] == pids[3]


async def test_an_idle_process_ends_and_leaves_no_zombie() -> None:
    pool = Offload(settings(offload_idle_seconds=0.05))
    pid = await pool.call(work.pid)
    await gone(pid)
    assert await pool.call(work.add, 1, 1) == 2
    await pool.close()


async def test_the_loop_stays_free_while_work_is_done(offload: Offload, tmp_path: Path) -> None:
    ticked = tmp_path / "ticked"

    async def tick() -> None:
        for _ in range(10):
            await asyncio.sleep(0.01)
        ticked.touch()

    await offload.call(work.pid)  # the process is there: what the loop does from now on it does beside the work
    ticking = asyncio.create_task(tick())
    assert await offload.call(work.wait_for_file, str(ticked), timeout=60)
    await ticking


async def test_an_error_of_ours_comes_back_as_itself(offload: Offload) -> None:
    with pytest.raises(NotFound, match=r"No such page\.") as caught:
        await offload.call(work.raise_not_found)
    assert caught.value.hint == "Look elsewhere."
    with pytest.raises(work.WithItsOwnConstructor) as own:
        await offload.call(work.raise_own)
    assert own.value.numbers == [1, 2, 3]
    assert own.value.message == "3 numbers"


async def test_an_unexpected_error_names_itself_and_carries_the_traceback(offload: Offload) -> None:
    with pytest.raises(WorkFailed, match=r"Reading a\.txt failed: KeyError: 'surprise'") as caught:
        await offload.call(work.raise_key_error, what="Reading a.txt")
    assert "raise_key_error" in caught.value.traceback
    assert await offload.call(work.add, 1, 1) == 2


async def test_a_result_that_cannot_be_sent_is_an_error(offload: Offload) -> None:
    with pytest.raises(WorkFailed, match="TypeError"):
        await offload.call(work.unpicklable)


async def test_work_that_takes_too_long_is_stopped(offload: Offload) -> None:
    pid = await offload.call(work.pid)
    with pytest.raises(WorkTimedOut, match=r"Reading x.pdf took longer than 0\.2 s and was stopped\."):
        await offload.call(work.loop_forever, timeout=0.2, what="Reading x.pdf")
    await gone(pid)


async def test_work_that_needs_too_much_memory_is_refused(offload: Offload) -> None:
    with pytest.raises(WorkOutOfMemory, match="needed more than 256 MB"):
        await offload.call(work.take_memory, 400)
    assert await offload.call(work.take_memory, 20) == 20 * 1024 * 1024


async def test_a_crash_is_a_sentence_and_the_others_go_on(offload: Offload) -> None:
    outcomes = await asyncio.gather(
        offload.call(work.hold, 0.3), offload.call(work.crash), offload.call(work.add, 1, 2), return_exceptions=True
    )
    assert isinstance(outcomes[0], int)
    assert isinstance(outcomes[1], WorkCrashed)
    assert "SIGSEGV" in str(outcomes[1])
    assert outcomes[2] == 3


async def test_a_process_killed_from_outside_is_told_as_a_lack_of_memory(offload: Offload) -> None:
    with pytest.raises(WorkOutOfMemory, match="ended by the system"):
        await offload.call(work.kill_myself)


async def test_an_idle_process_killed_from_outside_is_replaced(offload: Offload) -> None:
    pid = await offload.call(work.pid)
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert await offload.call(work.pid) != pid


async def test_printing_and_reading_do_not_disturb_the_connection(offload: Offload) -> None:
    assert await offload.call(work.print_and_read) == ("", "done")


async def test_a_child_gets_no_secrets_from_the_environment(offload: Offload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "secret-word")
    assert "secret-word" not in str(await offload.call(work.environment))


async def test_a_child_imports_only_what_the_function_needs(offload: Offload) -> None:
    loaded = await offload.call(work.modules)
    assert not {"asyncio", "pydantic", "sqlalchemy", "fastapi", "email", "numpy"} & set(loaded)


async def test_a_cancelled_call_stops_its_process(offload: Offload) -> None:
    pid = await offload.call(work.pid)
    call = asyncio.create_task(offload.call(work.loop_forever))
    await asyncio.sleep(0.1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await gone(pid)
    assert await offload.call(work.add, 1, 1) == 2


async def test_calls_cancelled_while_a_process_starts_leave_nothing_behind(offload: Offload) -> None:
    for pause in (0, 0.001, 0.01, 0.03):
        call = asyncio.create_task(offload.call(work.pid))
        await asyncio.sleep(pause)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    assert await offload.call(work.add, 1, 1) == 2


async def test_closing_stops_running_and_waiting_calls_and_refuses_new_ones() -> None:
    pool = Offload(settings(offload_max_processes=1))
    pid = await pool.call(work.pid)
    calls = [asyncio.create_task(pool.call(work.hold, 60)) for _ in range(3)]
    await asyncio.sleep(0.1)
    await pool.close()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OffloadClosed] * 3
    assert not exists(pid)
    with pytest.raises(OffloadClosed):
        await pool.call(work.add, 1, 1)
    await pool.close()


async def test_a_pool_that_was_never_used_starts_no_process() -> None:
    pool = Offload(settings())
    await pool.close()


PARENT = """
import asyncio, sys
from homeport.runtime.offload.pool import Offload
from homeport.runtime.offload.settings import OffloadSettings
from tests.support import offload_work as work

async def main():
    await Offload(OffloadSettings()).call(work.write_pid_and_hold, sys.argv[1], 60.0)

asyncio.run(main())
"""


def test_a_child_ends_with_a_parent_killed_in_the_middle_of_work(tmp_path: Path) -> None:
    written = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(written)], cwd=Path.cwd())
    while not (written.exists() and written.read_text(encoding="ascii")):
        assert parent.poll() is None
        time.sleep(0.02)
    child = int(written.read_text(encoding="ascii"))
    assert running(child)
    parent.kill()
    parent.wait()
    for _ in range(500):
        if not running(child):
            return
        time.sleep(0.02)
    pytest.fail("the child outlived its parent")


def test_work_runs_in_a_loop_of_a_second_thread() -> None:
    async def one_call() -> int:
        pool = Offload(settings())
        try:
            return await pool.call(work.add, 20, 22)
        finally:
            await pool.close()

    async def elsewhere() -> int:
        return await asyncio.to_thread(lambda: asyncio.run(one_call()))

    assert asyncio.run(elsewhere()) == 42


def test_work_runs_under_uvloop() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def some_calls() -> list[int]:
        pool = Offload(settings())
        try:
            with pytest.raises(WorkTimedOut):
                await pool.call(work.loop_forever, timeout=0.2)
            return [await pool.call(work.length, bytes(5_000_000)), await pool.call(work.add, 1, 1)]
        finally:
            await pool.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(some_calls()) == [5_000_000, 2]
