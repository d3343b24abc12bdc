"""Stellar XDR made by the SDK from a seed, and ways to spoil it."""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import stellar_sdk as ops
from stellar_sdk import Address, Asset, StrKey, scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_operations import OPERATIONS

X = stellar_xdr
Tag = stellar_xdr.SCValType
MOST_LEVELS = 100  # as many as the Soroban host lets a value have

_SEED = bytes(range(32))
_NESTED = (
    b"\0\0\0\x10\0\0\0\1\0\0\0\1",  # a vec of one
    b"\0\0\0\x11\0\0\0\1\0\0\0\1\0\0\0\1",  # a map of one, under void
    b"\0\0\0\x11\0\0\0\1\0\0\0\1",  # a map of one, as the key
    b"\0\0\0\1\0\0\0\1",  # a predicate of one
    b"\0\0\0\3\0\0\0\1",  # the opposite of a predicate
)
_KINDS = 30  # more than there are kinds of values, or of operations
_LENGTHS = (0, 1, 2, 3, 5, 16, 17, 19, 24, 32, 33, 100, 101, 0x100, 10**6, 2**31, 2**32 - 1)


def a_key(rng: Random) -> bytes:
    """Return a key, often one of a few."""
    return rng.choice((bytes(32), _SEED, (2).to_bytes(32), rng.randbytes(32)))


def a_symbol(rng: Random) -> str:
    """Return text that a symbol can have."""
    return "".join(rng.choice("abXY_09") for _ in range(rng.choice((1, 1, 4, 8, 9, 31, 32))))


def an_address(rng: Random) -> Address:
    """Return an address of any kind."""
    key = a_key(rng)
    match rng.randrange(6):
        case 0 | 1:
            return Address.from_raw_account(key)
        case 2 | 3:
            return Address.from_raw_contract(key)
        case 4:
            return Address.from_raw_muxed_account(key + rng.randbytes(8))
        case _:
            pool = Address.from_raw_liquidity_pool(key)
            return rng.choice((pool, Address.from_raw_claimable_balance(b"\0" + key)))


def an_integer(rng: Random) -> X.SCVal:
    """Return an integer of any size, often one at an end of its range."""
    bits, is_signed = rng.choice((32, 64, 128, 256)), rng.random() < 0.5
    number = rng.choice((0, 1, (1 << bits) - 1, 1 << bits - 1, rng.getrandbits(bits)))
    if is_signed:
        number -= 1 << bits - 1
    make: Callable[[int], X.SCVal] = getattr(scval, f"to_{'' if is_signed else 'u'}int{bits}")
    return make(number)


def a_scalar(rng: Random) -> X.SCVal:
    """Return a value that holds no other."""
    made: X.SCVal = rng.choice(_SCALARS)(rng)
    return made


def a_string(rng: Random) -> X.SCVal:
    """Return a string, also one that is no UTF-8."""
    size = rng.choice((0, 1, 3, 33, 36, 40))
    return scval.to_string(bytes(rng.choice(b"aB \\\n\0\x7f\xff\xc3\xa9") for _ in range(size)))


def a_rare(rng: Random) -> X.SCVal:
    """Return a value of a kind that has nothing to show."""
    code, nonce = X.Uint32(rng.getrandbits(32)), X.SCNonceKey(X.Int64(rng.getrandbits(63)))
    return rng.choice(
        (
            X.SCVal(Tag.SCV_ERROR, error=X.SCError(X.SCErrorType(0), contract_code=code)),
            X.SCVal(Tag.SCV_VEC),
            X.SCVal(Tag.SCV_MAP),
            X.SCVal(Tag.SCV_LEDGER_KEY_CONTRACT_INSTANCE),
            X.SCVal(Tag.SCV_LEDGER_KEY_NONCE, nonce_key=nonce),
            X.SCVal(Tag.SCV_EXECUTABLE_TAG, executable_tag=X.SCString(b"v1")),
            X.SCVal(Tag.SCV_CONTRACT_INSTANCE, instance=an_instance(rng)),
        )
    )


def an_instance(rng: Random) -> X.SCContractInstance:
    """Return what runs a contract, with or without its storage."""
    kind = X.ContractExecutableType(rng.randrange(2))
    executable = X.ContractExecutable(kind, wasm_hash=None if kind else X.Hash(a_key(rng)))
    storage = scval.to_map({scval.to_symbol("k"): an_integer(rng)}).map
    return X.SCContractInstance(executable, rng.choice((None, storage)))


_SCALARS: tuple[Callable[[Random], X.SCVal], ...] = (
    lambda rng: scval.to_bool(rng.random() < 0.5),
    lambda _: scval.to_void(),
    *[an_integer] * 3,
    lambda rng: rng.choice((scval.to_timepoint, scval.to_duration))(rng.getrandbits(64)),
    lambda rng: scval.to_bytes(rng.randbytes(rng.choice((0, 1, 4, 31, 32, 33)))),
    a_string,
    lambda rng: scval.to_symbol(a_symbol(rng)),
    lambda rng: an_address(rng).to_xdr_sc_val(),
    a_rare,
)


