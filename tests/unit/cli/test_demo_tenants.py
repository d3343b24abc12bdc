"""The demo's definitions: good OpenZeppelin documents that compile."""

import json
from uuid import UUID

import pytest

from tocsin.chains.registry import family_code
from tocsin.cli.demo_tenants import (
    NETWORKS,
    TENANTS,
    DemoTenant,
    Document,
    network_documents,
    trigger_document,
)
from tocsin.control.drafts import parse_network_body, parse_trigger_body
from tocsin.matching.compiled import compile_monitor
from tocsin.model.ids import MonitorId, TenantId
from tocsin.model.monitor import MonitorRef
from tocsin.model.network import ChainFamily
from tocsin.openzeppelin.monitors import parse_monitor

FAMILIES = {network.slug: ChainFamily(network.family) for network in NETWORKS}
REF = MonitorRef(id=MonitorId(UUID(int=1)), tenant_id=TenantId(UUID(int=2)), version=1)
MONITORS = [monitor for tenant in TENANTS for monitor in tenant.make_monitors()]


@pytest.mark.parametrize("monitor", MONITORS, ids=lambda monitor: monitor["name"])
def test_each_monitor_compiles_for_its_network(monitor: Document) -> None:
    draft = parse_monitor(json.dumps(monitor), source="demo").draft
    for slug in draft.networks:
        keyed = family_code(FAMILIES[slug]).key_monitor(draft)
        assert compile_monitor(REF, keyed).ref == REF


@pytest.mark.parametrize("tenant", TENANTS, ids=lambda tenant: tenant.slug)
def test_each_tenant_watches_every_family(tenant: DemoTenant) -> None:
    watched = {slug for monitor in tenant.make_monitors() for slug in _networks_of(monitor)}
    assert watched == set(FAMILIES)


def test_tenants_watch_for_different_things() -> None:
    acme, globex = ({str(each["match_conditions"]) for each in tenant.make_monitors()}
                    for tenant in TENANTS)  # fmt: skip
    assert not acme & globex


def test_the_networks_are_what_the_tally_counts_by() -> None:
    drafts = [parse_network_body(json.dumps(each).encode()).draft for each in _documents()]
    assert {draft.slug: draft.family for draft in drafts} == FAMILIES


def test_alerts_go_out_at_the_head() -> None:
    drafts = [parse_network_body(json.dumps(each).encode()).draft for each in _documents()]
    assert {draft.confirmation_count for draft in drafts} == {0}


def test_the_trigger_leaves_its_secret_to_the_api() -> None:
    document = trigger_document("http://127.0.0.1:4000/acme")
    draft = parse_trigger_body(json.dumps(document).encode()).draft
    assert draft.config.secret is None


def _documents() -> tuple[Document, ...]:
    return network_documents("http://127.0.0.1:8645")


def _networks_of(monitor: Document) -> list[str]:
    networks = monitor["networks"]
    assert isinstance(networks, list)
    return networks
