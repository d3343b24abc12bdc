"""How long each operation is: what moves a reader past one, and past what precedes them.

Source: Stellar-transaction.x and Stellar-ledger-entries.x of protocol 23, in their order.
"""

from tocsin.chains.stellar.codec.scval import read_address, read_value, read_values
from tocsin.chains.stellar.codec.xdr import (
    Skip,
    XdrReader,
    skip_all,
    skip_array,
    skip_fixed,
    skip_opaque,
    skip_optional,
    skip_union,
)

MAX_ENTRIES = 1000  # of a footprint; the network's own limits are narrower

_NOTHING: Skip = skip_fixed(0)
_U32 = skip_fixed(4)
_I64 = skip_fixed(8)
_HASH = skip_fixed(32)
_PRICE = skip_fixed(8)
_ACCOUNT = skip_union({0: _HASH})
_MUXED = skip_union({0: _HASH, 0x100: skip_fixed(40)})
_ASSET_ARMS: dict[int, Skip] = {
    0: _NOTHING,
    1: skip_all(skip_fixed(4), _ACCOUNT),
    2: skip_all(skip_fixed(12), _ACCOUNT),
}
SKIP_ASSET = skip_union(_ASSET_ARMS)
SKIP_POOL_PARAMETERS = skip_union({0: skip_all(SKIP_ASSET, SKIP_ASSET, _U32)})
_CHANGE_TRUST_ASSET = skip_union({**_ASSET_ARMS, 3: SKIP_POOL_PARAMETERS})
_TRUST_LINE_ASSET = skip_union({**_ASSET_ARMS, 3: _HASH})
_ASSET_CODE = skip_union({1: skip_fixed(4), 2: skip_fixed(12)})
_SIGNER_KEY = skip_union({0: _HASH, 1: _HASH, 2: _HASH, 3: skip_all(_HASH, skip_opaque)})
_BALANCE_ID = skip_union({0: _HASH})


def skip_predicate(reader: XdrReader) -> None:
    """Move past a ``ClaimPredicate``."""
    with reader.nested():
        _PREDICATE(reader)


_PREDICATE = skip_union(
    {
        0: _NOTHING,
        1: skip_array(skip_predicate),
        2: skip_array(skip_predicate),
        3: skip_optional(skip_predicate),
        4: _I64,
        5: _I64,
    }
)
_CLAIMANT = skip_union({0: skip_all(_ACCOUNT, skip_predicate)})

_LEDGER_KEY = skip_union(
    {
        0: _ACCOUNT,
        1: skip_all(_ACCOUNT, _TRUST_LINE_ASSET),
        2: skip_all(_ACCOUNT, _I64),
        3: skip_all(_ACCOUNT, skip_opaque),
        4: _BALANCE_ID,
        5: _HASH,
        6: skip_all(read_address, read_value, _U32),
        7: _HASH,
        8: _U32,
        9: _HASH,
    }
)

_PREIMAGE = skip_union({0: skip_all(read_address, _HASH), 1: SKIP_ASSET})
_EXECUTABLE = skip_union({0: _HASH, 1: _NOTHING, 2: skip_all(read_address, skip_opaque)})
_CREATE_CONTRACT = skip_all(_PREIMAGE, _EXECUTABLE)
_CREATE_CONTRACT_V2 = skip_all(_PREIMAGE, _EXECUTABLE, read_values)
_INVOKE_CONTRACT = skip_all(read_address, skip_opaque, read_values)
_HOST_FUNCTION = skip_union(
    {0: _INVOKE_CONTRACT, 1: _CREATE_CONTRACT, 2: skip_opaque, 3: _CREATE_CONTRACT_V2}
)


def _skip_authorized(reader: XdrReader) -> None:
    with reader.nested():
        _AUTHORIZED(reader)


_AUTHORIZED = skip_all(
    skip_union({0: _INVOKE_CONTRACT, 1: _CREATE_CONTRACT, 2: _CREATE_CONTRACT_V2}),
    skip_array(_skip_authorized),
)
_CREDENTIALS = skip_union({0: _NOTHING, 1: skip_all(read_address, _I64, _U32, read_value)})
_AUTHORIZATION = skip_all(_CREDENTIALS, _skip_authorized)

