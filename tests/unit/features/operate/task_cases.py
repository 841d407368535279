"""The tasks of the operate slice, each with something to do; its probes only answer and change nothing."""

from __future__ import annotations

from homeport.features.mail.send import SEND, Letter
from homeport.features.operate.jobs.retention import REMOVE_ENDED
from homeport.features.operate.jobs.watch_queue import WATCH
from homeport.runtime.tasks.tables import Job
from tests.support.task_case import Case
from tests.support.task_stage import Stage, World


async def _old_jobs(stage: Stage) -> None:
    for subject in ("one", "two"):
        await stage.enqueue(SEND, Letter(to=("ada@example.org",), subject=subject, text="Text"))
    await stage.settle()
    await stage.age(Job, 40, "finished_at")
    await stage.enqueue(REMOVE_ENDED)


def _forgotten(world: World) -> None:
    assert [job for job in world.jobs if SEND.name in job] == []


async def _long_line(stage: Stage) -> None:
    dataset = await stage.dataset()
    for at in range(2):
        await stage.document(dataset, f"Page {at}.", f"page-{at}.txt")
    await stage.enqueue(WATCH)


def _told(world: World) -> None:
    assert [subject for _, subject, _ in world.letters] == ["2 documents wait to be indexed"]


_ALARM = {"QUEUE_MONITOR_THRESHOLD": "1", "QUEUE_MONITOR_ALERT_EMAILS": "ada@example.org"}

CASES = [
    Case(REMOVE_ENDED, _old_jobs, "", _forgotten),
    Case(
        WATCH,
        _long_line,
        "",
        _told,
        _ALARM,
        varying=r"\d+ minutes",
        once="The letter and the end of the job are one transaction.",
    ),
]
