"""The one task of the mail slice."""

from __future__ import annotations

from homeport.features.mail.send import SEND, Letter
from tests.support.task_case import Case
from tests.support.task_stage import Stage, World


async def _a_letter(stage: Stage) -> None:
    await stage.enqueue(SEND, Letter(to=("ada@example.org",), subject="Hello", text="All is well."))


def _arrived(world: World) -> None:
    assert [subject for _, subject, _ in world.letters] == ["Hello"]


# A server that took a letter cannot be asked to forget it: whoever dies between its answer and the end of the job
# sends it again, with the same id.
CASES = [Case(SEND, _a_letter, "", _arrived, letters="at least once")]