_OFFER = skip_all(SKIP_ASSET, SKIP_ASSET, _I64, _PRICE, _I64)
_PATH_PAYMENT = skip_all(SKIP_ASSET, _I64, _MUXED, SKIP_ASSET, _I64, skip_array(SKIP_ASSET))
_OPTIONAL_U32 = skip_optional(_U32)

SKIP_OPERATION = skip_union(
    {
        0: skip_all(_ACCOUNT, _I64),  # create account
        1: skip_all(_MUXED, SKIP_ASSET, _I64),  # payment
        2: _PATH_PAYMENT,  # path payment, strict receive
        3: _OFFER,  # manage sell offer
        4: skip_all(SKIP_ASSET, SKIP_ASSET, _I64, _PRICE),  # create passive sell offer
        5: skip_all(  # set options
            skip_optional(_ACCOUNT),
            *[_OPTIONAL_U32] * 6,
            skip_optional(skip_opaque),
            skip_optional(skip_all(_SIGNER_KEY, _U32)),
        ),
        6: skip_all(_CHANGE_TRUST_ASSET, _I64),  # change trust
        7: skip_all(_ACCOUNT, _ASSET_CODE, _U32),  # allow trust
        8: _MUXED,  # account merge
        9: _NOTHING,  # inflation
        10: skip_all(skip_opaque, skip_optional(skip_opaque)),  # manage data
        11: _I64,  # bump sequence
        12: _OFFER,  # manage buy offer
        13: _PATH_PAYMENT,  # path payment, strict send
        14: skip_all(SKIP_ASSET, _I64, skip_array(_CLAIMANT)),  # create claimable balance
        15: _BALANCE_ID,  # claim claimable balance
        16: _ACCOUNT,  # begin sponsoring future reserves
        17: _NOTHING,  # end sponsoring future reserves
        18: skip_union({0: _LEDGER_KEY, 1: skip_all(_ACCOUNT, _SIGNER_KEY)}),  # revoke sponsorship
        19: skip_all(SKIP_ASSET, _MUXED, _I64),  # clawback
        20: _BALANCE_ID,  # clawback claimable balance
        21: skip_all(_ACCOUNT, SKIP_ASSET, _U32, _U32),  # set trust line flags
        22: skip_all(_HASH, _I64, _I64, _PRICE, _PRICE),  # liquidity pool deposit
        23: skip_all(_HASH, _I64, _I64, _I64),  # liquidity pool withdraw
        24: skip_all(_HOST_FUNCTION, skip_array(_AUTHORIZATION)),  # invoke host function
        25: skip_all(_U32, _U32),  # extend footprint time to live
        26: _U32,  # restore footprint
    }
)

SKIP_MEMO = skip_union({0: _NOTHING, 1: skip_opaque, 2: _I64, 3: _HASH, 4: _HASH})

SKIP_PRECONDITIONS = skip_union(
    {
        0: _NOTHING,
        1: skip_fixed(16),
        2: skip_all(
            skip_optional(skip_fixed(16)),
            skip_optional(skip_fixed(8)),
            skip_optional(_I64),
            _I64,
            _U32,
            skip_array(_SIGNER_KEY),
        ),
    }
)

_RESOURCES_EXT = skip_union({0: _NOTHING, 1: skip_array(_U32)})


def read_footprint(reader: XdrReader) -> tuple[list[str], list[str]]:
    """Return the contracts and the hashes of the code that a transaction's footprint names.

    The reader stands behind the last operation, before the extension of the transaction; one
    without resources names nothing.

    Raises:
        ValueError: not a footprint, or one of more than ``MAX_ENTRIES``.
    """
    contracts: dict[str, None] = {}
    code: dict[str, None] = {}
    if reader.signed() == 1:
        _RESOURCES_EXT(reader)
        left = MAX_ENTRIES
        for _ in range(2):  # what is read, what is written
            count = reader.count()
            left -= count
            if left < 0:
                raise ValueError(f"a footprint has more than {MAX_ENTRIES} entries")
            for _ in range(count):
                _read_ledger_key(reader, contracts, code)
    return list(contracts), list(code)


def _read_ledger_key(reader: XdrReader, contracts: dict[str, None], code: dict[str, None]) -> None:
    start = reader.position
    match reader.signed():
        case 6:
            contracts[read_address(reader)] = None
        case 7:
            code[reader.fixed(32).hex()] = None
        case _:
            pass
    reader.position = start
    _LEDGER_KEY(reader)
