"""Network files: what becomes of them, and what is said of those that are refused."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.support.openzeppelin import a_network_file, an_endpoint
from tocsin.errors import InputError
from tocsin.model.network import ChainFamily, NetworkDraft
from tocsin.openzeppelin.document import Parsed
from tocsin.openzeppelin.networks import parse_network

PUBLIC = "Public Global Stellar Network ; September 2015"


def parse(**changes: Any) -> Parsed[NetworkDraft]:
    return parse_network(json.dumps(a_network_file(**changes)), source="net.json")


def test_an_evm_network_becomes_a_draft() -> None:
    assert parse().draft == NetworkDraft(
        slug="ethereum_mainnet",
        name="Ethereum Mainnet",
        family=ChainFamily.EVM,
        chain_identity="1",
        endpoint_urls=("https://node.example/key",),
        block_time=timedelta(seconds=12),
        confirmation_count=12,
    )


def test_a_stellar_network_is_identified_by_its_passphrase() -> None:
    draft = parse(network_type="Stellar", chain_id=..., network_passphrase=PUBLIC).draft
    assert (draft.family, draft.chain_identity) == (ChainFamily.STELLAR, PUBLIC)


def test_endpoints_come_by_falling_weight_and_without_those_of_weight_zero() -> None:
    weights = {"https://c": 5, "https://a": 90, "https://z": 0, "https://d": 5}
    draft = parse(rpc_urls=[an_endpoint(url, weight) for url, weight in weights.items()]).draft
    assert draft.endpoint_urls == ("https://a", "https://c", "https://d")


def test_settings_without_effect_are_named_in_a_warning() -> None:
    (warning,) = parse(max_past_blocks=54, store_blocks=False).warnings
    assert warning.startswith("cron_schedule, max_past_blocks, store_blocks: without effect")


def test_an_open_endpoint_is_worth_a_warning() -> None:
    assert any(
        "http://" in warning for warning in parse(rpc_urls=[an_endpoint("http://n")]).warnings
    )


RECOVERY = {
    "enabled": True,
    "cron_schedule": "",
    "max_blocks_per_run": 1,
    "max_block_age": 1,
    "max_retries": 1,
    "retry_delay_ms": 1,
}


@pytest.mark.parametrize(
    "changes",
    [
        {"max_past_blocks": "unlimited"},
        {"max_past_blocks": None, "store_blocks": None, "recovery_config": None},
        {"recovery_config": RECOVERY},
        {"network_passphrase": None},
    ],
)
def test_what_the_original_accepts_is_accepted(changes: dict[str, Any]) -> None:
    assert parse(**changes).draft.slug == "ethereum_mainnet"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"network_type": "evm"}, "network_type"),
        ({"network_type": "Solana"}, "network_type"),
        ({"slug": "Invalid-Slug"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "eth\n"}, "slug"),
        ({"name": ""}, "name"),
        ({"chain_id": ...}, "chain_id"),
        ({"chain_id": None}, "chain_id"),
        ({"chain_id": "1"}, "chain_id"),
        ({"chain_id": 0}, "chain_id"),
        ({"chain_id": 1.0}, "chain_id"),
        ({"chain_id": True}, "chain_id"),
        ({"chain_id": 2**64}, "chain_id"),
        ({"network_type": "Stellar"}, "network_passphrase"),
        ({"block_time_ms": 99}, "block_time_ms"),
        ({"confirmation_blocks": 0}, "confirmation_blocks"),
        ({"confirmation_blocks": -1}, "confirmation_blocks"),
        ({"cron_schedule": ""}, "cron_schedule"),
        ({"cron_schedule": ...}, "cron_schedule"),
        ({"max_past_blocks": 0}, "max_past_blocks"),
        ({"max_past_blocks": 10.5}, "max_past_blocks"),
        ({"max_past_blocks": True}, "max_past_blocks"),
        ({"max_past_blocks": "10"}, "max_past_blocks"),
        ({"store_blocks": 1}, "store_blocks"),
        ({"recovery_config": {**RECOVERY, "extra": 1}}, "recovery_config.extra"),
        ({"recovery_config": {**RECOVERY, "max_retries": 2**32}}, "recovery_config.max_retries"),
        ({"unknown_key": 1}, "unknown_key"),
        ({"rpc_urls": []}, "rpc_urls"),
        ({"rpc_urls": [an_endpoint(weight=0)]}, "rpc_urls"),
        ({"rpc_urls": [an_endpoint(weight=101)]}, "rpc_urls[0].weight"),
        ({"rpc_urls": [{**an_endpoint(), "type_": "ws_rpc"}]}, "rpc_urls[0].type_"),
        ({"rpc_urls": [{**an_endpoint(), "url": "https://x"}]}, "rpc_urls[0].url"),
        ({"rpc_urls": [an_endpoint("wss://node")]}, "rpc_urls[0].url"),
        ({"rpc_urls": [an_endpoint("invalid-url")]}, "rpc_urls[0].url"),
        ({"rpc_urls": [an_endpoint("https://")]}, "rpc_urls[0].url"),
        ({"rpc_urls": [an_endpoint("https://x:99999")]}, "rpc_urls[0].url"),
        ({"rpc_urls": [an_endpoint("https://x\r\ny")]}, "rpc_urls[0].url"),
        ({"rpc_urls": [an_endpoint("https://[::1")]}, "rpc_urls[0].url"),
    ],
)
def test_an_error_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize("kind", ["environment", "Environment", "HashicorpCloudVault"])
def test_a_secret_of_the_operators_store_is_refused(kind: str) -> None:
    secret = {"type": kind, "value": "NODE_URL"}
    with pytest.raises(InputError, match="operator") as caught:
        parse(rpc_urls=[{**an_endpoint(), "url": secret}])
    assert caught.value.field == "rpc_urls[0].url.type"


@pytest.mark.parametrize("kind", ["plain", "Plain", "PLAIN"])
def test_the_type_of_a_secret_may_have_any_case(kind: str) -> None:
    secret = {"type": kind, "value": "https://x", "ignored": 1}
    assert parse(rpc_urls=[{**an_endpoint(), "url": secret}]).draft.endpoint_urls == ("https://x",)


@pytest.mark.parametrize(
    "url",
    [
        "s3cr3t",
        {"type": "plain", "value": "ftp://s3cr3t"},
        {"type": "plain", "value": ["s3cr3t"]},
        {"type": "s3cr3t-type", "value": "https://s3cr3t"},
    ],
)
def test_an_error_never_shows_a_secret(url: object) -> None:
    with pytest.raises(InputError) as caught:
        parse(rpc_urls=[{**an_endpoint(), "url": url}])
    assert "s3cr3t" not in str(caught.value)
