"""What every way to send mail promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to some people. Both bodies say the same; readers show the one they can."""

    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None
    #: Identifies this message: a second attempt to send it carries the same, so that it can be told apart.
    message_id: str | None = None


class Mailer(Protocol):
    """Sends. Errors are those of `errors.py`; the temporary ones may be tried again, which the caller's job does."""

    async def send(self, mail: Mail) -> None:
        """Hand the message over. Raises `Rejected` where an address or the message itself is not taken."""
        ...

    async def check(self) -> None:
        """Raise what stands in the way of sending, as far as that is seen without a message."""
        ...

    async def close(self) -> None:
        """Give back what is held. May be called twice."""
        ...
