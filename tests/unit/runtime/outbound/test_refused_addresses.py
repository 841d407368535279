"""Whatever spelling leads into the private network is refused, without a packet being sent."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.runtime.outbound.addresses import internal_kind
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.outbound.errors import AddressRefused
from homeport.runtime.outbound.resolve import ask_system
from homeport.runtime.outbound.settings import OutboundSettings

REFUSED = [
    "http://127.0.0.1/",
    "http://127.255.255.254/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0x7f.1/",
    "http://0X7F.1/",
    "http://0x/",
    "http://134744072/",
    "http://127.0.0.1./",
    "http://1.2.3.4.5/",
    "http://999.1.1.1/",
    "http://127。0。0。1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%00.example.com/",
    "http://10.0.0.5/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "http://168.63.129.16/",
    "http://192.0.0.192/opc/v1/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://198.18.0.1/",
    "http://198.51.100.7/",
    "http://203.0.113.9/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001::1]/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[::1%25lo]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://exam ple.com/",
    "http:///path",
    "http:\\\\127.0.0.1\\",
    "//example.com/",
    "example.com",
    "",
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:text/plain,hello",
]


async def _never(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up although its spelling already decides")


@pytest.mark.parametrize("url", REFUSED)
async def test_refuses_by_spelling_alone(url: str) -> None:
    outbound = Outbound(OutboundSettings(), resolve=_never)
    with pytest.raises(AddressRefused):
        outbound.check(url)
    with pytest.raises(AddressRefused):
        await outbound.fetch(url, max_bytes=1)
    await outbound.close()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "ip6-localhost"])
async def test_refuses_names_that_lead_to_this_machine(host: str) -> None:
    async def resolve(name: str, port: int) -> list[str]:
        return await ask_system("localhost", port)

    outbound = Outbound(OutboundSettings(), resolve=resolve)
    with pytest.raises(AddressRefused, match="loopback"):
        await outbound.fetch(f"http://{host}:1/", max_bytes=1)
    await outbound.close()


@pytest.mark.parametrize(
    "answers",
    [["10.0.0.1"], ["203.0.114.1", "10.0.0.1"], ["fd00::1"], ["::ffff:192.168.0.1"], ["fe80::1%eth0"], ["words"]],
)
async def test_refuses_a_name_when_any_of_its_addresses_is_internal(answers: list[str]) -> None:
    async def resolve(name: str, port: int) -> list[str]:
        return answers

    outbound = Outbound(OutboundSettings(), resolve=resolve)
    with pytest.raises(AddressRefused) as refused:
        await outbound.fetch("https://rebind.example/", max_bytes=1)
    await outbound.close()
    assert not any(answer in str(refused.value) for answer in answers)  # the inner network is not told to the user


async def test_the_refusal_names_the_setting_and_the_entry_to_add() -> None:
    outbound = Outbound(OutboundSettings())
    with pytest.raises(AddressRefused) as refused:
        await outbound.fetch("http://[::1]:11434/v1", max_bytes=1)
    assert str(refused.value) == (
        "::1 leads to a loopback address; only public addresses are visited. "
        "An operator can open it by adding [::1]:11434 to OUTBOUND_ALLOW_PRIVATE."
    )
    await outbound.close()


async def test_the_refusal_never_repeats_a_password() -> None:
    outbound = Outbound(OutboundSettings())
    with pytest.raises(AddressRefused) as refused:
        await outbound.fetch("http://me:hidden@example.com/?key=hidden", max_bytes=1)
    assert "hidden" not in str(refused.value)
    await outbound.close()


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_public(text: str) -> None:
    assert internal_kind(ip_address(text)) is None


@given(st.ip_addresses())
def test_whatever_python_holds_for_private_is_internal(address: object) -> None:
    known = ip_address(str(address))
    if known.is_private or known.is_loopback or known.is_link_local or known.is_multicast or known.is_unspecified:
        assert internal_kind(known) is not None


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_every_wrapping(address: object) -> None:
    plain = internal_kind(ip_address(str(address)))
    assert internal_kind(ip_address(f"::ffff:{address}")) == plain
    assert internal_kind(ip_address(f"64:ff9b::{address}")) == plain
