"""The operator's allow-list: entries as text → rules that open exact destinations. Pure."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from tocsin.errors import SettingsError
from tocsin.net.addresses import Address, to_innermost

Network = IPv4Network | IPv6Network

_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BRACKETED = re.compile(r"\[(?P<inside>[0-9a-f:./]+)\](?::(?P<port>.*))?", re.DOTALL)

HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowRule:
    """One opened destination: a host name or a network, on one port or (None) on all."""

    host: str | None
    network: Network | None
    port: int | None

    def opens_port(self, port: int) -> bool:
        """Return whether anything at all is opened on that port."""
        return self.port is None or self.port == port

    def opens_host(self, host: str, port: int) -> bool:
        """Return whether every address that this name resolves to is opened."""
        return self.host == host and self.opens_port(port)

    def opens_address(self, address: Address, port: int) -> bool:
        """Return whether this address is opened, whichever name led to it."""
        return (
            self.network is not None
            and self.opens_port(port)
            and to_innermost(address) in self.network
        )


def is_host_name(text: str) -> bool:
    """Return whether the text is a lower-case DNS name, and no number that looks like one.

    A last label that is a number makes a name an IPv4 address in some spelling (``127.1``,
    ``0x7f.1``, ``2130706433``); which one depends on who reads it, so it is no name here.
    Source: WHATWG URL, "ends in a number checker"; lengths from RFC 1035 2.3.4.
    """
    labels = text.removesuffix(".").split(".")
    return (
        len(text) <= 253
        and all(_HOST_LABEL.fullmatch(label) for label in labels)
        and _NUMBER_LABEL.fullmatch(labels[-1]) is None
    )


def parse_allow_rule(entry: str) -> AllowRule:
    """Return the rule of one entry.

    Shape: ``host``, ``host:port``, ``address``, ``address:port``, ``CIDR`` or ``CIDR:port``;
    IPv6 with a port in brackets, as ``[::1]:8080`` or ``[fd00::/8]:443``. No wildcards.

    Raises:
        SettingsError: the entry is none of these.
    """
    place, port_text = _split(entry.strip().lower())
    port = _parse_port(port_text, entry)
    network = _find_network(place)
    if network is not None:
        return AllowRule(host=None, network=network, port=port)
    if is_host_name(place):
        return AllowRule(host=place.removesuffix("."), network=None, port=port)
    raise _unreadable(entry)


def _split(entry: str) -> tuple[str, str | None]:
    bracketed = _BRACKETED.fullmatch(entry)
    if bracketed is not None:
        return bracketed["inside"], bracketed["port"]
    if entry.count(":") == 1:
        place, _, port = entry.partition(":")
        return place, port
    return entry, None


def _parse_port(text: str | None, entry: str) -> int | None:
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,5}", text) is None or not 1 <= int(text) <= HIGHEST_PORT:
        raise _unreadable(entry)
    return int(text)


def _find_network(place: str) -> Network | None:
    try:
        return ip_network(place)
    except ValueError:
        return None


def _unreadable(entry: str) -> SettingsError:
    return SettingsError(
        f"{entry[:100]!r} is not host, host:port, CIDR or CIDR:port", field="egress.allow"
    )
