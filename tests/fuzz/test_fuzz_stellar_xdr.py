"""Stellar XDR as the SDK writes it, then spoilt: read as the SDK reads it, or refused.

Every case follows from its number alone, and a failure names it: ``check_case(number)``.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import count, takewhile
from random import Random
from time import monotonic, process_time
from typing import Any, TypeVar

import msgspec
import pytest
from stellar_sdk import Address, StrKey
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import (
    Json,
    RawLedger,
    a_ledger,
    account,
    contract,
)
from tests.support.stellar_oracle import (
    account_of,
    as_ours,
    as_theirs,
    asset_text,
    calls_of,
    footprint_of,
    inner_of,
)
from tests.support.stellar_random import (
    MOST_LEVELS,
    a_deep_value,
    a_key,
    a_scalar,
    a_value,
    an_envelope,
    an_instance,
    spoil,
)
from tests.support.stellar_scenes import Scene, a_scene, expected_of
from tocsin.chains.stellar.activity import StellarActivity
from tocsin.chains.stellar.codec.envelope import (
    Envelope,
    Invocation,
    Payment,
    decode_envelope,
    find_only_call,
    may_call,
)
from tocsin.chains.stellar.codec.header import decode_header
from tocsin.chains.stellar.codec.ledger_entries import read_code, read_executable
from tocsin.chains.stellar.codec.scan import (
    kind_of,
    scan_array,
    scan_content,
    scan_value,
    value_at,
)
from tocsin.chains.stellar.codec.scval import ScValue, decode_value, read_values
from tocsin.chains.stellar.codec.xdr import MAX_DEPTH, XdrReader, from_base64
from tocsin.chains.stellar.decode import StellarLedger, decode
from tocsin.chains.stellar.operations import TYPES, operation_at
from tocsin.model.activity import file_by_key
from tocsin.model.block import Bundle
from tocsin.model.interface import Argument, Layout, simple_value

CASES = 170
DEEP_SECONDS = 300
SLOWEST = 2.0  # CPU seconds for what is made of a few KiB
TOO_DEEP = "XDR is nested too deeply"
OPENING_BYTES = 480
PARTIES = ("", account(0), account(3), contract(2))

X = stellar_xdr
T = TypeVar("T")


@contextmanager
def in_time() -> Iterator[None]:
    """Require that what is inside takes no longer than anything may."""
    before = process_time()
    yield
    assert process_time() - before < SLOWEST


def attempt(read: Callable[..., T], *given: Any) -> T | str:
    """Return what is read, or why it is refused; anything but a ValueError is a bug."""
    with in_time():
        try:
            return read(*given)
        except ValueError as refusal:
            return str(refusal)


def check_value(raw: bytes) -> None:
    """Assert that scanning agrees with decoding, and decoding with the SDK."""
    found = attempt(decode_value, raw)
    spot, content = attempt(scan_value, raw), attempt(scan_content, raw)
    assert isinstance(spot, str) == isinstance(content, str) == isinstance(found, str)
    theirs = as_theirs(X.SCVal, raw)
    if isinstance(found, str) or isinstance(spot, str) or isinstance(content, str):
        assert theirs is None or found == TOO_DEEP, found
        return
    assert theirs is None or found == as_ours(theirs)
    with in_time():
        assert spot[0] == kind_of(content) == found.kind
        assert value_at(spot) == _opened(content) == found
        # what is shown can be written down
        assert msgspec.json.encode([found.text, found.json, found.comparable])


def _opened(content: Any) -> ScValue:
    if isinstance(content, list):
        return ScValue("Vec", tuple(map(value_at, content)))
    if isinstance(content, dict):
        assert list(content) == sorted(content)
        return ScValue("Map", {key: value_at(each) for key, each in content.items()})
    return value_at(content)


def check_array(raw: bytes, position: int) -> list[ScValue] | str:
    """Return an array of values, after asserting that scanning agrees with decoding."""
    reader = XdrReader(raw, position)
    found = attempt(read_values, reader)
    scanned = attempt(scan_array, raw, position)
    if isinstance(found, str) or isinstance(scanned, str):
        assert isinstance(found, str) == isinstance(scanned, str)
        return str(found)
    spots, end = scanned
    assert [kind for kind, _, _ in spots] == [each.kind for each in found]
    assert ([*map(value_at, spots)], end) == ([*found], reader.position)
    return [*found]


def check_envelope(raw: bytes) -> None:
    """Assert that an envelope is what the SDK reads, and both ways to its only call agree."""
    found, short = attempt(decode_envelope, raw), find_only_call(raw[:OPENING_BYTES])
    theirs = as_theirs(X.TransactionEnvelope, raw)
    if isinstance(found, str):
        assert short is None
        assert theirs is None or found == TOO_DEEP, found
        return
    assert short is None or found.operations == (short,)
    assert short is not None or theirs is None or not _is_usual_call(theirs)
    calls = [each for each in found.operations if isinstance(each, Invocation) and each.contract]
    assert not calls or may_call(b64encode(raw).decode())
    arguments = [check_array(raw, each.position) for each in calls]
    refusals = [each for each in _operation_refusals(found) if each != TOO_DEEP]
    if theirs is None:
        return
    assert refusals == []
    _check_parts(found, inner_of(theirs))
    expected = calls_of(theirs)
    assert [each[:2] for each in calls] == [each[:2] for each in expected]
    for ours, call in zip(arguments, expected, strict=True):
        assert ours in (call.arguments, TOO_DEEP)


def _is_usual_call(envelope: X.TransactionEnvelope) -> bool:
    """Return whether a call is all there is in an envelope, and nothing else in it is rare."""
    transaction, calls = inner_of(envelope), calls_of(envelope)
    if len(transaction.operations) != 1 or not calls or not calls[0].contract.startswith("C"):
        return False
    return isinstance(transaction, X.Transaction) and transaction.cond.v2 is None


def _operation_refusals(envelope: Envelope) -> Iterator[str]:
    """Yield why operations cannot be read."""
    for slot in envelope.slots:
        operation = attempt(operation_at, envelope, slot)
        if isinstance(operation, str):
            yield operation
            continue
        values = attempt(operation.values)
        accounts = attempt(lambda each=operation: [*each.accounts()])
        assert isinstance(values, str) == isinstance(accounts, str)
        if isinstance(values, str):
            yield values
        else:
            assert set(values) <= {each.name for each in operation.type.layout.parameters}


def _check_parts(found: Envelope, theirs: Any) -> None:
    """Assert that source, operations, payments and footprint are those that the SDK reads."""
    is_old = isinstance(theirs, X.TransactionV0)
    source = (
        StrKey.encode_ed25519_public_key(theirs.source_account_ed25519.uint256)
        if is_old
        else account_of(theirs.source_account)
    )
    assert found.source == source
    assert [each[:2] for each in found.slots] == [
        (each.body.type.value, account_of(each.source_account)) for each in theirs.operations
    ]
    payments = [each.body.payment_op for each in theirs.operations]
    expected = [each for each in payments if each is not None]
    ours = [each for each in found.operations if isinstance(each, Payment)]
    assert [(each.destination, each.amount) for each in ours] == [
        (account_of(each.destination), each.amount.int64) for each in expected
    ]
    slots = [each for each in found.slots if each.number == X.OperationType.PAYMENT]
    for slot, payment in zip(slots, expected, strict=True):
        asset = operation_at(found, slot).values()["asset"]
        assert asset == asset_text(payment.asset, asset)
    if not is_old and len(found.slots) == 1:
        _check_footprint(found, theirs.ext.soroban_data)


def _check_footprint(found: Envelope, data: X.SorobanTransactionData | None) -> None:
    ours = attempt(found.footprint)
    if ours == TOO_DEEP:
        return
    assert ours == footprint_of(data)


def check_entries(rng: Random) -> None:
    """Assert that a contract's instance and code are read from the ledger's entries."""
    key = a_key(rng)
    address = Address.from_raw_contract(key)
    instance = an_instance(rng)
    held = X.ContractDataEntry(
        X.ExtensionPoint(0),
        address.to_xdr_sc_address(),
        X.SCVal(X.SCValType.SCV_LEDGER_KEY_CONTRACT_INSTANCE),
        X.ContractDataDurability.PERSISTENT,
        X.SCVal(X.SCValType.SCV_CONTRACT_INSTANCE, instance=instance),
    )
    raw = X.LedgerEntryData(X.LedgerEntryType.CONTRACT_DATA, contract_data=held).to_xdr_bytes()
    wasm = instance.executable.wasm_hash
    found = read_executable(raw, address.address)
    assert found.code_hash == (None if wasm is None else wasm.hash)
    code = rng.randbytes(rng.randrange(40))
    digest = sha256(code).digest()
    made = X.ContractCodeEntry(X.ContractCodeEntryExt(0), X.Hash(digest), code)
    entry = X.LedgerEntryData(X.LedgerEntryType.CONTRACT_CODE, contract_code=made).to_xdr_bytes()
    assert read_code(entry, digest) == code
    header = X.LedgerHeaderHistoryEntry.from_xdr(a_ledger([])["headerXdr"]).to_xdr_bytes()
    assert decode_header(header).sequence == a_ledger([])["sequence"]
    for _ in range(10):
        attempt(read_executable, spoil(rng, raw), address.address)
        read = attempt(read_code, spoil(rng, entry), digest)
        assert isinstance(read, str) or read == code  # which alone has the hash
        attempt(decode_header, spoil(rng, header))


Row = tuple[int, str, list[Sequence[Argument] | None]]
"""Where something was found, the key that it was found by, and its fields by each layout."""


def look(ledger: StellarLedger, layouts: dict[str, list[Layout]]) -> list[Row]:
    """Return what is found by keys, looked at in every way in which it can be."""
    rows: list[Row] = []
    with in_time():
        found = ledger.find_waiting(file_by_key({key: key for key in layouts}))
    for place, activity, key in found:
        with in_time():
            rows.append((place, key, [_fields(ledger, activity, each) for each in layouts[key]]))
    with in_time():
        for each in ledger.transactions:
            assert all(found.key for found in each.activities)
            assert each.views()
            assert each.document()
            assert all(each.addresses)
    return rows


def _fields(
    ledger: StellarLedger, activity: StellarActivity, layout: Layout
) -> Sequence[Argument] | None:
    """Return the fields by a layout, after asserting that those read one by one are the same."""
    access = ledger.access(layout)
    space = {"record": activity, **access.constants}
    fits = bool(eval(access.fits, space))  # noqa: S307 - as a probe does
    arguments = activity.arguments(layout)
    assert fits == activity.fits(layout) == (arguments is not None)
    for place, parameter in enumerate(layout.parameters):
        value = access.reader(place)(activity)
        if arguments is None:
            assert value is None
        else:
            assert value == simple_value(arguments[place].value, parameter.type)
    return arguments


def check_ledger(rng: Random) -> None:
    """Assert that spoilt transactions take nothing away from sound ones beside them."""
    scene = a_scene(rng)
    expected = [*expected_of(scene)]
    layouts = {
        f"o:{name}:{party}": [each.layout] for name, each in TYPES.items() for party in PARTIES
    }
    for each in expected:
        layouts.setdefault(each.key, []).append(each.layout)
    whole = decode(a_bundle(scene, range(len(scene.envelopes))))
    sound = [each for each in range(len(scene.envelopes)) if each not in scene.spoilt]
    alone = decode(a_bundle(scene, sound))
    rows = [row for row in look(whole, layouts) if row[0] not in scene.spoilt]
    assert rows == [(sound[place], *rest) for place, *rest in look(alone, layouts)]
    assert alone.malformed_count == 0
    named = [
        (place, key, [each.value for each in found])
        for place, key, all_found in rows
        for layout, found in zip(layouts[key], all_found, strict=True)
        if found is not None and key[0] in "fe"
    ]
    for each in expected:
        assert each.place in scene.spoilt or (each.place, each.key, each.values) in named
    assert whole.malformed_count >= sum(map(_is_unreadable, scene.transactions))


def a_bundle(scene: Scene, places: Iterable[int]) -> Bundle:
    """Return the transactions of some places with their events."""
    transactions = [scene.transactions[place] for place in places]
    events = [each for place in places for each in scene.events[place]]
    return RawLedger(transactions, events).bundle()


def _is_unreadable(transaction: Json) -> bool:
    def read() -> Envelope:
        return decode_envelope(from_base64(transaction["envelopeXdr"]))

    return isinstance(attempt(read), str)


def check_case(number: int) -> None:
    """Assert the laws for the values, envelopes, entries and ledgers that follow from a number."""
    rng = Random(number)
    is_deep = rng.random() < 0.1
    value = a_deep_value(rng, rng.randint(30, MOST_LEVELS)) if is_deep else a_value(rng)
    envelope = an_envelope(rng)
    raw, enclosed = value.to_xdr_bytes(), envelope.to_xdr_bytes()
    assert decode_value(raw) == as_ours(value)
    assert as_theirs(X.TransactionEnvelope, enclosed) is not None
    assert not isinstance(attempt(decode_envelope, enclosed), str)
    check_value(raw)
    check_value(a_deep_value(rng, MAX_DEPTH + rng.randint(-2, 2)).to_xdr_bytes())
    check_envelope(enclosed)
    for _ in range(10):
        check_value(spoil(rng, raw))
        check_value(spoil(rng, a_scalar(rng).to_xdr_bytes()))
        check_envelope(spoil(rng, enclosed))
    check_entries(rng)
    check_ledger(rng)


def check_cases(numbers: Iterable[int]) -> int:
    """Check these cases and return how many they were; a failure names its case."""
    checked = 0
    for number in numbers:
        try:
            check_case(number)
        except BaseException as cause:
            cause.add_note(f"check_case({number})")
            raise
        checked += 1
    return checked


def test_spoilt_xdr_is_read_as_the_sdk_reads_it_or_refused() -> None:
    assert check_cases(range(CASES)) == CASES


@pytest.mark.deep
def test_spoilt_xdr_is_read_as_the_sdk_reads_it_or_refused_for_five_minutes() -> None:
    end = monotonic() + DEEP_SECONDS
    print(check_cases(takewhile(lambda _: monotonic() < end, count(CASES))), "cases")
