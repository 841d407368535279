"""Celery's consumer, for brokers that die: it outlives them."""

from __future__ import annotations

import structlog
from celery.worker.consumer import Consumer

log = structlog.get_logger(__name__)


class SteadyConsumer(Consumer):  # type: ignore[misc]
    """Connects again also after a Redis that died while it held messages which nobody had acknowledged."""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Give up the dead connection.

        kombu closes it twice. The second time it wants to put the messages back through what it has just taken apart,
        and raises an error that Celery takes for the end of the worker.
        """
        try:
            super().on_connection_error_after_connected(exc)
        except AttributeError as error:
            log.debug("the dead connection to the broker could not be closed", error=str(error))
            self.connection = None
