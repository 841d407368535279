"""A worker's connection to a broker that dies is given up, whatever kombu makes of it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from celery.worker.consumer import Consumer
from kombu import Connection
from kombu.simple import SimpleQueue
from pydantic import SecretStr

from homeport.entry.steady_consumer import SteadyConsumer
from homeport.runtime.tasks.dispatchers.celery import make_celery
from homeport.runtime.tasks.settings import CelerySettings
from tests.support.chaos_brokers import mortal_redis

# Celery announces a change of a default that has no bearing on what is left of the connection.
pytestmark = [pytest.mark.redis, pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")]


def connection_that_waits_for_more(address: str) -> Connection:
    """With a message that nobody has acknowledged, in the middle of asking for more on two channels, as a worker has."""
    connection = Connection(address)
    queue = connection.SimpleQueue("dataset")
    queue.put({"hello": "there"})
    queue.get(timeout=5)
    SimpleQueue(connection.channel(), "mail").consumer.consume()
    with contextlib.suppress(connection.connection_errors):
        connection.drain_events(timeout=0.1)
    connection.default_channel.qos._on_collect.cancel()  # or it would try its luck again when this process ends
    return connection


def consumer_of(kind: type[Consumer], connection: Connection, address: str) -> Consumer:
    """Just enough of one to lose its connection."""
    consumer = object.__new__(kind)
    consumer.app = make_celery(CelerySettings(celery_broker_url=SecretStr(address)))
    consumer.app.conf.worker_enable_prefetch_count_reduction = False
    consumer.connection = connection
    return consumer


def test_the_death_of_redis_with_messages_in_hand_is_no_error_of_the_worker(tmp_path: Path) -> None:
    with mortal_redis(tmp_path / "redis") as broker:
        connection = connection_that_waits_for_more(broker.address)
        broker.kill()
        consumer = consumer_of(SteadyConsumer, connection, broker.address)
        consumer.on_connection_error_after_connected(ConnectionError("Connection closed by server."))
        assert consumer.connection is None


def test_celery_alone_takes_it_for_one(tmp_path: Path) -> None:
    """When this fails, kombu has been mended and `SteadyConsumer` can go."""
    with mortal_redis(tmp_path / "redis") as broker:
        connection = connection_that_waits_for_more(broker.address)
        broker.kill()
        consumer = consumer_of(Consumer, connection, broker.address)
        with pytest.raises(AttributeError):
            consumer.on_connection_error_after_connected(ConnectionError("Connection closed by server."))
