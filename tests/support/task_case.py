"""What a slice says of a task, so that the task is run twice and killed everywhere: see `Case`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from homeport.runtime.tasks.task import Task
from tests.support.task_stage import Stage, World


@asynccontextmanager
async def no_server() -> AsyncIterator[Mapping[str, str]]:
    """For a case that needs none."""
    yield {}


@dataclass(frozen=True)
class Case:
    """A task, and a state in which it has something to do.

    Cases stand in the list `CASES` of `task_cases.py` beside the tests of their slice; `test_every_task.py` finds them
    there, and fails for a task of the wired house that has none. A smallest one:

        async def _two_documents(stage: Stage) -> None:
            dataset = await stage.dataset()
            await stage.document(dataset, "A text.")
            await stage.settle()                      # everything queued so far is done
            await stage.console.delete(...)           # causes the one job that is looked at

        CASES = [Case(clean_up.REMOVE_DOCUMENT, _two_documents)]

    `prepare` gets an installation with an administrator who is logged in and no job running, and leaves one unfinished
    job of the task (others may wait beside it; they are done afterwards). From a copy of that state the job is done
    once; done, but for the end of its row, and done again; killed at its first, second, ... touch of the outside and
    taken over by another process. What is there in the end must be the same.
    """

    task: Task[Any, Any]
    prepare: Callable[[Stage], Awaitable[None]]
    #: Tells several cases of one task apart.
    about: str = ""
    #: Looks at the end state and fails unless the task did what it is for.
    expect: Callable[[World], None] | None = None
    #: Settings, as in the environment.
    variables: Mapping[str, str] = field(default_factory=dict)
    #: A server the task speaks to, with the settings that lead there: started for each run.
    server: Callable[[], AbstractAsyncContextManager[Mapping[str, str]]] = no_server
    #: `table.column` that differs from run to run: the id of a new row, a duration. Times are never compared.
    volatile: frozenset[str] = frozenset()
    #: A regular expression for what differs in payloads and letters: how long something has been waiting, an id.
    varying: str = "(?!)"
    #: What is promised of letters: no mail server takes a letter and the end of a job in one transaction.
    letters: Literal["once", "at least once"] = "once"
    #: Why the job cannot be done again once its end is written: its effects and its end are one transaction, say, and
    #: a second run would rightly have effects of its own. Empty: it is done again, and must change nothing.
    once: str = ""

    def __str__(self) -> str:
        return f"{self.task.name} {self.about}".strip()
