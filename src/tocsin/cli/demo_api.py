"""What the demo asks over HTTP: our REST API as any user would, our metrics, and the devnet."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar

import aiohttp
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from tocsin.cli.demo_children import DemoError
from tocsin.devnet.network import BlockFacts
from tocsin.devnet.oracle import parse_facts
from tocsin.errors import InputError

TIMEOUT = aiohttp.ClientTimeout(total=10)

Shape = TypeVar("Shape")


class UnreachableError(DemoError):
    """No answer came; it may come next time."""


class Nothing(msgspec.Struct, frozen=True):
    """An answer of which nothing is needed."""


class Key(msgspec.Struct, frozen=True):
    """A new API key."""

    key: str


class NewTenant(msgspec.Struct, frozen=True):
    """A new tenant with its owner's key."""

    api_key: Key


class NewTrigger(msgspec.Struct, frozen=True):
    """A new trigger with the secret that signs its messages."""

    signing_secret: str


class ListedMatch(msgspec.Struct, frozen=True):
    """A match in a list; ``network`` is a slug."""

    id: str
    network: str


class MatchPage(msgspec.Struct, frozen=True):
    """A page of matches, newest first."""

    items: tuple[ListedMatch, ...]
    next_cursor: str | None


class Problem(msgspec.Struct, frozen=True):
    """A problem document (RFC 9457)."""

    detail: str = ""


class NetworkCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What our metrics say of one network since the start."""

    head_number: int
    block_count: int
    reorganisation_count: int


class RestApi:
    """The REST API, asked with one key at a time."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.url = url
        self._session = session

    async def post(
        self, path: str, key: str, document: Mapping[str, object], shape: type[Shape]
    ) -> Shape:
        """Create something and return what the answer says of it.

        Raises:
            DemoError: it was refused; says why.
        """
        body = await ask(
            self._session,
            "POST",
            f"{self.url}/api/v1{path}",
            headers=authorization(key),
            data=msgspec.json.encode(document),
        )
        return _decode(body, shape)

    async def list_matches(self, tenant: str, key: str, cursor: str | None) -> MatchPage:
        """Return a page of a tenant's matches.

        Raises:
            DemoError: it was refused; says why.
        """
        url = f"{self.url}/api/v1/tenants/{tenant}/matches?limit=50"
        if cursor is not None:
            url += f"&cursor={cursor}"
        body = await ask(self._session, "GET", url, headers=authorization(key))
        return _decode(body, MatchPage)


class DevnetControl:
    """The devnet's own interface: what really happened, and a reorganisation on request."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.url = url
        self._session = session

    async def facts(self, slug: str, since_number: int) -> tuple[BlockFacts, ...]:
        """Return every block made from that number on, orphaned ones too."""
        url = f"{self.url}/control/facts/{slug}?since={since_number}"
        body = await ask(self._session, "GET", url)
        try:
            return parse_facts(body)
        except InputError as cause:
            raise DemoError(f"the devnet gave no facts: {cause}") from cause

    async def fork(self, slug: str, depth: int) -> None:
        """Replace the newest blocks by others."""
        url = f"{self.url}/control/{slug}/fork"
        await ask(self._session, "POST", url, data=msgspec.json.encode({"depth": depth}))


async def read_metrics(
    session: aiohttp.ClientSession, url: str, networks: tuple[str, ...]
) -> dict[str, NetworkCounts]:
    """Return what the metrics say of each network."""
    text = (await ask(session, "GET", url)).decode(errors="replace")
    return parse_metrics(text, networks)


def parse_metrics(text: str, networks: tuple[str, ...]) -> dict[str, NetworkCounts]:
    """Return the counts in a page of metrics (Prometheus text format); zero where none yet."""
    values: dict[tuple[str, str], int] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if "network" in sample.labels:
                values[sample.name, sample.labels["network"]] = int(sample.value)
    return {
        network: NetworkCounts(
            head_number=values.get(("tocsin_head_number", network), 0),
            block_count=values.get(("tocsin_blocks_appended_total", network), 0),
            reorganisation_count=values.get(("tocsin_reorganisations_total", network), 0),
        )
        for network in networks
    }


def authorization(key: str) -> dict[str, str]:
    """Return the header that a key goes into."""
    return {"Authorization": f"Bearer {key}"}


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    data: bytes | None = None,
) -> bytes:
    """Return the body of a good answer.

    Raises:
        UnreachableError: there was none.
        DemoError: it was a refusal; says why.
    """
    place = url.partition("?")[0]
    try:
        async with session.request(
            method, url, headers=headers, data=data, timeout=TIMEOUT
        ) as response:
            body = await response.read()
            status = response.status
    except (aiohttp.ClientError, TimeoutError) as cause:
        raise UnreachableError(f"{method} {place}: no answer ({type(cause).__name__})") from cause
    if status >= HTTPStatus.BAD_REQUEST:
        raise DemoError(f"{method} {place}: {status} {_detail(body)}")
    return body


def _detail(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Problem).detail
    except msgspec.DecodeError:
        return ""


def _decode(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as cause:
        raise DemoError(f"the API answered something else than expected: {cause}") from cause
