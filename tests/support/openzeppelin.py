"""Configuration files in OpenZeppelin Monitor's format: valid ones, changed where a test speaks."""

from base64 import b64encode
from typing import Any

ABI = [{"type": "event", "name": "E", "inputs": [], "anonymous": False, "gas": 2**70}]
URL = {"type": "plain", "value": "https://hooks.example/s3cr3t"}
KEY = "whsec_" + b64encode(b"k" * 24).decode()


def _changed(whole: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def a_monitor_file(**changes: Any) -> dict[str, Any]:
    """Return a valid monitor with some members changed; ``...`` takes one out."""
    whole = {
        "name": "Whales",
        "paused": False,
        "networks": ["ethereum_mainnet"],
        "addresses": [{"address": "0xA0b8", "contract_spec": ABI}],
        "match_conditions": {
            "functions": [{"signature": "f()", "expression": None}],
            "events": [{"signature": "E()", "expression": "v > 1"}],
            "transactions": [{"status": "Success"}],
        },
        "trigger_conditions": [],
        "triggers": ["ops"],
    }
    return _changed(whole, changes)


def an_endpoint(url: str = "https://node.example/key", weight: object = 100) -> dict[str, Any]:
    """Return one entry of ``rpc_urls``."""
    return {"type_": "rpc", "url": {"type": "plain", "value": url}, "weight": weight}


def a_network_file(**changes: Any) -> dict[str, Any]:
    """Return a valid EVM network with some members changed; ``...`` takes one out."""
    whole = {
        "network_type": "EVM",
        "slug": "ethereum_mainnet",
        "name": "Ethereum Mainnet",
        "rpc_urls": [an_endpoint()],
        "chain_id": 1,
        "block_time_ms": 12000,
        "confirmation_blocks": 12,
        "cron_schedule": "0 */1 * * * *",
    }
    return _changed(whole, changes)


def a_trigger(**changes: Any) -> dict[str, Any]:
    """Return a valid webhook trigger with some members of its config changed."""
    config = {"url": URL, "secret": {"type": "plain", "value": KEY}}
    return {
        "name": "Operations",
        "trigger_type": "webhook",
        "config": _changed(config, changes),
    }
