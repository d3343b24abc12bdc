"""Two tenants, two networks: what the demo tells the API, in OpenZeppelin Monitor's JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.cli.demo_api import NewTenant, NewTrigger, Nothing, RestApi
from tocsin.devnet.config import DEFAULT_NETWORK_NAME
from tocsin.devnet.evm.erc20 import DETH, DFEE, DUSD, Token, erc20_abi

if TYPE_CHECKING:
    from tocsin.devnet.stellar.contracts import Contract

Document = Mapping[str, object]

EVM_SLUG = "demo_evm"
STELLAR_SLUG = "demo_stellar"
CHAIN_ID = 31337
EVM_BLOCK_SECONDS = 1.5
STELLAR_CLOSE_SECONDS = 2
TRIGGER_SLUG = "demo_receiver"

_LARGEST_UINT256 = 2**256 - 1
_LARGEST_UINT64 = 2**64 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoNetwork:
    """A network of the demo; ``node_slug`` is its path on the devnet."""

    slug: str
    family: str
    node_slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTenant:
    """A tenant of the demo and how its monitors are made."""

    slug: str
    name: str
    make_monitors: Callable[[], tuple[Document, ...]]


NETWORKS = (
    DemoNetwork(slug=EVM_SLUG, family="EVM", node_slug="evm"),
    DemoNetwork(slug=STELLAR_SLUG, family="Stellar", node_slug="stellar"),
)


def network_documents(devnet_url: str) -> tuple[Document, ...]:
    """Return the networks of the platform, as nodes of a devnet serve them."""
    return (
        {
            "network_type": "EVM",
            "slug": EVM_SLUG,
            "name": "Simulated EVM chain",
            "rpc_urls": _endpoints(f"{devnet_url}/evm"),
            "chain_id": CHAIN_ID,
            "block_time_ms": int(EVM_BLOCK_SECONDS * 1000),
            "confirmation_blocks": 0,
            "cron_schedule": "*/2 * * * * *",
        },
        {
            "network_type": "Stellar",
            "slug": STELLAR_SLUG,
            "name": "Simulated Stellar network",
            "rpc_urls": _endpoints(f"{devnet_url}/stellar"),
            "network_passphrase": DEFAULT_NETWORK_NAME,
            "block_time_ms": STELLAR_CLOSE_SECONDS * 1000,
            "confirmation_blocks": 0,
            "cron_schedule": "*/2 * * * * *",
        },
    )


def _endpoints(url: str) -> list[Document]:
    return [{"type_": "rpc", "url": {"type": "plain", "value": url}, "weight": 100}]


def trigger_document(url: str) -> Document:
    """Return a webhook to the demo's own receiver; the API makes its signing secret."""
    return {
        "slug": TRIGGER_SLUG,
        "name": "The demo's receiver",
        "trigger_type": "webhook",
        "config": {"url": {"type": "plain", "value": url}},
    }


_Conditions = list[tuple[str, str | None]]


def _evm_monitor(name: str, tokens: tuple[Token, ...], **conditions: _Conditions) -> Document:
    addresses = [{"address": token.address, "contract_spec": erc20_abi()} for token in tokens]
    return _monitor(name, EVM_SLUG, addresses, conditions)


def _stellar_monitor(
    name: str, contracts: "tuple[Contract, ...]", **conditions: _Conditions
) -> Document:
    addresses = [{"address": each.address, "contract_spec": each.spec()} for each in contracts]
    return _monitor(name, STELLAR_SLUG, addresses, conditions)


def _monitor(
    name: str,
    network: str,
    addresses: Sequence[Document],
    conditions: Mapping[str, _Conditions],
) -> Document:
    return {
        "name": name,
        "paused": False,
        "networks": [network],
        "addresses": addresses,
        "match_conditions": {
            "functions": _condition_documents("signature", conditions.get("functions", [])),
            "events": _condition_documents("signature", conditions.get("events", [])),
            "transactions": _condition_documents("status", conditions.get("transactions", [])),
        },
        "trigger_conditions": [],
        "triggers": [TRIGGER_SLUG],
    }


def _condition_documents(key: str, conditions: _Conditions) -> list[Document]:
    return [
        {key: what} if expression is None else {key: what, "expression": expression}
        for what, expression in conditions
    ]


def _acme_monitors() -> tuple[Document, ...]:
    # Here and not above: it takes long to import, and by now the children use that time.
    from tocsin.devnet.stellar.contracts import TOKEN

    return (
        _evm_monitor(
            "Large DUSD transfers",
            (DUSD,),
            events=[("Transfer(address,address,uint256)", f"value > {10**24}")],
        ),
        _evm_monitor("Failed token calls", (DUSD, DETH, DFEE), transactions=[("Failure", None)]),
        _stellar_monitor("Large payments", (), transactions=[("Success", f"value > {10**12}")]),
        _stellar_monitor(
            "Transfers beyond 64 bits",
            (TOKEN,),
            events=[("transfer(Address,Address,I128)", f"amount > {_LARGEST_UINT64}")],
        ),
    )


def _globex_monitors() -> tuple[Document, ...]:
    from tocsin.devnet.stellar.contracts import ORACLE, POOL  # late, as above

    return (
        _evm_monitor(
            "Unlimited approvals",
            (DUSD, DETH, DFEE),
            events=[("Approval(address,address,uint256)", f"value == {_LARGEST_UINT256}")],
        ),
        _evm_monitor(
            "Spent allowances",
            (DUSD, DETH, DFEE),
            functions=[("transferFrom(address,address,uint256)", f"value > {10**20}")],
        ),
        _stellar_monitor(
            "Large swaps",
            (POOL,),
            functions=[("swap(Address,Symbol,U32,Vec<Symbol>,I128)", f"amount_in > {10**6}")],
        ),
        _stellar_monitor(
            "High prices",
            (ORACLE,),
            events=[("price_set(Symbol,U128,U64)", f"price > {10**12}")],
        ),
    )


TENANTS = (
    DemoTenant(slug="acme", name="Acme Treasury", make_monitors=_acme_monitors),
    DemoTenant(slug="globex", name="Globex Risk", make_monitors=_globex_monitors),
)
"""Both watch both chains, for different things."""


async def create_networks(api: RestApi, operator_key: str, devnet_url: str) -> None:
    """Create the platform's networks, as its operator.

    Raises:
        DemoError: the API refused.
    """
    for document in network_documents(devnet_url):
        await api.post("/networks", operator_key, document, Nothing)


async def create_tenant(
    api: RestApi,
    operator_key: str,
    tenant: DemoTenant,
    hook_url: str,
    expect: Callable[[str, str], None],
) -> str:
    """Create a tenant as the operator, all it has as its owner; return the owner's key.

    ``expect`` is told the tenant and the secret of its messages before any can come.

    Raises:
        DemoError: the API refused.
    """
    document = {"slug": tenant.slug, "name": tenant.name}
    key = (await api.post("/tenants", operator_key, document, NewTenant)).api_key.key
    base = f"/tenants/{tenant.slug}"
    for network in NETWORKS:
        await api.post(f"{base}/networks", key, {"slug": network.slug}, Nothing)
    trigger = await api.post(f"{base}/triggers", key, trigger_document(hook_url), NewTrigger)
    expect(tenant.slug, trigger.signing_secret)
    for monitor in tenant.make_monitors():
        await api.post(f"{base}/monitors", key, monitor, Nothing)
    return key
