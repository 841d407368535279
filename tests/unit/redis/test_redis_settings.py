"""Which Redis is meant, from the established variables; and what is said about those that do not fit together."""

from __future__ import annotations

import sys

import pytest
from pydantic import BaseModel, ConfigDict

from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.load import load
from homeport.runtime.config.sources import Sources
from homeport.runtime.redis.addresses import Address
from homeport.runtime.redis.connect import open_redis
from homeport.runtime.redis.settings import RedisSettings


class Tree(BaseModel):
    model_config = ConfigDict(frozen=True)

    redis: RedisSettings


def read(**variables: str) -> RedisSettings:
    return load(Tree, Sources(variables)).redis


SENTINEL = {"REDIS_USE_SENTINEL": "true", "REDIS_SENTINELS": "a:26379,b", "REDIS_SENTINEL_SERVICE_NAME": "mymaster"}
CLUSTER = {"REDIS_USE_CLUSTERS": "true", "REDIS_CLUSTERS": "a:7000, [::1]:7001,b"}


def test_no_redis_is_used_unless_one_is_named() -> None:
    assert read().kind is None
    assert read(REDIS_PORT="6380", REDIS_PASSWORD="x", REDIS_SENTINELS="a:1").kind is None


@pytest.mark.parametrize(
    ("variables", "kind", "addresses"),
    [
        ({"REDIS_HOST": "redis"}, "standalone", [("redis", 6379)]),
        ({"REDIS_HOST": "redis", "REDIS_USE_SENTINEL": "false"}, "standalone", [("redis", 6379)]),
        (SENTINEL, "sentinel", [("a", 26379), ("b", 26379)]),
        (CLUSTER | {"REDIS_HOST": "redis"}, "cluster", [("a", 7000), ("::1", 7001), ("b", 6379)]),
    ],
)
def test_the_kind_and_whom_to_ask_first(variables: dict[str, str], kind: str, addresses: list[Address]) -> None:
    settings = read(**variables)
    assert settings.kind == kind
    assert list(settings.first_addresses) == addresses


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"REDIS_USE_SENTINEL": "true"},
         "REDIS_USE_SENTINEL is 'true' (from environment): it needs REDIS_SENTINELS, such as sentinel-1:26379,"),
        ({"REDIS_USE_SENTINEL": "true", "REDIS_SENTINELS": "a:26379"}, "it needs REDIS_SENTINEL_SERVICE_NAME"),
        ({"REDIS_USE_CLUSTERS": "true"}, "it needs REDIS_CLUSTERS, such as redis-1:6379,redis-2:6379."),
        (SENTINEL | CLUSTER, "REDIS_USE_CLUSTERS is 'true' (from environment): accepted is false while REDIS_USE_SEN"),
        ({"REDIS_CLUSTERS": "a:70000"}, "addresses such as redis-1:6379, separated by commas; 'a:70000' is none."),
        ({"REDIS_SENTINELS": "redis://a"}, "accepted are addresses such as redis-1:26379"),
        ({"REDIS_SSL_CERT_REQS": "maybe"}, "accepted is 'CERT_NONE', 'CERT_OPTIONAL' or 'CERT_REQUIRED'."),
        ({"REDIS_SERIALIZATION_PROTOCOL": "4"}, "accepted is a whole number of at least 2 and at most 3."),
        ({"REDIS_SERIALIZATION_PROTOCOL": "2", "REDIS_ENABLE_CLIENT_SIDE_CACHE": "true"},
         "it needs REDIS_SERIALIZATION_PROTOCOL=3."),
        ({"REDIS_SENTINEL_SOCKET_TIMEOUT": "0"}, "accepted is a number above 0."),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_one_sentence(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(**variables)
    [problem] = refused.value.problems
    assert sentence in problem


@pytest.mark.parametrize("name", ["CERT_REQUIRED", "required", "Cert_Required"])
def test_certificates_are_checked_as_established_names_say(name: str) -> None:
    checked = read(REDIS_SSL_CERT_REQS=name, REDIS_SSL_CA_CERTS="ca.pem").certificates
    assert (checked["ssl_cert_reqs"], checked["ssl_check_hostname"]) == ("required", True)
    unchecked = read().certificates
    assert (unchecked["ssl_cert_reqs"], unchecked["ssl_check_hostname"]) == ("none", False)


def test_the_password_of_a_cluster_is_its_own() -> None:
    settings = read(**CLUSTER, REDIS_PASSWORD="of another server", REDIS_CLUSTERS_PASSWORD="of the cluster")
    assert settings.password == "of the cluster"
    assert read(**CLUSTER, REDIS_PASSWORD="of another server").password is None


async def test_every_setting_reaches_the_client() -> None:
    opened = open_redis(
        read(
            REDIS_HOST="redis",
            REDIS_PORT="6380",
            REDIS_DB="4",
            REDIS_USERNAME="homeport",
            REDIS_PASSWORD="p",
            REDIS_SERIALIZATION_PROTOCOL="2",
        )
    )
    pool = opened.client.connection_pool  # type: ignore[union-attr]
    wanted = {"host": "redis", "port": 6380, "db": 4, "username": "homeport", "password": "p", "protocol": 2}
    assert {name: pool.connection_kwargs[name] for name in wanted} == wanted
    assert pool.connection_kwargs["health_check_interval"] > 0
    await opened.close()


def test_the_settings_load_no_client_library() -> None:
    module = sys.modules["homeport.runtime.redis.settings"]
    assert not any(name.startswith("redis") for name in vars(module))
