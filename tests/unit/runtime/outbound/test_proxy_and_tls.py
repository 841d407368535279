"""Behind a proxy, and over TLS: the name stays the name."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.load import load
from homeport.runtime.config.section import Section
from homeport.runtime.config.sources import Sources
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.outbound.errors import AddressRefused, OutboundFailed
from homeport.runtime.outbound.settings import OutboundSettings
from tests.support.http_site import ok, site


async def proxied(path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(ok(b"by the proxy"))


async def direct(path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(ok(b"directly"))


async def _never(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up although the proxy does that")


@pytest.mark.parametrize("variable", ["ssrf_proxy_all_url", "ssrf_proxy_http_url"])
async def test_names_go_to_the_proxy_unresolved(variable: str) -> None:
    async with site(proxied) as proxy:
        settings = OutboundSettings.model_validate({variable: f"http://127.0.0.1:{proxy.port}"})
        outbound = Outbound(settings, resolve=_never)
        got = await outbound.fetch("http://site.example/a", max_bytes=100)
        with pytest.raises(AddressRefused):
            await outbound.fetch("http://10.0.0.1/", max_bytes=100)
        await outbound.close()
    assert got.content == b"by the proxy"
    assert [head.split("\r\n")[0] for head in proxy.heads] == ["GET http://site.example/a HTTP/1.1"]


async def test_https_goes_through_the_proxy_as_a_tunnel() -> None:
    async with site(proxied) as proxy:
        settings = OutboundSettings(ssrf_proxy_https_url=f"http://127.0.0.1:{proxy.port}", ssrf_default_max_retries=0)
        outbound = Outbound(settings, resolve=_never)
        with pytest.raises(OutboundFailed):  # this proxy answers a page where a tunnel is asked for
            await outbound.fetch("https://site.example/a", max_bytes=100)
        await outbound.close()
    assert proxy.heads[0].startswith("CONNECT site.example:443 HTTP/1.1\r\n")


async def test_what_the_operator_opened_does_not_take_the_proxy() -> None:
    async with site(proxied) as proxy, site(direct) as inner:
        settings = OutboundSettings.model_validate(
            {"ssrf_proxy_all_url": f"http://127.0.0.1:{proxy.port}", "outbound_allow_private": "127.0.0.1"}
        )
        outbound = Outbound(settings)
        got = await outbound.fetch(f"http://127.0.0.1:{inner.port}/", max_bytes=100)
        await outbound.close()
    assert got.content == b"directly"
    assert proxy.heads == []


async def test_a_certificate_is_checked_against_the_name_not_the_pinned_address(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "site.example")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate)
    names: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: names.append(name)

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with site(direct, context=serving) as server:
        settings = OutboundSettings.model_validate(
            {"outbound_allow_private": "127.0.0.1", "ssrf_default_max_retries": 0}
        )
        outbound = Outbound(settings, resolve=resolve, context=ssl.create_default_context(cafile=certificate))
        got = await outbound.fetch(f"https://site.example:{server.port}/", max_bytes=100)
        with pytest.raises(OutboundFailed, match=r"other\.example"):
            await outbound.fetch(f"https://other.example:{server.port}/", max_bytes=100)
        await outbound.close()
    assert got.content == b"directly"
    assert names == ["site.example", "other.example"]


@pytest.mark.parametrize("entry", ["10.0.0.0/99", "host:99999", "http://host", "a b", "[::1", "host:port"])
def test_an_unreadable_entry_is_one_sentence_at_start(entry: str) -> None:
    class Tree(Section):
        outbound: OutboundSettings = OutboundSettings()

    with pytest.raises(ConfigurationError) as wrong:
        load(Tree, Sources({"OUTBOUND_ALLOW_PRIVATE": entry}))
    assert len(wrong.value.problems) == 1
    assert wrong.value.problems[0].startswith("OUTBOUND_ALLOW_PRIVATE is ")
    assert "accepted is a host (ollama, ollama:11434)" in wrong.value.problems[0]


def make_certificate(folder: Path, name: str) -> Path:
    """A certificate for `name` that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(IPv4Address("192.0.2.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file
