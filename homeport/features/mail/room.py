"""What this slice works with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from homeport.backends.mail.port import Mailer
from homeport.backends.mail.registry import open_mailer
from homeport.backends.mail.settings import MailSettings
from homeport.runtime.db.database import Database
from homeport.runtime.tasks.jobs import Jobs


@dataclass(slots=True)
class MailRoom:
    """Opens the way to send when there is something to send: most processes never do."""

    database: Database
    jobs: Jobs
    settings: MailSettings
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _mailer: Mailer | None = None

    @property
    def sends(self) -> bool:
        """Whether there is a way at all; without one, what is queued is dropped with a line in the log."""
        return self.settings.mail_type is not None

    async def mailer(self) -> Mailer | None:
        """The way MAIL_TYPE chooses; None when it is empty. Raises `Misconfigured`."""
        async with self._opening:
            if self._mailer is None:
                self._mailer = await open_mailer(self.settings)
            return self._mailer

    async def close(self) -> None:
        """Close the way."""
        if self._mailer is not None:
            await self._mailer.close()
