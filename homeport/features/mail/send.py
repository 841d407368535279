"""Send a letter: queued in the transaction of its cause, tried for about a day."""

from __future__ import annotations

from datetime import timedelta

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.backends.mail.port import Mail
from homeport.features.mail.room import MailRoom
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.task import RunningJob, Task

log = structlog.get_logger(__name__)


class Letter(BaseModel):
    """What is sent, and to whom."""

    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None


async def send(session: AsyncSession, room: MailRoom, letter: Letter) -> str | None:
    """Queue a letter and answer the job's id; None where no mail is sent at all."""
    if not room.sends:
        log.info("no letter is sent: MAIL_TYPE is empty", subject=letter.subject)
        return None
    return await room.jobs.enqueue(session, SEND, letter)


async def _send(room: MailRoom, letter: Letter, job: RunningJob) -> None:
    mailer = await room.mailer()
    if mailer is None:
        log.warning("a letter is dropped: MAIL_TYPE is empty by now", subject=letter.subject)
        return
    # The same id in a second attempt: a letter that went out just before the worker was lost can be told apart.
    await mailer.send(Mail(letter.to, letter.subject, letter.text, letter.html, message_id=job.id))


SEND = Task(
    "mail.send",
    Queue.MAIL,
    Letter,
    _send,
    max_attempts=30,
    pause=timedelta(seconds=15),
    longest_pause=timedelta(hours=1),
    time_limit=timedelta(minutes=5),
)
TASKS = (SEND,)