def a_value(rng: Random, depth: int = 4) -> X.SCVal:
    """Return a value; containers nest up to ``depth``."""
    form = rng.randrange(8) if depth else 7
    if form < 2:
        return scval.to_vec([a_value(rng, depth - 1) for _ in range(rng.choice((0, 1, 2, 4)))])
    if form < 4:
        keys = [a_map_key(rng, depth) for _ in range(rng.choice((0, 1, 2, 4)))]
        entries = [X.SCMapEntry(key, a_value(rng, depth - 1)) for key in keys]
        return X.SCVal(Tag.SCV_MAP, map=X.SCMap(entries))
    return a_scalar(rng)


def a_map_key(rng: Random, depth: int) -> X.SCVal:
    """Return a key, of any kind, also one that stands twice in its map."""
    is_usual = rng.random() < 0.8
    return scval.to_symbol(a_symbol(rng)) if is_usual else a_value(rng, depth - 1)


def a_deep_value(rng: Random, levels: int) -> X.SCVal:
    """Return a value inside that many containers."""
    value = a_scalar(rng)
    for _ in range(levels):
        entry = X.SCMapEntry(scval.to_symbol("k"), value)
        is_map = rng.random() < 0.5
        value = X.SCVal(Tag.SCV_MAP, map=X.SCMap([entry])) if is_map else scval.to_vec([value])
    return value


def an_account(rng: Random) -> str:
    """Return an account's address, also one with an id."""
    key = a_key(rng)
    if rng.random() < 0.3:
        return StrKey.encode_med25519_public_key(key + rng.randbytes(8))
    return StrKey.encode_ed25519_public_key(key)


def an_asset(rng: Random) -> Asset:
    """Return an asset of any kind."""
    issuer = StrKey.encode_ed25519_public_key(a_key(rng))
    return rng.choice((Asset.native(), Asset("USD", issuer), Asset("LONGCODE", issuer)))


def an_amount(rng: Random) -> str:
    """Return an amount as the SDK takes it."""
    return format(Decimal(rng.choice((1, 2**63 - 1, rng.getrandbits(40) + 1))).scaleb(-7), "f")


def an_operation(rng: Random) -> X.Operation:
    """Return an operation of any type, half of them calls and payments."""
    source = an_account(rng) if rng.random() < 0.3 else None
    match rng.randrange(6):
        case 0:
            made: Any = ops.Payment(an_account(rng), an_asset(rng), an_amount(rng))
        case 1 | 2:
            made = ops.InvokeHostFunction(a_call(rng))
        case _:
            made = rng.choice([*OPERATIONS.values()])
    encoded: X.Operation = made.to_xdr_object()
    own = None if source is None else ops.MuxedAccount.from_account(source).to_xdr_object()
    return X.Operation(own, encoded.body)


def a_call(rng: Random) -> X.HostFunction:
    """Return a call of a contract with nested arguments."""
    contract = Address.from_raw_contract(a_key(rng))
    arguments = [a_value(rng) for _ in range(rng.choice((0, 1, 2, 4)))]
    name = X.SCSymbol(a_symbol(rng).encode())
    return X.HostFunction(
        X.HostFunctionType.HOST_FUNCTION_TYPE_INVOKE_CONTRACT,
        invoke_contract=X.InvokeContractArgs(contract.to_xdr_sc_address(), name, arguments),
    )


def an_envelope(rng: Random) -> X.TransactionEnvelope:
    """Return an envelope of any version, with a few operations or as many as there may be."""
    operations = [an_operation(rng) for _ in range(rng.choice((1, 1, 1, 2, 5, 0)))]
    if rng.random() < 0.02:
        operations *= 100 // max(1, len(operations))
    fee, number = X.Uint32(100), X.SequenceNumber(X.Int64(rng.getrandbits(62)))
    bounds, memo = a_time_bounds(rng), a_memo(rng)
    if rng.random() < 0.15:
        old = X.TransactionV0(
            X.Uint256(a_key(rng)), fee, number, bounds, memo, operations, X.TransactionV0Ext(0)
        )
        return X.TransactionEnvelope(
            X.EnvelopeType.ENVELOPE_TYPE_TX_V0, v0=X.TransactionV0Envelope(old, [])
        )
    source = ops.MuxedAccount.from_account(an_account(rng)).to_xdr_object()
    made = X.Transaction(
        source, fee, number, some_preconditions(rng), memo, operations, a_footprint(rng)
    )
    signed = X.TransactionV1Envelope(made, [])
    if rng.random() < 0.7:
        return X.TransactionEnvelope(X.EnvelopeType.ENVELOPE_TYPE_TX, v1=signed)
    payer = ops.MuxedAccount.from_account(an_account(rng)).to_xdr_object()
    inner = X.FeeBumpTransactionInnerTx(X.EnvelopeType.ENVELOPE_TYPE_TX, v1=signed)
    bumped = X.FeeBumpTransaction(payer, X.Int64(200), inner, X.FeeBumpTransactionExt(0))
    return X.TransactionEnvelope(
        X.EnvelopeType.ENVELOPE_TYPE_TX_FEE_BUMP,
        fee_bump=X.FeeBumpTransactionEnvelope(bumped, []),
    )


