"""What is wrong with Redis is said in one sentence that names the variable to change."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as sync_redis

from homeport.runtime.errors import HomeportError
from homeport.runtime.redis.connect import open_redis
from homeport.runtime.redis.errors import RedisMisconfigured, RedisUnavailable
from homeport.runtime.redis.settings import RedisSettings
from tests.contract.redis.conftest import settings_of, settings_of_sentinels
from tests.support.certificates import Certificate, make_certificate
from tests.support.redis_servers import (
    PASSWORD,
    RedisProcess,
    Watched,
    behind_sentinels,
    cluster,
    command,
    over_tls,
    redis_process,
    with_password,
)
from tests.support.servers import free_port

pytestmark = [pytest.mark.redis, pytest.mark.process]


async def problem(settings: RedisSettings) -> HomeportError:
    opened = open_redis(settings)
    try:
        with pytest.raises(HomeportError) as failed:
            await opened.check()
    finally:
        await opened.close()
    assert PASSWORD not in str(failed.value)
    assert "\n" not in str(failed.value)
    return failed.value


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with with_password(tmp_path_factory.mktemp("guarded")) as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[RedisProcess]:
    with over_tls(tmp_path_factory.mktemp("private"), certificate) as server:
        yield server


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with behind_sentinels(tmp_path_factory.mktemp("watched"), watchers=1, down_after=60_000) as found:
        yield found


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisProcess]]:
    with cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"redis_password": "wrong"},
            r"^Redis at 127.0.0.1:\d+ refused the password: check REDIS_PASSWORD and REDIS_USER",
        ),
        (
            {"redis_username": "nobody", "redis_password": PASSWORD},
            r"refused the password: check .* and REDIS_USERNAME\.$",
        ),
        ({}, r"wants a password: set REDIS_PASSWORD\.$"),
        ({"redis_password": PASSWORD, "redis_db": 99}, r"does not have the database that REDIS_DB names\.$"),
    ],
)
async def test_a_wrong_login_is_said(
    guarded: RedisProcess, variables: dict[str, object], sentence: str, protocol: int
) -> None:
    settings = settings_of(
        redis_host="127.0.0.1", redis_port=guarded.port, redis_serialization_protocol=protocol, **variables
    )
    found = await problem(settings)
    assert isinstance(found, RedisMisconfigured)
    assert re.search(sentence, str(found)), str(found)


async def test_a_user_who_may_do_little_passes_the_check(guarded: RedisProcess) -> None:
    opened = open_redis(
        settings_of(redis_host="127.0.0.1", redis_port=guarded.port, redis_username="reader", redis_password="read")
    )
    await opened.check()
    await opened.close()


async def test_a_server_that_is_not_there_is_said() -> None:
    port = free_port()
    found = await problem(settings_of(redis_host="127.0.0.1", redis_port=port))
    assert isinstance(found, RedisUnavailable)
    assert str(found) == f"Redis at 127.0.0.1:{port} does not answer: connection refused."


async def test_a_host_that_is_not_known_is_said() -> None:
    found = await problem(settings_of(redis_host="redis.invalid"))
    assert re.match(r"Redis at redis.invalid:6379 does not answer: .*(known|resolution)", str(found)), str(found)


async def test_a_server_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeport.runtime.redis.connect._CHECK_SECONDS", 0.2)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(take, "127.0.0.1", 0)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        found = await problem(settings_of(redis_host="127.0.0.1", redis_port=port))
    assert str(found) == f"Redis at 127.0.0.1:{port} did not answer within 0.2 s."


async def test_an_old_server_without_the_new_protocol_is_said() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(b"-ERR unknown command 'HELLO'\r\n")
        writer.close()

    old = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with old:
        found = await problem(settings_of(redis_host="127.0.0.1", redis_port=old.sockets[0].getsockname()[1]))
    assert str(found).endswith("does not know RESP version 3: set REDIS_SERIALIZATION_PROTOCOL to 2.")


async def test_tls_where_there_is_none_is_said(guarded: RedisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeport.runtime.redis.connect._CHECK_SECONDS", 0.5)  # it waits for the end of a line
    found = await problem(settings_of(redis_host="127.0.0.1", redis_port=guarded.port, redis_use_ssl=True))
    assert str(found).endswith("within 0.5 s; if it does not speak TLS, set REDIS_USE_SSL to false.")


async def test_no_tls_where_it_is_wanted_is_said(private: RedisProcess) -> None:
    found = await problem(settings_of(redis_host="127.0.0.1", redis_port=private.port))
    assert str(found).endswith("closed the connection; if it speaks TLS alone, set REDIS_USE_SSL to true.")


async def test_a_certificate_that_the_server_asks_for_is_said(tmp_path: Path, certificate: Certificate) -> None:
    with over_tls(tmp_path, certificate, ask_for_ours=True) as server:
        found = await problem(settings_of(redis_host="127.0.0.1", redis_port=server.port, redis_use_ssl=True))
    # The server closes the connection behind its reason, which does not always arrive.
    assert re.search(r"does not accept our certificate \(.*required\)|closed the connection; if it wants", str(found))
    assert "check REDIS_SSL_CERTFILE" in str(found)


async def test_a_certificate_that_nobody_vouches_for_is_said(private: RedisProcess) -> None:
    found = await problem(
        settings_of(
            redis_host="127.0.0.1", redis_port=private.port, redis_use_ssl=True, redis_ssl_cert_reqs="CERT_REQUIRED"
        )
    )
    assert re.search(r"shows a certificate that is not trusted .*: check REDIS_SSL_CA_CERTS", str(found)), str(found)


@pytest.mark.parametrize(("check", "accepted"), [("CERT_REQUIRED", False), ("CERT_OPTIONAL", True), ("none", True)])
async def test_the_name_in_the_certificate_counts_only_where_it_is_required(
    private: RedisProcess, tmp_path: Path, certificate: Certificate, check: str, accepted: bool
) -> None:
    settings = settings_of(
        redis_host="127.0.0.2",  # a loopback address the certificate does not name; the server listens on 127.0.0.1
        redis_port=private.port,
        redis_use_ssl=True,
        redis_ssl_cert_reqs=check,
        redis_ssl_ca_certs=str(certificate.certificate),
    )

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", private.port)
        await asyncio.gather(_pump(reader, back), _pump(there, writer))

    async with await asyncio.start_server(forward, "127.0.0.2", private.port):
        if accepted:
            opened = open_redis(settings)
            await opened.check()
            await opened.close()
        else:
            assert "shows a certificate that is not trusted" in str(await problem(settings))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


def test_a_file_that_is_not_there_is_said_before_anything_is_opened(tmp_path: Path) -> None:
    settings = settings_of(redis_host="redis", redis_use_ssl=True, redis_ssl_ca_certs=str(tmp_path / "ca.pem"))
    with pytest.raises(RedisMisconfigured, match=r"^REDIS_SSL_CA_CERTS names .*ca\.pem, which is not a file\.$"):
        open_redis(settings)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"redis_sentinel_service_name": "main"},
         r"^The Sentinels know no master named 'main', only 'mymaster': check REDIS_SENTINEL_SERVICE_NAME\.$"),
        ({"redis_sentinel_password": "wrong"},
         r"^The Sentinel at .* refused the password: check REDIS_SENTINEL_PASSWORD and REDIS_SENTINEL_USERNAME\.$"),
        ({"redis_sentinel_password": ""}, r"^The Sentinel at .* wants a password: set REDIS_SENTINEL_PASSWORD\.$"),
        ({"redis_password": "wrong"}, r"^The Redis master 'mymaster' refused the password: check REDIS_PASSWORD"),
        ({"redis_sentinels": "127.0.0.1:1"}, r"^The Sentinel at 127\.0\.0\.1:1 does not answer: "),
    ],
)  # fmt: skip
async def test_wrong_settings_of_sentinels_are_said(
    watched: Watched, variables: dict[str, object], sentence: str
) -> None:
    found = await problem(settings_of_sentinels(watched, **variables))
    assert re.search(sentence, str(found)), str(found)


async def test_a_server_that_is_no_sentinel_is_said(watched: Watched) -> None:
    address = f"127.0.0.1:{watched.master.port}"
    found = await problem(settings_of_sentinels(watched, redis_sentinels=address, redis_sentinel_password=PASSWORD))
    assert str(found).startswith(f"The Sentinel at {address} is no Sentinel: REDIS_SENTINELS must name Sentinels")


async def test_a_replica_is_not_taken_for_its_master(watched: Watched) -> None:
    found = await problem(settings_of(redis_host="127.0.0.1", redis_port=watched.replica.port, redis_password=PASSWORD))
    assert "is a replica, which takes no writes: REDIS_HOST must name the master." in str(found)


async def test_a_node_of_a_cluster_is_not_taken_for_a_server(nodes: list[RedisProcess]) -> None:
    found = await problem(settings_of(redis_host="127.0.0.1", redis_port=nodes[0].port))
    assert "is a node of a cluster: set REDIS_USE_CLUSTERS to true and REDIS_CLUSTERS to its nodes." in str(found)


async def test_a_server_is_not_taken_for_a_cluster(tmp_path: Path) -> None:
    with redis_process(tmp_path) as server:
        found = await problem(settings_of(redis_use_clusters=True, redis_clusters=f"127.0.0.1:{server.port}"))
    assert "is not a node of a cluster: set REDIS_USE_CLUSTERS to false and REDIS_HOST to this server." in str(found)


async def test_a_cluster_that_is_not_there_is_said() -> None:
    found = await problem(settings_of(redis_use_clusters=True, redis_clusters=f"127.0.0.1:{free_port()}"))
    assert isinstance(found, RedisUnavailable)
    assert re.match(r"The Redis cluster at 127\.0\.0\.1:\d+ does not answer: connection refused\.$", str(found))


async def test_a_cluster_whose_slots_have_no_owner_is_said(tmp_path: Path) -> None:
    with redis_process(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port())) as server:
        found = await problem(settings_of(redis_use_clusters=True, redis_clusters=f"127.0.0.1:{server.port}"))
    assert isinstance(found, RedisUnavailable)
    assert "not all of its slots are served" in str(found)


async def test_a_client_goes_on_after_a_restart(tmp_path: Path) -> None:
    with redis_process(tmp_path / "first") as server:
        opened = open_redis(settings_of(redis_host="127.0.0.1", redis_port=server.port))
        await opened.check()
        server.kill()
        with pytest.raises(RedisUnavailable):
            await opened.check()
    with redis_process(tmp_path / "second", port=server.port):
        await opened.check()
        await opened.client.set("back", "yes")
    await opened.close()


async def test_the_client_goes_on_when_the_master_dies(tmp_path: Path) -> None:
    with behind_sentinels(tmp_path) as watched:
        opened = open_redis(settings_of_sentinels(watched))
        await opened.client.set("before", "kept")
        assert await opened.client.wait(1, 10_000) == 1, "the replica has it"
        watched.master.kill()
        async with asyncio.timeout(90):
            while True:
                try:
                    await opened.client.set("after", "written")
                except sync_redis.RedisError:
                    await asyncio.sleep(0.2)
                else:
                    break
        assert await opened.client.get("before") == b"kept"
        await opened.check()
        await opened.close()
        with sync_redis.Redis(port=watched.replica.port, password=PASSWORD) as promoted:
            assert promoted.get("after") == b"written"


async def test_the_client_goes_on_when_a_slot_moves_to_another_node(tmp_path: Path) -> None:
    with cluster(tmp_path) as nodes:
        opened = open_redis(settings_of(redis_use_clusters=True, redis_clusters=f"127.0.0.1:{nodes[1].port}"))
        await opened.client.set("somewhere", "here")
        slot = opened.client.keyslot("somewhere")  # type: ignore[union-attr]
        clients = [sync_redis.Redis(port=node.port, decode_responses=True) for node in nodes]
        try:
            ids = [str(command(client, "CLUSTER MYID")) for client in clients]
            owner = next(number for number, client in enumerate(clients) if _owns(client, slot))
            taker = (owner + 1) % len(clients)
            command(clients[taker], "CLUSTER SETSLOT", slot, "IMPORTING", ids[owner])
            command(clients[owner], "CLUSTER SETSLOT", slot, "MIGRATING", ids[taker])
            command(clients[owner], "MIGRATE", "127.0.0.1", nodes[taker].port, "somewhere", 0, 5000)
            for client in (clients[taker], clients[owner]):
                command(client, "CLUSTER SETSLOT", slot, "NODE", ids[taker])
            assert await opened.client.get("somewhere") == b"here"
        finally:
            for client in clients:
                client.close()
        await opened.close()


def _owns(client: sync_redis.Redis, slot: int) -> bool:
    try:
        command(client, "CLUSTER GETKEYSINSLOT", slot, 1)
        client.get("somewhere")
    except sync_redis.ResponseError:
        return False
    return True
