"""OpenZeppelin Monitor's network file → a draft of ours."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from tocsin.model.network import ChainFamily, NetworkDraft
from tocsin.openzeppelin.document import Fields, Parsed, Place, read_document, read_secret

MAX_NAME_LENGTH = 255
MAX_ENDPOINTS = 32
_MAX_U32 = 2**32 - 1
_MAX_U64 = 2**64 - 1
_MAX_BLOCK_TIME_MS = 86_400_000
_MAX_CONFIRMATIONS = 1_000_000

_KEYS = (
    "network_type",
    "slug",
    "name",
    "rpc_urls",
    "chain_id",
    "network_passphrase",
    "block_time_ms",
    "confirmation_blocks",
    "cron_schedule",
    "max_past_blocks",
    "store_blocks",
    "recovery_config",
)
_UNSUPPORTED_FAMILIES = ("Midnight", "Solana")
_SLUG = re.compile(r"[a-z0-9_]+")


def parse_network(raw: bytes | str, *, source: str) -> Parsed[NetworkDraft]:
    """Return the draft of one network; ``source`` is what errors call the document.

    ``cron_schedule``, ``max_past_blocks``, ``store_blocks`` and ``recovery_config`` are checked
    and have no effect, because every block is read as it comes and none is skipped; a warning
    says so.

    Raises:
        InputError: the document is not such a network, or asks for what is not supported.
    """
    value, place = read_document(raw, source=source)
    fields = Fields(value, place, _KEYS)
    family = _parse_family(fields)
    endpoint_urls = _parse_endpoints(fields)
    _check_ineffective(fields)
    draft = NetworkDraft(
        slug=_parse_slug(fields),
        name=fields.text("name", max_length=MAX_NAME_LENGTH),
        family=family,
        chain_identity=_parse_identity(fields, family),
        endpoint_urls=endpoint_urls,
        block_time=timedelta(
            milliseconds=fields.integer("block_time_ms", low=100, high=_MAX_BLOCK_TIME_MS)
        ),
        confirmation_count=fields.integer("confirmation_blocks", low=1, high=_MAX_CONFIRMATIONS),
    )
    return Parsed(draft=draft, warnings=_warnings(fields, draft))


def _parse_family(fields: Fields) -> ChainFamily:
    name = fields.choice("network_type", (*ChainFamily, *_UNSUPPORTED_FAMILIES))
    if name in _UNSUPPORTED_FAMILIES:
        fields.place.member("network_type").fail(
            f"{name} is not supported, only {' and '.join(ChainFamily)} are"
        )
    return ChainFamily(name)


def _parse_slug(fields: Fields) -> str:
    slug = fields.text("slug", max_length=MAX_NAME_LENGTH)
    if _SLUG.fullmatch(slug) is None:
        fields.place.member("slug").expect("only a to z, 0 to 9 and _", slug)
    return slug


def _parse_identity(fields: Fields, family: ChainFamily) -> str:
    key = "chain_id" if family is ChainFamily.EVM else "network_passphrase"
    if key not in fields:
        fields.place.member(key).fail(
            f"every {family} network needs it: endpoints of another chain are refused by it"
        )
    if family is ChainFamily.EVM:
        return str(fields.integer("chain_id", low=1, high=_MAX_U64))
    return fields.text("network_passphrase", max_length=MAX_NAME_LENGTH)


def _parse_endpoints(fields: Fields) -> tuple[str, ...]:
    """Return the URLs by falling weight; equal weights stay in order, weight 0 is left out."""
    weighted = []
    for value, place in fields.items("rpc_urls", at_most=MAX_ENDPOINTS):
        endpoint = Fields(value, place, ("type_", "url", "weight"))
        endpoint.choice("type_", ("rpc",))
        url = read_secret(endpoint.required("url"), place.member("url"))
        _check_url(url, place.member("url"))
        weighted.append((endpoint.integer("weight", low=0, high=100), url))
    used = sorted((each for each in weighted if each[0] > 0), key=lambda each: -each[0])
    if not used:
        fields.place.member("rpc_urls").fail("expected at least one URL with a weight above 0")
    return tuple(url for _, url in used)


def _check_url(url: str, place: Place) -> None:
    """Return if this is the URL of an endpoint we can speak to; errors do not show it."""
    if url.startswith(("ws://", "wss://")):
        place.fail("endpoints over WebSocket are not supported; give the http or https URL")
    if not is_http_url(url):
        place.fail("expected a URL that starts with http:// or https:// and names a host")


def is_http_url(url: str) -> bool:
    """Return whether a text is an http or https URL with a host and no blanks."""
    if not url.startswith(("http://", "https://")) or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _check_ineffective(fields: Fields) -> None:
    fields.text("cron_schedule")
    if "max_past_blocks" in fields and fields.optional("max_past_blocks") != "unlimited":
        if isinstance(fields.optional("max_past_blocks"), str):
            fields.choice("max_past_blocks", ("unlimited",))
        fields.integer("max_past_blocks", low=1, high=_MAX_U64)
    if "store_blocks" in fields:
        fields.boolean("store_blocks")
    if "recovery_config" in fields:
        _check_recovery(fields.optional("recovery_config"), fields.place.member("recovery_config"))


_RECOVERY_BOUNDS = {
    "max_blocks_per_run": _MAX_U64,
    "max_block_age": _MAX_U64,
    "max_retries": _MAX_U32,
    "retry_delay_ms": _MAX_U64,
}


def _check_recovery(value: object, place: Place) -> None:
    fields = Fields(value, place, ("enabled", "cron_schedule", *_RECOVERY_BOUNDS))
    fields.boolean("enabled")
    fields.text("cron_schedule", empty=True)
    for key, high in _RECOVERY_BOUNDS.items():
        fields.integer(key, low=0, high=high)


def _warnings(fields: Fields, draft: NetworkDraft) -> tuple[str, ...]:
    keys = ("cron_schedule", "max_past_blocks", "store_blocks", "recovery_config")
    given = ", ".join(key for key in keys if key in fields)
    warnings = [f"{given}: without effect, every block is read as it comes and none is skipped"]
    foreign = "network_passphrase" if draft.family is ChainFamily.EVM else "chain_id"
    if foreign in fields:
        warnings.append(f"{foreign}: without effect on {draft.family} networks")
    if any(url.startswith("http://") for url in draft.endpoint_urls):
        warnings.append("rpc_urls: an http:// endpoint can be read and changed on the way")
    return tuple(warnings)
