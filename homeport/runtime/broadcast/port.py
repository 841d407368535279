"""What a broadcast promises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

#: Told what was sent. It must not raise for a text it does not know.
Heard = Callable[[str], Awaitable[None]]


class Broadcast(Protocol):
    """Carries short texts to whoever listens to a topic, in this process and all others, within moments.

    A word may be lost, so nothing may rest on it alone: a row says the same, and is looked at now and then.

    What one process sends one after the other, each `send` awaited, is heard in that order, on any topic. So it can
    carry the events of a stream to another process: numbered, so that whoever hears them sees a gap and reads the row.
    """

    @property
    def hears_others(self) -> bool:
        """Whether words of all other processes come here now. While they do not, rows must be looked at more often."""

    def listen(self, topic: str, heard: Heard) -> None:
        """Be told what is sent on `topic` from `start` on."""

    async def send(self, topic: str, text: str) -> None:
        """Tell everybody. Never raises: at the least, the listeners of this process are told."""

    async def start(self) -> None:
        """Begin to hear."""

    async def close(self) -> None:
        """Hear nothing more."""
