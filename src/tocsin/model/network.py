"""Networks: one chain instance each, the platform's or one tenant's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.model.ids import NetworkId, TenantId


class ChainFamily(StrEnum):
    """The kinds of chain we speak; spelled as OpenZeppelin Monitor's ``network_type``."""

    EVM = "EVM"
    STELLAR = "Stellar"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDraft:
    """A network as somebody describes it, before it has an id.

    ``chain_identity`` is the decimal chain id (EVM) or the network passphrase (Stellar); it is
    verified on every endpoint and never used as a key. ``endpoint_urls`` are in order of
    preference and secret. ``confirmation_count`` is how many blocks must follow before an
    alert is sent. ``start_number`` is the first block to watch; None means the head at first
    contact.
    """

    slug: str
    name: str
    family: ChainFamily
    chain_identity: str
    endpoint_urls: tuple[str, ...]
    block_time: timedelta
    confirmation_count: int
    start_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network as stored, without its endpoints' URLs, which are secrets.

    ``tenant_id`` is None for the platform's networks. ``version`` rises with every change, also
    one of the endpoints only.
    """

    id: NetworkId
    tenant_id: TenantId | None
    slug: str
    name: str
    family: ChainFamily
    chain_identity: str
    block_time: timedelta
    confirmation_count: int
    start_number: int | None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EnabledNetwork:
    """A network that a tenant may watch, and since when."""

    network: Network
    enabled_at: datetime
