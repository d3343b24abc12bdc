"""A URL → the addresses we may connect to, or a refusal.

Every outward request passes here: what tenants configure must not reach the operator's own
network. A name is resolved once per connection and the connection goes to the vetted addresses
themselves, so a second, different DNS answer has nothing to change.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from yarl import URL

from tocsin.errors import ChannelUnavailableError, EgressRefusedError
from tocsin.net.addresses import Address, is_public, parse_address
from tocsin.net.allow import AllowRule, is_host_name, parse_allow_rule

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""A host name and a port → all of its addresses as text; raises OSError where it has none."""

LONGEST_URL = 4096
"""Characters; what common servers accept."""

# Below 1024 live mail, name and login services; a webhook has no business there.
_ORDINARY_PORTS = frozenset({80, 443})
_FIRST_FREE_PORT = 1024

# A parser may drop, turn or stop at these, and the next parser may not.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """What the operator opens beyond the public Internet.

    ``allow`` holds exact destinations: ``host``, ``host:port``, ``CIDR`` or ``CIDR:port``. A
    host opens whatever its name resolves to, so it should be a name only the operator controls.

    Raises:
        SettingsError: an entry is none of these.
    """

    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.rules()

    def rules(self) -> tuple[AllowRule, ...]:
        """Return the entries as rules."""
        return tuple(parse_allow_rule(entry) for entry in self.allow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a URL leads: ``host`` is a lower-case name or canonical address text."""

    url: URL
    host: str
    port: int


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Return every address the system's resolver knows for a name.

    Raises:
        OSError: there is none, or nobody answered.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for _, _, _, _, sockaddr in found]


class EgressGuard:
    """Decides where outward requests may go. Knows no HTTP."""

    def __init__(self, policy: EgressPolicy, resolver: Resolver = resolve_by_system) -> None:
        self._rules = policy.rules()
        self._resolver = resolver

    def require_url(self, url: str) -> Destination:
        """Return where a URL leads, as far as can be said without asking the network.

        Allowed are ``http`` and ``https`` without user name or password, to a DNS name or a
        literal address, on ports 80, 443 and from 1024, or what the operator opened.

        Raises:
            EgressRefusedError: anything else. The text names at most the host.
        """
        parsed = _parse_url(url)
        host = _require_host(parsed)
        port = parsed.port
        if not port or not self._is_possible_port(port):
            raise EgressRefusedError(f"{host}: the port is not open to requests")
        literal = parse_address(host)
        if literal is not None:
            self._require_address(host, literal, port)
        return Destination(url=parsed, host=host, port=port)

    async def resolve(self, host: str, port: int) -> tuple[Address, ...]:
        """Return the addresses of a host, all of them vetted; connect to nothing else.

        One address that is not allowed refuses them all: honest public names do not mix.

        Raises:
            ChannelUnavailableError: the name does not resolve now.
            EgressRefusedError: it leads to where we do not connect.
        """
        try:
            texts = await self._resolver(host, port)
        except OSError as cause:
            raise ChannelUnavailableError(f"{host}: the name does not resolve") from cause
        addresses = tuple(dict.fromkeys(_to_address(host, text) for text in texts))
        if not addresses:
            raise ChannelUnavailableError(f"{host}: the name has no address")
        for address in addresses:
            self._require_address(host, address, port)
        return addresses

    def _is_possible_port(self, port: int) -> bool:
        return _is_ordinary_port(port) or any(rule.opens_port(port) for rule in self._rules)

    def _require_address(self, host: str, address: Address, port: int) -> None:
        if is_public(address) and _is_ordinary_port(port):
            return
        name = host.removesuffix(".")
        for rule in self._rules:
            if rule.opens_host(name, port) or rule.opens_address(address, port):
                return
        # Not which address: the answer of our own name server is nobody's business.
        raise EgressRefusedError(f"{host}: not a public address and port")


def _parse_url(url: str) -> URL:
    if len(url) > LONGEST_URL:
        raise EgressRefusedError(f"a URL has at most {LONGEST_URL} characters")
    if _AMBIGUOUS.search(url):
        raise EgressRefusedError("a URL has no spaces, control characters or backslashes")
    try:
        parsed = URL(url)
    except ValueError:
        # Without its cause, which quotes the URL.
        raise EgressRefusedError("this is not a URL") from None
    if parsed.scheme not in ("http", "https"):
        raise EgressRefusedError("only http and https URLs are requested")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise EgressRefusedError("a URL holds no user name or password here; use a header")
    return parsed.with_fragment(None)


def _require_host(url: URL) -> str:
    host = (url.raw_host or "").lower()
    address = parse_address(host)
    if address is not None and "%" not in host:
        return host
    if not is_host_name(host):
        raise EgressRefusedError("the URL's host is neither a DNS name nor a canonical address")
    return host


def _is_ordinary_port(port: int) -> bool:
    return port in _ORDINARY_PORTS or port >= _FIRST_FREE_PORT


def _to_address(host: str, text: str) -> Address:
    address = parse_address(text)
    if address is None:
        raise EgressRefusedError(f"{host}: the resolver gave something that is no address")
    return address
