"""One process: whoever listens is told at once."""

from __future__ import annotations

from collections import defaultdict

import structlog

from homeport.runtime.broadcast.port import Heard

log = structlog.get_logger(__name__)


class Listeners:
    """The listeners of this process, by topic."""

    def __init__(self) -> None:
        self._by_topic: defaultdict[str, list[Heard]] = defaultdict(list)

    @property
    def topics(self) -> list[str]:
        """All that somebody listens to."""
        return list(self._by_topic)

    def listen(self, topic: str, heard: Heard) -> None:
        """Add one."""
        self._by_topic[topic].append(heard)

    async def tell(self, topic: str, text: str) -> None:
        """Tell each; what one of them raises is logged."""
        for heard in self._by_topic.get(topic, []):
            try:
                await heard(text)
            except (OSError, ValueError, RuntimeError) as error:
                log.warning("what was heard could not be followed", topic=topic, error=str(error))


class LocalBroadcast(Listeners):
    """See `Broadcast`; for an installation of one process, and where no Redis is named."""

    def __init__(self, *, alone: bool = True) -> None:
        """`alone`: there are no other processes."""
        super().__init__()
        self.alone = alone

    @property
    def hears_others(self) -> bool:
        """See `Broadcast.hears_others`."""
        return self.alone

    async def send(self, topic: str, text: str) -> None:
        """See `Broadcast.send`."""
        await self.tell(topic, text)

    async def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        """Nothing to close."""
