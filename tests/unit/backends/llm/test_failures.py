"""Every refusal is the right word of the family, in one sentence, without the key."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from homeport.backends.llm import errors
from homeport.backends.llm.complete import complete
from homeport.backends.llm.drivers.openai_compatible import name_failures
from homeport.backends.llm.drivers.openai_compatible.driver import OpenAiProvider
from homeport.backends.llm.port import Account, ChatRequest
from tests.support.model_server import ModelServer

Ask = Callable[..., ChatRequest]
Connect = Callable[..., OpenAiProvider]

ACCOUNT = Account("openai", "openai_compatible", "http://models.example/v1", "sk-secret")


@pytest.mark.parametrize(
    ("status", "kind", "temporary"),
    [
        (400, errors.Refused, False),
        (401, errors.Misconfigured, False),
        (402, errors.QuotaExceeded, False),
        (403, errors.Misconfigured, False),
        (404, errors.NotFound, False),
        (413, errors.Refused, False),
        (418, errors.LlmError, False),
        (422, errors.Refused, False),
        (429, errors.RateLimited, True),
        (500, errors.Unavailable, True),
        (503, errors.Unavailable, True),
    ],
)
async def test_a_status_becomes_the_family_error(
    connect: Connect, ask: Ask, server: ModelServer, status: int, kind: type[errors.LlmError], temporary: bool
) -> None:
    with pytest.raises(errors.LlmError) as caught:
        await complete(connect(), ask(f"fail-{status}"))
    assert type(caught.value) is kind
    assert caught.value.temporary is temporary
    assert caught.value.message.startswith(f"The model provider openai at {server.url} ")
    assert f"({status}): The server was told to fail with {status}." in caught.value.message or status == 418


async def test_a_refused_key_is_said_without_the_key(connect: Connect, server: ModelServer) -> None:
    server.api_key = "sk-right"
    with pytest.raises(errors.Misconfigured) as caught:
        await connect(api_key="sk-wrong").check()
    assert caught.value.message == (
        f"The model provider openai at {server.url} refused the API key (401): Incorrect API key provided."
    )
    assert "OPENAI_API_KEY" in (caught.value.hint or "")
    await connect(api_key="sk-right").check()


async def test_the_wait_a_busy_provider_asks_for_is_told(connect: Connect, ask: Ask) -> None:
    with pytest.raises(errors.RateLimited) as caught:
        await complete(connect(), ask("fail-429"))
    assert caught.value.retry_after == 1.0


def test_an_empty_account_is_not_taken_for_a_busy_provider() -> None:
    body = orjson.dumps({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}})
    assert isinstance(name_failures.of_answer(ACCOUNT, 429, httpx.Headers(), body), errors.QuotaExceeded)


def test_a_key_repeated_by_the_provider_is_hidden() -> None:
    body = orjson.dumps({"error": {"message": "The key sk-secret is unknown"}})
    error = name_failures.of_answer(ACCOUNT, 401, httpx.Headers(), body)
    assert "sk-secret" not in str(error)
    assert "sk-secret" not in repr(ACCOUNT)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": "overloaded"}', "overloaded"),
        (b'{"detail": "Not here"}', "Not here"),
        (b'[{"error": {"message": "in a list"}}]', "in a list"),
        (b'{"message": "flat"}', "flat"),
        (b"plain words", "plain words"),
        (b"<html><title>Bad &amp; worse</title></html>", "Bad & worse"),
    ],
)
def test_what_the_provider_says_is_repeated_in_any_form(body: bytes, said: str) -> None:
    error = name_failures.of_answer(ACCOUNT, 500, httpx.Headers(), body)
    assert error.message.endswith(f"failed (500): {said}.")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html></html>", b'{"error": {}}'])
def test_a_provider_that_says_nothing_is_quoted_with_nothing(body: bytes) -> None:
    assert name_failures.of_answer(ACCOUNT, 502, httpx.Headers(), body).message.endswith("failed (502).")


async def test_an_error_page_is_told_by_its_title(connect: Connect, ask: Ask) -> None:
    with pytest.raises(errors.Unavailable, match=r"failed \(502\): 502 Bad Gateway\."):
        await complete(connect(), ask("html-error"))


async def test_a_web_page_instead_of_an_answer_points_to_the_address(connect: Connect, ask: Ask) -> None:
    with pytest.raises(errors.Misconfigured, match=r"answered with text/html: Welcome instead of") as caught:
        await complete(connect(), ask("html-page"))
    assert "/v1" in (caught.value.hint or "")


async def test_a_redirect_is_told_with_its_target() -> None:
    error = name_failures.of_answer(ACCOUNT, 301, httpx.Headers({"location": "https://models.example/v1"}), b"")
    assert error.message.endswith("redirects to https://models.example/v1 (301).")


async def test_nobody_listening_is_said_with_the_address(connect: Connect, ask: Ask) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        with pytest.raises(errors.Unavailable, match="could not be reached") as caught:
            await complete(connect(address), ask("any"))
    assert address in caught.value.message
    assert (caught.value.hint or "").startswith("Is it running?")


@pytest.mark.parametrize("address", ["ftp://models.example", "http://", "models.example:8000", "http://[::1"])
async def test_an_address_that_is_none_is_misconfigured(connect: Connect, ask: Ask, address: str) -> None:
    with pytest.raises(errors.Misconfigured, match="cannot be called"):
        await complete(connect(address), ask("any"))


async def test_a_certificate_nobody_vouches_for_is_said(connect: Connect, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_own_certificate(tmp_path))
    listening = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(errors.Misconfigured, match=r"no certificate this machine trusts: .*self-signed certificate"):
        await connect(f"https://127.0.0.1:{port}").check()
    listening.close()


def write_own_certificate(folder: Path) -> Path:
    """A key and a certificate signed with it, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "own.pem"
    path.write_bytes(secret + certificate.public_bytes(pem))
    return path


async def test_a_server_that_speaks_no_http_is_said(connect: Connect) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await reader.read(1)
        writer.close()

    listening = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(errors.Unavailable, match="the answer is not HTTP"):
        await connect(f"http://127.0.0.1:{port}").check()
    listening.close()
