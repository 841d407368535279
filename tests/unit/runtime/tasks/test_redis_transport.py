"""A Redis that dies is a lost connection, and no error of the worker."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from kombu.simple import SimpleQueue

from homeport.runtime.tasks.dispatchers.redis_transport import register
from tests.support.chaos_brokers import MortalRedis, mortal_redis

pytestmark = pytest.mark.redis


def lose(broker: MortalRedis, connection: Connection) -> Any:
    """Kill Redis while a worker holds a message and asks for more on two channels; give up what is left, as it does.

    Answers the message.
    """
    queue = connection.SimpleQueue("dataset")
    queue.put({"hello": "there"})
    message = queue.get(timeout=30)
    SimpleQueue(connection.channel(), "mail").consumer.consume()
    with contextlib.suppress(*connection.connection_errors):
        connection.drain_events(timeout=0.1)
    channel: Any = connection.default_channel
    channel.qos._on_collect.cancel()  # or it would try its luck again when this process ends
    broker.kill()
    connection.collect()
    return message


def test_the_dead_connection_can_be_closed_and_its_message_be_acknowledged(tmp_path: Path) -> None:
    register()
    with mortal_redis(tmp_path / "redis") as broker, Connection(broker.address) as connection:
        message = lose(broker, connection)
        connection.close()
        message.ack_log_error(logging.getLogger(__name__), connection.connection_errors)
        assert message.acknowledged is False


def test_kombu_alone_ends_a_worker_that_does_either(tmp_path: Path) -> None:
    """When this fails, kombu has been mended and the transport can go."""
    with mortal_redis(tmp_path / "redis") as broker:
        connection = Connection(broker.address, transport="kombu.transport.redis:Transport")
        message = lose(broker, connection)
        with pytest.raises(AttributeError):
            connection.close()
        with pytest.raises(AttributeError):
            message.ack_log_error(logging.getLogger(__name__), connection.connection_errors)
