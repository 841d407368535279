"""The proxy reaches the public internet and the sandbox, and nothing else, however the address is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from homeport.runtime.outbound import addresses
from homeport.runtime.outbound.allow import read_allow_list
from tests.support.egress_world import DOOR, PUBLIC, PUBLIC_SIX, SANDBOX
from tests.support.squid_server import TEMPLATE, EgressWorld, egress_world, render

REFUSED = {"status": 403, "error": "err_access_denied"}

LITERALS = (
    # loopback
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "127.0.0.1.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "any.localhost",
    # numbers: whole, octal, hexadecimal, short, mixed
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0X7F000001",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "127.0.0.0x1",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "127.0x1",
    "2852039166",
    "0xa9fea9fe",
    "167772161",
    "0",
    "0x0",
    # this host
    "0.0.0.0",
    "0.1.2.3",
    "[::]",
    # IPv4 inside IPv6
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:169.254.169.254]",
    "[::ffff:10.0.0.5]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::a00:5]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    # metadata and link-local
    "169.254.169.254",
    "169.254.0.1",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    # private, shared, reserved, multicast
    "10.0.0.5",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.255.254",
    "100.64.0.1",
    "100.127.255.254",
    "198.18.0.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[200::1]",
    "[4000::1]",
    "[e000::1]",
)

NAMES = (
    "loopback.test",
    "private.test",
    "metadata.test",
    "zero.test",
    "six.test",
    "mapped.test",
    "nat64.test",
    "unique-local.test",
    "mixed.test",
    "mixed-six.test",
    "ollama.test",
)


@pytest.fixture(scope="module")
def world() -> Iterator[EgressWorld]:
    with egress_world() as running:
        yield running


@pytest.fixture(scope="module")
def opened() -> Iterator[EgressWorld]:
    allowed = "ollama.test:8080,10.1.0.0/16,[fd00::5]:8080,192.168.7.7,opened-and-metadata.test"
    with egress_world(OUTBOUND_ALLOW_PRIVATE=allowed, SSRF_CONNECT_PORTS="443,8443") as running:
        yield running


@pytest.mark.parametrize("host", [*LITERALS, *NAMES])
@pytest.mark.parametrize("port", [80, 8080])
def test_an_address_inside_is_not_visited(world: EgressWorld, host: str, port: int) -> None:
    answer = world.get(f"http://{host}:{port}/")
    assert "reached" not in answer
    assert answer["status"] in (403, 400)


@pytest.mark.parametrize("host", [*LITERALS, *NAMES])
def test_no_tunnel_leads_to_an_address_inside(world: EgressWorld, host: str) -> None:
    answer = world.connect(f"{host}:443")
    assert "reached" not in answer
    assert answer["status"] in (403, 400)


@pytest.mark.parametrize("host", [PUBLIC, f"[{PUBLIC_SIX}]", "public.test", "public-six.test", "8.8.8.8", "1.1.1.1"])
def test_the_public_internet_is_reached(world: EgressWorld, host: str) -> None:
    answer = world.get(f"http://{host}/page?secret=1")
    tunnel = world.connect(f"{host}:443")
    assert (answer["status"], answer["reached"]["port"]) == (200, 80)
    assert (tunnel["status"], tunnel["reached"]["port"]) == (200, 443)
    assert answer["reached"]["host"] not in ("127.0.0.1", "::1")


def test_a_visit_says_nothing_about_who_visits(world: EgressWorld) -> None:
    head = world.get("http://public.test/")["reached"]["head"].lower()
    assert "x-forwarded-for" not in head
    assert "127.0.0.1" not in head


@pytest.mark.parametrize("port", [21, 22, 25])
def test_ports_of_other_services_are_not_visited(world: EgressWorld, port: int) -> None:
    assert world.get(f"http://public.test:{port}/") == REFUSED


@pytest.mark.parametrize("port", [22, 25, 80, 5432, 6379, 8443])
def test_tunnels_lead_to_https_alone(world: EgressWorld, port: int) -> None:
    assert world.connect(f"public.test:{port}") == REFUSED


@pytest.mark.parametrize(
    "target", ["ftp://public.test/", "https://public.test/", "urn:example:a", "cache_object://127.0.0.1/info"]
)
def test_other_schemes_are_not_fetched(world: EgressWorld, target: str) -> None:
    answer = world.get(target)
    assert "reached" not in answer
    assert answer["status"] in (400, 403, 404)


def test_a_redirect_to_an_address_inside_is_refused_when_it_is_followed(world: EgressWorld) -> None:
    first = world.get("http://public.test/away")
    assert first["status"] == 302
    assert world.get("http://127.0.0.1/") == REFUSED


def test_a_name_that_changes_its_answer_stays_where_it_was_checked(world: EgressWorld) -> None:
    answers = [world.get("http://rebind.test/") for _ in range(6)]
    reached = {answer.get("reached", {}).get("host", "refused") for answer in answers}
    assert reached == {PUBLIC}


def test_an_unknown_name_is_not_found(world: EgressWorld) -> None:
    answer = world.get("http://unknown.test/")
    assert answer["status"] in (502, 503)
    assert "reached" not in answer


def test_the_sandbox_is_reached_at_its_port_alone(world: EgressWorld) -> None:
    answer = world.request("POST", "http://sandbox:8194/v1/sandbox/run")
    assert answer["reached"]["host"] == SANDBOX
    assert world.get("http://sandbox:80/") == REFUSED
    assert world.get(f"http://{SANDBOX}:8194/") == REFUSED
    assert world.connect("sandbox:8194") == REFUSED


@pytest.mark.parametrize(
    "target", ["/health", "http://169.254.169.254/", "http://127.0.0.1:5432/", "http://public.test/"]
)
def test_the_door_of_the_sandbox_leads_nowhere_else(world: EgressWorld, target: str) -> None:
    answer = world.get(target, to=DOOR)
    assert (answer["reached"]["host"], answer["reached"]["port"]) == (SANDBOX, 8194)


def test_the_door_of_the_sandbox_makes_no_tunnels(world: EgressWorld) -> None:
    assert "reached" not in world.connect("public.test:443", to=DOOR)


def test_programs_on_public_addresses_are_not_served(world: EgressWorld) -> None:
    assert world.get("http://public.test/", source="93.184.216.99") == REFUSED


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("http://ollama.test:8080/", "10.0.0.5"),
        ("http://10.1.2.3/", "10.1.2.3"),
        ("http://private.test:8080/", "10.1.2.3"),
        ("http://[fd00::5]:8080/", "fd00::5"),
        ("http://192.168.7.7:5432/", "192.168.7.7"),
    ],
)
def test_what_the_operator_opens_is_visited(opened: EgressWorld, target: str, reached: str) -> None:
    assert opened.get(target)["reached"]["host"] == reached


@pytest.mark.parametrize(
    "target",
    [
        "http://ollama.test/",
        "http://10.2.0.1/",
        "http://[fd00::5]/",
        "http://[fd00::6]:8080/",
        "http://192.168.7.8/",
        "http://127.0.0.1/",
        "http://169.254.169.254/",
        "http://opened-and-metadata.test/",
        "http://0.0.0.0/",
    ],
)
def test_what_the_operator_has_not_opened_stays_closed(opened: EgressWorld, target: str) -> None:
    assert opened.get(target) == REFUSED


def test_ports_for_tunnels_are_the_operator_s_choice(opened: EgressWorld) -> None:
    assert opened.connect("public.test:8443")["reached"]["port"] == 8443
    assert opened.connect("public.test:5432") == REFUSED


#: Entries of OUTBOUND_ALLOW_PRIVATE, and what squid makes of them.
ENTRIES = {
    "ollama": ["acl opened_1 dstdomain -n ollama", "http_access allow opened_1"],
    "my_host.lan:11434": [
        "acl opened_1 dstdomain -n my_host.lan",
        "acl opened_port_1 port 11434",
        "http_access allow opened_1 opened_port_1",
    ],
    "cafe.beef": ["acl opened_1 dstdomain -n cafe.beef", "http_access allow opened_1"],
    "10.0.0.5": ["acl opened_1 dst 10.0.0.5", "http_access allow opened_1"],
    "10.0.0.5:80": [
        "acl opened_1 dst 10.0.0.5",
        "acl opened_port_1 port 80",
        "http_access allow opened_1 opened_port_1",
    ],
    "10.0.0.0/8": ["acl opened_1 dst 10.0.0.0/8", "http_access allow opened_1"],
    "fd00::5": ["acl opened_1 dst fd00::5", "http_access allow opened_1"],
    "[fd00::5]": ["acl opened_1 dst fd00::5", "http_access allow opened_1"],
    "[fd00::5]:8080": [
        "acl opened_1 dst fd00::5",
        "acl opened_port_1 port 8080",
        "http_access allow opened_1 opened_port_1",
    ],
    "fd00::/8": ["acl opened_1 dst fd00::/8", "http_access allow opened_1"],
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_both_guards_read_the_same_entries(tmp_path: Path, entry: str) -> None:
    assert read_allow_list((entry,)).entries
    assert render(tmp_path, OUTBOUND_ALLOW_PRIVATE=entry).returncode == 0
    assert (tmp_path / "opened.conf").read_text(encoding="utf-8").splitlines() == ENTRIES[entry]


@pytest.mark.parametrize("entry", ["a;b", "http://ollama", "x$(id)", "10.0.0.1'"])
def test_an_entry_that_is_not_understood_ends_in_one_sentence(tmp_path: Path, entry: str) -> None:
    with pytest.raises(ValueError, match="is not understood"):
        read_allow_list((entry,))
    done = render(tmp_path, OUTBOUND_ALLOW_PRIVATE=entry)
    assert done.returncode == 1
    assert done.stderr.startswith(f"OUTBOUND_ALLOW_PRIVATE has '{entry}'; accepted are ")
    assert done.stderr.count("\n") == 1


def test_the_proxy_refuses_all_that_the_server_refuses() -> None:
    listed = {
        ip_network(word)
        for line in TEMPLATE.read_text(encoding="utf-8").splitlines()
        if re.match(r"acl (unspecified|link_local|internal) dst ", line)
        for word in line.split()[3:]
    }
    missing: list[Any] = [
        network
        for network, _ in addresses._NETWORKS
        if not any(network.version == one.version and network.subnet_of(one) for one in listed)  # type: ignore[arg-type]
    ]
    assert missing == []
