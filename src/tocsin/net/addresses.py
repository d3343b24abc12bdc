"""IP addresses → may a tenant's request go there? Pure.

The tables are ours and complete rather than ``ipaddress.is_global``, whose answer differs
between Python releases.
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

Address = IPv4Address | IPv6Address

# Source: IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates), everything not
# "globally reachable", and the two ranges whose purpose a webhook can never have.
_IPV4_REFUSED = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network; Linux connects 0.0.0.0 to itself
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; some clouds' metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # public by number, but one cloud's host agent answers there
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

# Only 2000::/3 is global unicast, so loopback, link-local, unique local, multicast, discard,
# IPv4-compatible and local-use NAT64 addresses are refused by not being in it.
# Source: IANA IPv6 Special-Purpose Address Registry; RFC 4291 2.4.
_IPV6_UNICAST = IPv6Network("2000::/3")
_IPV6_REFUSED = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries any IPv4 address, and nobody serves on it
        "3fff::/20",  # documentation
    )
)

# An IPv6-only host reaches the IPv4 Internet through this prefix. Source: RFC 6052 2.1.
_NAT64 = IPv6Network("64:ff9b::/96")


def parse_address(text: str) -> Address | None:
    """Return the address that canonical text spells, or None where it spells none."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def to_innermost(address: Address) -> Address:
    """Return the IPv4 address an IPv4-mapped or NAT64 address stands for, else the address."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: Address) -> bool:
    """Return whether the address is globally routable unicast, whatever it is wrapped in."""
    inner = to_innermost(address)
    if isinstance(inner, IPv4Address):
        return not any(inner in network for network in _IPV4_REFUSED)
    return inner in _IPV6_UNICAST and not any(inner in network for network in _IPV6_REFUSED)
