"""Who pays on the simulated network: accounts whose keys follow from their names alone."""

from functools import cache
from hashlib import sha256

from stellar_sdk import Keypair, StrKey

ACCOUNT_COUNT = 8


def _keypair(name: str) -> Keypair:
    return Keypair.from_raw_ed25519_seed(sha256(f"tocsin devnet account {name}".encode()).digest())


ACCOUNTS: tuple[str, ...] = tuple(_keypair(str(i)).public_key for i in range(ACCOUNT_COUNT))
"""The accounts that send and receive, as StrKey (``G…``); the same for every seed."""

ISSUER: str = _keypair("issuer").public_key
"""The account that issued the credit asset ``CREDIT_CODE``."""

CREDIT_CODE = "TUSD"

TREASURY: str = _keypair("treasury").public_key
"""Receives what later operations of a multi-operation payment pay, and nothing else."""

FEE_PAYER: str = _keypair("fee payer").public_key
"""Pays the fees of fee-bump transactions, and does nothing else."""

VALIDATOR: str = _keypair("validator").public_key
"""The node whose name stands under every ledger's value."""


@cache
def raw_account(address: str) -> bytes:
    """Return the 32 bytes of the public key that a ``G…`` address spells."""
    return StrKey.decode_ed25519_public_key(address)


@cache
def raw_contract(address: str) -> bytes:
    """Return the 32 bytes that a ``C…`` address spells."""
    return StrKey.decode_contract(address)


def contract_address(name: str) -> str:
    """Return the ``C…`` address of the devnet contract of that name."""
    return StrKey.encode_contract(sha256(f"tocsin devnet contract {name}".encode()).digest())
