"""What S3 adds: credentials, buckets, a network that fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import BaseModel

from homeport.backends.storage.drivers.s3.driver import open_driver
from homeport.backends.storage.drivers.s3.spec import S3Settings
from homeport.backends.storage.errors import Misconfigured, Unavailable
from homeport.backends.storage.guards import GuardedStorage
from homeport.backends.storage.port import Storage
from homeport.backends.storage.registry import open_storage
from homeport.backends.storage.settings import StorageSettings
from homeport.runtime.config.load import load
from homeport.runtime.config.sources import Sources
from homeport.runtime.drivers.patience import Patience
from tests.support.s3_server import Account, S3Server, StickingDoor

SECRET = "do-not-show-this-to-anybody"
ANYBODY = Account("anybody", "anything")
IMPATIENT = Patience(timeout=30, attempts=3, first_pause=0.001, longest_pause=0.002)


class Settings(BaseModel):
    """A settings tree with this family alone."""

    storage: StorageSettings


def _settings(endpoint: str, bucket: str, account: Account, **more: object) -> StorageSettings:
    return StorageSettings.model_validate(
        {
            "storage_type": "s3",
            "s3_endpoint": endpoint,
            "s3_bucket_name": bucket,
            "s3_access_key": account.access_key,
            "s3_secret_key": account.secret_key,
            **more,
        }
    )


async def _impatient(endpoint: str, bucket: str) -> Storage:
    settings = _settings(endpoint, bucket, ANYBODY)
    assert isinstance(settings, S3Settings)
    return GuardedStorage(await open_driver(settings, Path()), "s3", IMPATIENT)


async def _sentence_of_failed_read(settings: StorageSettings) -> str:
    storage = await open_storage(settings, Path())
    with pytest.raises(Misconfigured) as caught:
        await storage.read("a")
    return str(caught.value)


async def test_the_right_keys_open_a_server_that_checks_them(s3_server: S3Server) -> None:
    bucket = s3_server.new_bucket()
    with s3_server.checking_credentials() as account:
        storage = await open_storage(_settings(s3_server.endpoint, bucket, account), Path())
        await storage.write("a", b"1")
        assert await storage.read("a") == b"1"


async def test_a_wrong_secret_is_one_sentence_that_hides_it(s3_server: S3Server) -> None:
    bucket = s3_server.new_bucket()
    with s3_server.checking_credentials() as account:
        wrong = Account(account.access_key, SECRET)
        sentence = await _sentence_of_failed_read(_settings(s3_server.endpoint, bucket, wrong))
    assert sentence == (
        "The storage s3 refuses access (SignatureDoesNotMatch). "
        "Check S3_ENDPOINT, S3_REGION, S3_BUCKET_NAME, S3_ACCESS_KEY and S3_SECRET_KEY."
    )


async def test_an_unknown_key_id_is_one_sentence_without_the_secret(s3_server: S3Server) -> None:
    bucket = s3_server.new_bucket()
    with s3_server.checking_credentials():
        wrong = Account("AKIANOBODY", SECRET)
        sentence = await _sentence_of_failed_read(_settings(s3_server.endpoint, bucket, wrong))
    assert sentence.startswith("The storage s3 refuses access (InvalidAccessKeyId).")
    assert SECRET not in sentence


async def test_wrong_credentials_are_not_tried_again(s3_server: S3Server) -> None:
    bucket = s3_server.new_bucket()
    with s3_server.checking_credentials():
        async with StickingDoor(s3_server.endpoint, slams=0).open() as door:
            storage = await _impatient(door.endpoint, bucket)
            with pytest.raises(Misconfigured):
                await storage.read("a")
    # The server closes the connection after every answer, so one connection is one request.
    assert door.let_through == 1


@pytest.mark.parametrize("call", ["read", "check"])
async def test_a_missing_bucket_is_a_wrong_setting_not_a_missing_blob(s3_server: S3Server, call: str) -> None:
    storage = await _impatient(s3_server.endpoint, "no-such-bucket")
    with pytest.raises(Misconfigured, match=r"cannot be used as configured \(NoSuchBucket\)"):
        await (storage.read("a") if call == "read" else storage.check())


async def test_a_server_that_is_down_is_unavailable_after_all_attempts(s3_server: S3Server) -> None:
    async with StickingDoor(s3_server.endpoint, slams=1000).open() as door:
        storage = await _impatient(door.endpoint, s3_server.new_bucket())
        with pytest.raises(Unavailable, match="The storage s3 does not answer now"):
            await storage.read("a")
    assert door.slammed == IMPATIENT.attempts


async def _use(storage: Storage, call: str) -> None:
    match call:
        case "write":
            await storage.write("a", b"")
        case "copy":
            await storage.copy("a", "b")
        case "list":
            await anext(storage.list())
        case "read_stream":
            await anext(storage.read_stream("a"))
        case "delete_prefix":
            await storage.delete_prefix("a/")
        case _:
            await getattr(storage, call)("a")


@pytest.mark.parametrize(
    "call", ["read", "write", "stat", "exists", "delete", "copy", "list", "read_stream", "delete_prefix"]
)
async def test_a_closed_port_is_unavailable_for_every_call(call: str) -> None:
    async with StickingDoor("http://127.0.0.1:9", slams=0).open() as door:
        endpoint = door.endpoint
    storage = await _impatient(endpoint, "bucket")
    with pytest.raises(Unavailable, match="Check S3_ENDPOINT"):
        await _use(storage, call)


async def test_a_passing_failure_is_not_seen(s3_server: S3Server) -> None:
    async with StickingDoor(s3_server.endpoint, slams=2).open() as door:
        storage = await _impatient(door.endpoint, s3_server.new_bucket())
        await storage.write("a", b"arrived")
        assert door.slammed == 2
        assert await storage.read("a") == b"arrived"


async def test_a_silent_server_is_unavailable_after_the_timeout() -> None:
    waiting: list[asyncio.StreamWriter] = []

    async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting.append(writer)

    async with await asyncio.start_server(_say_nothing, "127.0.0.1", 0) as server:
        endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = _settings(endpoint, "bucket", ANYBODY, storage_timeout=0.1, storage_max_attempts=1)
        storage = await open_storage(settings, Path())
        with pytest.raises(Unavailable, match=r"did not answer within 0\.1 seconds\. .*STORAGE_TIMEOUT"):
            await storage.read("a")
        for writer in waiting:
            writer.close()
            await writer.wait_closed()


async def test_the_environment_chooses_s3_through_opendal(s3_server: S3Server, tmp_path: Path) -> None:
    bucket = s3_server.new_bucket()
    environment = {
        "STORAGE_TYPE": "opendal",
        "OPENDAL_SCHEME": "s3",
        "OPENDAL_S3_ENDPOINT": s3_server.endpoint,
        "OPENDAL_S3_BUCKET": bucket,
        "OPENDAL_S3_REGION": "us-east-1",
        "OPENDAL_S3_ROOT": "/below/here",
        "OPENDAL_S3_ACCESS_KEY_ID": "anybody",
        "OPENDAL_S3_SECRET_ACCESS_KEY": SECRET,
    }
    settings = load(Settings, Sources(environment)).storage
    assert SECRET not in repr(settings)
    storage = await open_storage(settings, tmp_path)
    await storage.write("a", b"1")
    whole = await open_storage(_settings(s3_server.endpoint, bucket, ANYBODY), tmp_path)
    assert [key async for key in whole.list()] == ["below/here/a"]


async def test_the_environment_chooses_s3_by_its_own_settings(s3_server: S3Server, tmp_path: Path) -> None:
    secret_file = tmp_path / "secret"
    secret_file.write_text(SECRET)
    environment = {
        "STORAGE_TYPE": "s3",
        "S3_ENDPOINT": s3_server.endpoint,
        "S3_BUCKET_NAME": s3_server.new_bucket(),
        "S3_ACCESS_KEY": "anybody",
        "S3_SECRET_KEY_FILE": str(secret_file),
        "S3_ADDRESS_STYLE": "path",
    }
    settings = load(Settings, Sources(environment)).storage
    assert SECRET not in repr(settings)
    storage = await open_storage(settings, tmp_path)
    await storage.write("a", b"1")
    assert await storage.read("a") == b"1"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"s3_bucket_name": None}, "S3_BUCKET_NAME is not set"),
        ({"s3_secret_key": None}, "S3_ACCESS_KEY and S3_SECRET_KEY are not both set"),
        ({"storage_type": "opendal", "opendal_scheme": "s3"}, "The storage s3 cannot be used as configured"),
    ],
)
async def test_a_missing_setting_is_said_at_opening(change: dict[str, object], sentence: str) -> None:
    settings = _settings("http://127.0.0.1:9", "bucket", ANYBODY, **change)
    with pytest.raises(Misconfigured, match=sentence):
        await open_storage(settings, Path())