def a_footprint(rng: Random) -> X.TransactionExt:
    """Return the resources of a transaction, or none."""
    if rng.random() < 0.6:
        return X.TransactionExt(0)
    contract = an_address(rng).to_xdr_sc_address()
    data = X.LedgerKeyContractData(contract, a_value(rng, 2), X.ContractDataDurability.PERSISTENT)
    code = X.LedgerKeyContractCode(X.Hash(a_key(rng)))
    keys = [
        X.LedgerKey(X.LedgerEntryType.CONTRACT_DATA, contract_data=data),
        X.LedgerKey(X.LedgerEntryType.CONTRACT_CODE, contract_code=code),
    ]
    zero = X.Uint32(0)
    resources = X.SorobanResources(X.LedgerFootprint(keys[:1], keys), zero, zero, zero)
    none = X.SorobanTransactionDataExt(0)
    return X.TransactionExt(1, soroban_data=X.SorobanTransactionData(none, resources, X.Int64(0)))


def a_time_bounds(rng: Random) -> X.TimeBounds | None:
    """Return the times between which a transaction is valid, or none."""
    made = X.TimeBounds(X.TimePoint(X.Uint64(0)), X.TimePoint(X.Uint64(rng.getrandbits(64))))
    return rng.choice((None, made))


def some_preconditions(rng: Random) -> X.Preconditions:
    """Return preconditions of any version."""
    bounds = a_time_bounds(rng)
    if rng.random() < 0.2:
        signers = [ops.SignerKey.sha256_hash(a_key(rng)).to_xdr_object()] * rng.randrange(3)
        age = X.Duration(X.Uint64(1))
        more = X.PreconditionsV2(bounds, None, None, age, X.Uint32(0), signers)
        return X.Preconditions(X.PreconditionType.PRECOND_V2, v2=more)
    kind = X.PreconditionType.PRECOND_TIME if bounds else X.PreconditionType.PRECOND_NONE
    return X.Preconditions(kind, time_bounds=bounds)


def a_memo(rng: Random) -> X.Memo:
    """Return a memo of any kind."""
    key = X.Hash(a_key(rng))
    text, number = rng.randbytes(rng.choice((0, 1, 4, 21, 28))), X.Uint64(rng.getrandbits(64))
    kind = X.MemoType(rng.choice((0, 1, 1, 2, 3, 4)))
    return X.Memo(kind, text=text, id=number, hash=key, ret_hash=key)


def an_emitted(rng: Random, *, is_update: bool) -> X.ContractEvent:
    """Return an event of a contract, or what the host says where one exchanges its code."""
    wasm = scval.to_vec([scval.to_symbol("Wasm"), scval.to_bytes(a_key(rng))])
    topics = [scval.to_symbol("executable_update"), rng.choice((wasm, a_value(rng, 2))), wasm]
    if not is_update:
        topics = [scval.to_symbol(a_symbol(rng)), *(a_scalar(rng) for _ in range(rng.randrange(4)))]
    return X.ContractEvent(
        ext=X.ExtensionPoint(0),
        contract_id=X.ContractID(X.Hash(a_key(rng))),
        type=X.ContractEventType(0 if is_update else 1),
        body=X.ContractEventBody(0, v0=X.ContractEventV0(topics, a_value(rng))),
    )


def spoil(rng: Random, raw: bytes) -> bytes:
    """Return bytes with a few things wrong: bits, words, lengths, order, depth or their end."""
    found = bytearray(raw)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        rng.choice((_spoil_once, _spoil_once, _spoil_once, _exchange_a_kind))(rng, found)
    return bytes(found)


def _exchange_a_kind(rng: Random, found: bytearray) -> None:
    """Change what could be the kind of a value or operation into that of another."""
    words = [place for place in range(0, len(found) - 3, 4) if found[place : place + 3] == bytes(3)]
    kinds = [place for place in words if found[place + 3] < _KINDS]
    if kinds:
        found[rng.choice(kinds) + 3] = rng.randrange(_KINDS)


def _spoil_once(rng: Random, found: bytearray) -> None:
    words = len(found) // 4 + 1
    place, other = 4 * rng.randrange(words), 4 * rng.randrange(words)
    size = 4 * rng.choice((1, 1, 2, 3, 9))
    match rng.randrange(8):
        case 0:
            if found:
                found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        case 1 | 2:
            found[place : place + 4] = rng.choice(_LENGTHS).to_bytes(4)
        case 3:
            del found[rng.randrange(len(found) + 1) :]
        case 4:
            del found[place : place + rng.choice((1, 4, size))]
        case 5:
            found[place:place] = found[other : other + size] * rng.choice((1, 2, 40))
        case 6:
            first, second = sorted((place, other))
            found[first:] = found[second:] + found[first:second]
        case _:
            found[place:place] = rng.choice(_NESTED) * rng.choice((1, 30, 90, 120, 2_000))
