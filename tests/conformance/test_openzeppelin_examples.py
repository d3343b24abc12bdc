"""The published example files: each is read, or refused for the reason written here."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.recorded import recorded_file
from tocsin.errors import InputError
from tocsin.openzeppelin.monitors import parse_monitor
from tocsin.openzeppelin.networks import parse_network
from tocsin.openzeppelin.triggers import parse_triggers_file

READERS: dict[str, Callable[[bytes], object]] = {
    "monitors": lambda raw: parse_monitor(raw, source="example"),
    "networks": lambda raw: parse_network(raw, source="example"),
    "triggers": lambda raw: parse_triggers_file(raw, source="example"),
}
REFUSED = {
    "evm_transfer_usdc.json": "scripts that filter matches are not supported yet",
    "stellar_swap_dex.json": "scripts that filter matches are not supported yet",
    "midnight_testnet_bulletin_post.json": "Midnight is not supported",
    "midnight_testnet.json": "Midnight is not supported",
    "solana_devnet.json": "Solana is not supported",
    "solana_mainnet.json": "Solana is not supported",
    "slack_notifications.json": "slack triggers are not supported yet",
    "email_notifications.json": "email triggers are not supported yet",
    "discord_notifications.json": "discord triggers are not supported yet",
    "telegram_notifications.json": "telegram triggers are not supported yet",
    "script_notifications.json": "script triggers are not supported yet",
    "webhook_notifications.json": "a message of one's own is not supported yet",
}
EXAMPLE_COUNT = 47


def recorded_names(kind: str) -> list[str]:
    """Return the names of the example files of a kind, or none where they are not there."""
    root = Path(os.environ.get("RECORDED_CHAIN_DATA", ""), "examples", kind)
    return sorted(path.name for path in root.glob("*.json")) if root.is_dir() else []


@pytest.mark.parametrize("kind", READERS)
def test_each_example_is_read_or_refused_for_its_known_reason(kind: str) -> None:
    recorded_file("examples", "networks", "ethereum_mainnet.json")  # skips where none are recorded
    for name in recorded_names(kind):
        raw = recorded_file("examples", kind, name)
        if name in REFUSED:
            with pytest.raises(InputError, match=REFUSED[name]):
                READERS[kind](raw)
        else:
            READERS[kind](raw)


def test_no_example_is_forgotten() -> None:
    recorded_file("examples", "networks", "ethereum_mainnet.json")
    assert sum(len(recorded_names(kind)) for kind in READERS) == EXAMPLE_COUNT


@pytest.mark.parametrize("family", ["evm", "stellar", "solana"])
def test_monitors_recorded_beside_chain_data_are_read(family: str) -> None:
    parse_monitor(recorded_file(family, "monitors", "monitor.json"), source="monitor.json")


@pytest.mark.parametrize("family", ["evm", "stellar"])
def test_networks_recorded_beside_chain_data_are_read(family: str) -> None:
    parse_network(recorded_file(family, "networks", "network.json"), source="network.json")
