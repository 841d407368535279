"""What a process of a fleet refuses to start with: one sentence that names the variable and what it may be."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from homeport.entry.deployment import Mode
from homeport.entry.fleet import BrokerMissing, ExtraMissing, NotForAFleet, WorkerPool, check, worker_pool
from homeport.entry.serve import serve
from homeport.entry.settings import Settings, read_settings
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.sources import Sources
from homeport.runtime.redis.settings import RedisSettings
from homeport.runtime.tasks.broker import BrokerMisconfigured, find_broker
from homeport.runtime.tasks.dispatchers.celery import make_celery
from homeport.runtime.tasks.queues import Queue
from homeport.runtime.tasks.settings import CelerySettings

SERVER = {"DB_HOST": "db", "VECTOR_STORE": "pgvector"}
BROKER = {"CELERY_BROKER_URL": "redis://redis:6379/1"}


def settings(**variables: str) -> Settings:
    return read_settings(Sources(variables))


@pytest.mark.parametrize("mode", ["worker", "beat"])
def test_a_worker_and_a_beat_need_a_broker(mode: Mode) -> None:
    with pytest.raises(BrokerMissing, match=r"CELERY_BROKER_URL.*redis://.*amqp://"):
        check(settings(**SERVER), mode)


@pytest.mark.parametrize("mode", ["api", "worker", "beat"])
def test_sqlite_is_refused_where_there_is_a_broker(mode: Mode) -> None:
    with pytest.raises(NotForAFleet, match=r"SQLite, which one process alone may use; set DB_TYPE") as refused:
        check(settings(**BROKER), mode)
    assert refused.value.hint == "Or run `homeport up`, which is one."


def test_a_vector_store_in_a_file_is_refused_where_there_is_a_broker() -> None:
    with pytest.raises(NotForAFleet, match=r"VECTOR_STORE is 'sqlite', which one process alone may use"):
        check(settings(**BROKER, DB_HOST="db"), "worker")


def test_sqlite_is_refused_for_several_api_processes_and_accepted_for_one() -> None:
    check(settings(), "api")
    with pytest.raises(NotForAFleet, match=r"SERVER_WORKER_AMOUNT=2 is for several processes"):
        check(settings(SERVER_WORKER_AMOUNT="2"), "api")


@pytest.mark.parametrize("mode", ["api", "worker", "beat", "migration"])
def test_servers_and_a_broker_are_accepted(mode: Mode) -> None:
    check(settings(**SERVER, **BROKER), mode)


def test_a_migration_needs_nothing_but_a_database() -> None:
    check(settings(), "migration")


@pytest.mark.parametrize(("mode", "package"), [("api", "gunicorn"), ("worker", "celery")])
def test_a_missing_package_is_named_with_the_extra_that_has_it(
    mode: Mode, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(ExtraMissing, match=package) as missing:
        check(settings(**SERVER, **BROKER), mode)
    assert missing.value.hint == "Install it: pip install 'homeport[fleet]'."


def test_an_unknown_mode_is_refused_with_what_is_accepted() -> None:
    with pytest.raises(ConfigurationError, match=r"MODE is 'wroker' .*'api', 'worker', 'beat' or 'migration'"):
        settings(MODE="wroker")


def test_a_mode_of_one_command_is_explained() -> None:
    with pytest.raises(
        ConfigurationError, match=r"one command is run by giving it as arguments, such as `homeport upg"
    ):
        settings(MODE="job")


@pytest.mark.parametrize("name", [None, "gevent", "sync", "gthread", "eventlet", "solo", "uvicorn"])
def test_established_classes_of_api_processes_are_accepted(name: str | None) -> None:
    given = {"SERVER_WORKER_CLASS": name} if name else {}
    assert settings(**given).deployment.server_worker_class == name


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "SERVER_WORKER_CLASS",
            "greenlets",
            r"accepted is uvicorn, gevent, sync, gthread, eventlet, solo, all of which",
        ),
        (
            "SERVER_WORKER_CONNECTIONS",
            "0",
            r"SERVER_WORKER_CONNECTIONS is '0' .*: accepted is a whole number above 0\.",
        ),
        ("CELERY_WORKER_CLASS", "treads", r"accepted is threads, prefork, .*sync \(did you mean 'threads'\?\)\."),
        (
            "CELERY_QUEUES",
            "dataset,priority_datset",
            r"'priority_datset' is no queue \(did you mean 'priority_dataset'\?\)",
        ),
        ("CELERY_WORKER_QUEUES", "x", r"'x' is no queue; accepted are priority_dataset, dataset, .*, retention\."),
    ],
)
def test_a_name_that_is_not_known_is_one_sentence(variable: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence) as refused:
        settings(**{variable: value})
    assert len(refused.value.problems) == 1


def test_fewest_workers_are_not_more_than_most() -> None:
    with pytest.raises(
        ConfigurationError, match=r"CELERY_MIN_WORKERS is '5' .*at most CELERY_MAX_WORKERS, which is 3\."
    ):
        settings(CELERY_MAX_WORKERS="3", CELERY_MIN_WORKERS="5")


SENTINEL = {"celery_sentinel_master_name": "mymaster"}


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"celery_broker_url": "redis+cluster://redis"},
            r"^Jobs cannot be announced through a Redis Cluster: give CELERY",
        ),
        (
            {"celery_broker_url": "redis://redis/1", "celery_use_sentinel": True, **SENTINEL},
            r"^CELERY_USE_SENTINEL is true, but CELERY_BROKER_URL begins with 'redis://'; accepted are addresses",
        ),
        ({"celery_broker_url": "http://redis"}, r"CELERY_BROKER_URL begins with 'http://'; accepted is .*redis://"),
        ({"celery_broker_url": "redis"}, r"CELERY_BROKER_URL is no address; accepted"),
        ({"celery_broker_url": "sentinel://s:26379/0"}, r"CELERY_SENTINEL_MASTER_NAME must say which master"),
    ],
)
def test_a_wrong_broker_address_is_said(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(BrokerMisconfigured, match=sentence):
        make_celery(CelerySettings.model_validate(variables))


def test_an_address_of_sentinels_reaches_the_transport_with_its_options() -> None:
    app = make_celery(
        CelerySettings.model_validate(
            {
                "celery_broker_url": "sentinel://s:26379/0",
                "celery_sentinel_master_name": "mymaster",
                "celery_sentinel_password": "p",
            }
        )
    )
    options = app.conf.broker_transport_options
    assert options["master_name"] == "mymaster"
    assert options["sentinel_kwargs"] == {"socket_timeout": 0.1, "password": "p"}


def test_every_queue_has_its_established_name_its_own_exchange_and_key() -> None:
    app = make_celery(CelerySettings.model_validate({"celery_broker_url": "redis://redis:6379/1"}))
    queues = app.conf.task_queues
    assert len(queues) == 16
    assert {(one.name, one.exchange.name, one.routing_key) for one in queues} == {(name, name, name) for name in Queue}


@pytest.mark.parametrize(
    ("variables", "pool"),
    [
        ({}, WorkerPool("threads", 8)),
        ({"celery_worker_class": "gevent", "celery_worker_amount": 4}, WorkerPool("threads", 4)),
        ({"celery_worker_amount": 4, "celery_worker_concurrency": 2}, WorkerPool("threads", 2)),
        ({"celery_worker_class": "solo", "celery_worker_amount": 4}, WorkerPool("threads", 1)),
        ({"celery_auto_scale": True, "celery_max_workers": 6}, WorkerPool("threads", 6)),
        ({"celery_worker_class": "gevent", "celery_worker_pool": "prefork", "celery_worker_amount": 3},
         WorkerPool("prefork", 3)),
        ({"celery_worker_class": "prefork", "celery_auto_scale": True, "celery_max_workers": 6},
         WorkerPool("prefork", 6, (6, 1))),
        ({"celery_worker_class": "prefork", "celery_auto_scale": True, "celery_max_workers": 6,
          "celery_min_workers": 2}, WorkerPool("prefork", 6, (6, 2))),
        ({"celery_worker_class": "processes", "celery_worker_amount": 2}, WorkerPool("prefork", 2)),
        ({"celery_worker_class": "eventlet", "celery_worker_amount": 2}, WorkerPool("threads", 2)),
        ({"celery_worker_class": "sync", "celery_worker_amount": 2}, WorkerPool("threads", 1)),
    ],
)  # fmt: skip
def test_the_established_variables_choose_the_pool(variables: dict[str, object], pool: WorkerPool) -> None:
    assert worker_pool(CelerySettings.model_validate(variables)) == pool


def test_a_worker_reads_the_queues_it_is_told_and_all_otherwise() -> None:
    assert CelerySettings().queues == tuple(Queue)
    only = CelerySettings.model_validate({"celery_queues": "dataset, mail", "celery_worker_queues": ""})
    assert only.queues == ("dataset", "mail")


def test_a_migration_of_an_embedded_database_ends_with_success(tmp_path: Path) -> None:
    variables = {"MODE": "migration", "HOMEPORT_DATA_DIR": str(tmp_path)}
    assert serve(settings(**variables)) == 0
    assert serve(settings(**variables)) == 0
    assert (tmp_path / "homeport.db").stat().st_size > 0


REDIS = {
    "redis_host": "cache",
    "redis_use_ssl": True,
    "redis_ssl_cert_reqs": "CERT_REQUIRED",
    "redis_ssl_ca_certs": "ca",
}


@pytest.mark.parametrize(
    ("variables", "address", "tls"),
    [
        ({"celery_broker_url": "redis://r/1"}, "redis://r/1", False),
        ({"celery_broker_url": "rediss://r/1"}, "rediss://r/1", True),
        ({"celery_broker_url": "redis://r/1", "broker_use_ssl": True}, "rediss://r/1", True),
        ({"celery_broker_url": "rediss://r/1?ssl_cert_reqs=CERT_NONE"}, "rediss://r/1?ssl_cert_reqs=CERT_NONE", False),
        ({"celery_broker_url": "sentinel://s:26379/1", **SENTINEL}, "sentinel://s:26379/1", False),
        ({"celery_broker_url": "sentinel://s/1", "broker_use_ssl": True, **SENTINEL}, "sentinel://s/1", True),
        ({"celery_broker_url": "amqp://m", "broker_use_ssl": True}, "amqps://m", False),
    ],
)
def test_the_address_and_the_certificates_of_the_broker(variables: dict[str, object], address: str, tls: bool) -> None:
    broker = find_broker(CelerySettings.model_validate(variables), RedisSettings.model_validate(REDIS))
    assert broker.address == address
    if tls:
        assert broker.tls is not None
        assert broker.tls["ssl_cert_reqs"] == "required"
        assert broker.tls["ssl_ca_certs"] == "ca"
    else:
        assert broker.tls is None


def test_a_node_of_the_cluster_is_no_broker() -> None:
    redis = RedisSettings.model_validate({"redis_use_clusters": True, "redis_clusters": "a:7000,b:7000"})
    with pytest.raises(
        BrokerMisconfigured, match=r"^CELERY_BROKER_URL names a node of REDIS_CLUSTERS\. Jobs cannot be"
    ):
        find_broker(CelerySettings.model_validate({"celery_broker_url": "redis://:p@b:7000/0"}), redis)
    beside = CelerySettings.model_validate({"celery_broker_url": "redis://:p@c:6379/0"})
    assert find_broker(beside, redis).address.endswith("c:6379/0")


@pytest.mark.parametrize(
    ("redis", "proposed"),
    [
        ({}, "redis://:password@redis:6379/1"),
        ({"REDIS_HOST": "cache", "REDIS_PASSWORD": "never shown"}, "redis://:password@cache:6379/1"),
        ({"REDIS_HOST": "cache", "REDIS_USE_SSL": "true"}, "rediss://cache:6379/1"),
        ({"REDIS_USE_SENTINEL": "true", "REDIS_SENTINELS": "a:1,b:2", "REDIS_SENTINEL_SERVICE_NAME": "m"},
         "sentinel://a:1/1;sentinel://b:2/1"),
    ],
)  # fmt: skip
def test_a_broker_that_is_missing_is_proposed_from_the_redis_there_is(redis: dict[str, str], proposed: str) -> None:
    with pytest.raises(BrokerMissing) as missing:
        check(settings(**SERVER, **redis), "worker")
    assert f"such as {proposed} or amqp://" in missing.value.message


def test_redis_without_a_broker_is_explained_and_accepted() -> None:
    with capture_logs() as lines:
        check(settings(**SERVER, REDIS_HOST="cache"), "api")
    assert [line["event"] for line in lines] == [
        "CELERY_BROKER_URL is not set, so this process does the jobs itself; Redis alone takes no jobs"
    ]
