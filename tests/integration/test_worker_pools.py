"""Workers of threads and of processes, that grow, shrink, are replaced and are killed, over Redis."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.support.celery_command import ask_workers
from tests.support.job_orders import order_desk
from tests.support.processes import Installation, Process

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

PREFORK = {"CELERY_WORKER_CLASS": "prefork"}


def children(worker: Process) -> list[int]:
    """The processes of its pool."""
    pid = worker.popen.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


async def test_threads_run_jobs_together_in_one_process(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(CELERY_WORKER_AMOUNT="6")
        await desk.order(*"abcdefgh", held=True)
        await desk.began(6)
        assert await desk.states() == {"running": 6, "queued": 2}
        desk.let_go()
        await desk.all_succeeded(8)
        assert {note.process for note in desk.notes} == {worker.popen.pid}
        assert worker.terminate() == 0


async def test_processes_run_one_job_each(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(**PREFORK, CELERY_WORKER_AMOUNT="2")
        await desk.order(*"abcd", held=True)
        await desk.began(2)
        assert await desk.states() == {"running": 2, "queued": 2}
        assert len({note.process for note in desk.notes}) == 2
        desk.let_go()
        await desk.all_succeeded(4)
        assert worker.popen.pid not in {note.process for note in desk.notes}
        assert worker.terminate() == 0


async def test_a_process_is_replaced_after_its_jobs_and_others_go_on(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(**PREFORK, CELERY_WORKER_AMOUNT="2", MAX_TASKS_PER_CHILD="3")
        await desk.order(*(f"job{number}" for number in range(15)))
        await desk.all_succeeded(15)
        done = Counter(note.process for note in desk.notes if note.what == "ended")
        assert len(done) >= 5
        assert max(done.values()) <= 3
        assert worker.terminate() == 0


async def test_a_pool_of_processes_grows_with_the_work_and_shrinks_again(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        bounds = {"CELERY_AUTO_SCALE": "true", "CELERY_MIN_WORKERS": "1", "CELERY_MAX_WORKERS": "3"}
        worker = fleet.worker(**PREFORK, **bounds, AUTOSCALE_KEEPALIVE="1")
        worker.wait_until(lambda: len(children(worker)) == 1, "it has one process")
        await desk.order(*"abcdef", held=True)
        await desk.began(3)
        assert len(children(worker)) == 3
        desk.let_go()
        await desk.all_succeeded(6)
        worker.wait_until(lambda: len(children(worker)) == 1, "it has one process again")
        await desk.order("later")
        await desk.all_succeeded(7)
        assert worker.terminate() == 0


async def test_a_worker_takes_no_message_ahead_of_what_it_runs(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(CELERY_WORKER_AMOUNT="2")
        await desk.order(*"abcdefgh", held=True)
        await desk.began(2)
        [active] = ask_workers(fleet, "inspect", "active").values()
        [reserved] = ask_workers(fleet, "inspect", "reserved").values()
        assert (len(active), len(reserved)) == (2, 0)
        desk.let_go()
        await desk.all_succeeded(8)
        assert worker.terminate() == 0


async def test_a_killed_process_of_a_pool_costs_its_job_nothing_but_time(fleet: Installation) -> None:
    async with order_desk(fleet) as desk:
        worker = fleet.worker(**PREFORK, CELERY_WORKER_AMOUNT="2")
        await desk.order("held", held=True)
        await desk.began(1)
        [victim] = {note.process for note in desk.notes}
        os.kill(victim, signal.SIGKILL)
        await desk.order(*"abcd")
        desk.let_go()
        await desk.all_succeeded(5, seconds=120)  # its lease has run out after 30 seconds
        assert worker.popen.poll() is None, "the parent lives on"
        ended = next(note for note in desk.notes if (note.what, note.name) == ("ended", "held"))
        assert ended.process != victim
        assert ended.attempt == 2
        assert victim not in children(worker)
        assert len(children(worker)) == 2, "it was replaced"
        assert worker.terminate() == 0
