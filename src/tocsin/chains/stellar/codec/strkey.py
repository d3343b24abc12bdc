"""StrKey: addresses as text.

Shape: base32 of a version byte, the payload and a CRC-16/XMODEM in little-endian order, without
padding. Source: Stellar SEP-23.
"""

import base64
import binascii
from functools import lru_cache

ACCOUNT = 6 << 3  # G
MUXED = 12 << 3  # M
CONTRACT = 2 << 3  # C
CLAIMABLE_BALANCE = 1 << 3  # B
LIQUIDITY_POOL = 11 << 3  # L
PRE_AUTHORIZED = 19 << 3  # T
HASH_X = 23 << 3  # X
SIGNED_PAYLOAD = 15 << 3  # P

_PAYLOAD_BYTES = {ACCOUNT: 32, CONTRACT: 32}


@lru_cache(maxsize=65_536)  # the same accounts and contracts come again in every ledger
def encode_strkey(version: int, payload: bytes) -> str:
    """Return the text of an address."""
    body = bytes((version,)) + payload
    checksum = binascii.crc_hqx(body, 0).to_bytes(2, "little")
    return base64.b32encode(body + checksum).decode().rstrip("=")


def canonical_address(text: str) -> str:
    """Return an account (``G…``) or contract (``C…``) in upper case, without white space.

    Raises:
        ValueError: neither, or the checksum is wrong.
    """
    address = "".join(text.split()).upper()
    if len(address) != 56 or not address.isascii():
        raise ValueError("an address is 56 characters that start with C or G")
    try:
        raw = base64.b32decode(address)
    except binascii.Error as cause:
        raise ValueError("an address has only letters and the digits 2 to 7") from cause
    if raw[0] not in _PAYLOAD_BYTES:
        raise ValueError("an address starts with C (contract) or G (account)")
    if encode_strkey(raw[0], raw[1:33]) != address:
        raise ValueError("the address's checksum is wrong: a character was mistyped")
    return address


def base_account(address: str) -> str:
    """Return whose account an address is: of ``M…`` the ``G…`` it belongs to, else itself."""
    if not address.startswith("M"):
        return address
    return encode_strkey(ACCOUNT, base64.b32decode(f"{address}===")[1:33])


def is_account(address: str) -> bool:
    """Return whether a canonical address is an account's."""
    return address.startswith("G")


def is_contract(address: str) -> bool:
    """Return whether a canonical address is a contract's."""
    return address.startswith("C")


def contract_payload(address: str) -> bytes:
    """Return the 32 bytes that a canonical contract address stands for."""
    return base64.b32decode(address)[1:33]
