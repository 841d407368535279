"""Which IP addresses belong to the public internet, and in a word what the others are."""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Named one by one: what `is_global` says about some of them differs between Python releases, and two of them
# (a cloud's internal wire server, the relay of 6to4) are global by the registry and internal in practice.
_INTERNAL: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-shared"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "cloud-internal"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "reserved"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "reserved"),
    ("198.51.100.0/24", "reserved"),
    ("203.0.113.0/24", "reserved"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("64:ff9b:1::/48", "private"),
    ("100::/64", "reserved"),
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "reserved"),
    ("2002::/16", "reserved"),
    ("3fff::/20", "reserved"),
    ("5f00::/16", "reserved"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "private"),
    ("ff00::/8", "multicast"),
)
_NETWORKS: tuple[tuple[Network, str], ...] = tuple((ip_network(text), kind) for text, kind in _INTERNAL)
_NAT64 = IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE = IPv6Network("::/96")


def internal_kind(address: Address) -> str | None:
    """A word for an address outside the public internet, such as "loopback"; None for a public one.

    An IPv6 address that carries an IPv4 address (mapped, compatible, NAT64) is what the carried one is.
    """
    inner = carried(address)
    for network, kind in _NETWORKS:
        if inner.version == network.version and inner in network:
            return kind
    if not inner.is_global or inner.is_multicast or inner.is_reserved:
        return "reserved"
    return None


def carried(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    number = int(address)
    if address in _NAT64 or (address in _V4_COMPATIBLE and number > 1):
        return IPv4Address(number & 0xFFFF_FFFF)
    return address


def read_literal(host: str) -> Address | None:
    """The address that `host` spells in the one plain way, or None when `host` is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_disguised(host: str) -> bool:
    """Whether `host` is a number that is no plain address: `127.1`, `0x7f000001`, `017700000001`, `2130706433`."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    is_number = last.isdecimal() or (last.startswith("0x") and all(digit in "0123456789abcdef" for digit in last[2:]))
    return is_number and read_literal(host) is None
