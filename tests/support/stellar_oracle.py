"""What the SDK reads of Stellar XDR, as our readers give it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from stellar_sdk import Address, Asset, MuxedAccount, scval
from stellar_sdk import xdr as stellar_xdr

from tocsin.chains.stellar.codec.scval import ScValue

X = stellar_xdr
Tag = stellar_xdr.SCValType


def as_theirs(kind: Any, raw: bytes) -> Any:
    """Return what the SDK reads, or None unless it is exactly what it would write."""
    try:
        found = kind.from_xdr_bytes(raw)
        return found if found.to_xdr_bytes() == raw else None
    except Exception:  # noqa: BLE001 - the SDK refuses garbage in many ways
        return None


def as_ours(value: X.SCVal) -> ScValue:
    """Return a value of the SDK's as our reader gives it."""
    kind = value.type.name.removeprefix("SCV_")
    if value.vec is not None:
        return ScValue("Vec", tuple(map(as_ours, value.vec.sc_vec)))
    if value.map is not None:
        entries = {as_ours(each.key).text: as_ours(each.val) for each in value.map.sc_map}
        return ScValue("Map", {key: entries[key] for key in sorted(entries)})
    text = value.str.sc_string if value.str else value.sym.sc_symbol if value.sym else None
    if text is not None:
        return ScValue(kind.capitalize(), "".join(map(_shown_byte, text)))
    read = _PLAIN.get(value.type)
    return ScValue("Void", None) if read is None else ScValue(kind.capitalize(), read(value))


def _shown_byte(byte: int) -> str:
    known = {0: r"\0", 9: r"\t", 10: r"\n", 13: r"\r", 92: r"\\"}
    return known.get(byte, chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")


_PLAIN: dict[stellar_xdr.SCValType, Callable[[X.SCVal], int | str]] = {
    Tag.SCV_BOOL: scval.from_bool,
    Tag.SCV_BYTES: lambda value: scval.from_bytes(value).hex(),
    Tag.SCV_ADDRESS: lambda value: scval.from_address(value).address,
    Tag.SCV_TIMEPOINT: scval.from_timepoint,
    Tag.SCV_DURATION: scval.from_duration,
    **{
        getattr(Tag, f"SCV_{letter}{bits}"): getattr(scval, f"from_{sign}int{bits}")
        for letter, sign in (("U", "u"), ("I", ""))
        for bits in (32, 64, 128, 256)
    },
}


class Called(NamedTuple):
    """A call of a contract, as the SDK reads it."""

    contract: str
    name: str
    arguments: list[ScValue]


def inner_of(envelope: X.TransactionEnvelope) -> Any:
    """Return the transaction in an envelope, of any version."""
    if envelope.fee_bump is not None:
        signed = envelope.fee_bump.tx.inner_tx.v1
        assert signed is not None
        return signed.tx
    return (envelope.v1 or envelope.v0).tx  # type: ignore[union-attr]


def calls_of(envelope: X.TransactionEnvelope) -> list[Called]:
    """Return the calls of contracts in an envelope."""
    functions = [each.body.invoke_host_function_op for each in inner_of(envelope).operations]
    found = [each.host_function.invoke_contract for each in functions if each is not None]
    return [
        Called(
            Address.from_xdr_sc_address(each.contract_address).address,
            "".join(as_ours(X.SCVal(X.SCValType.SCV_SYMBOL, sym=each.function_name)).text),
            [*map(as_ours, each.args)],
        )
        for each in found
        if each is not None
    ]


def account_of(muxed: X.MuxedAccount | None) -> str | None:
    """Return an account as text, with the id that it carries."""
    return None if muxed is None else MuxedAccount.from_xdr_object(muxed).universal_account_id


def asset_text(asset: X.Asset, ours: Any) -> Any:
    """Return an asset as the SDK reads it, or our own text where it reads none."""
    try:
        theirs = Asset.from_xdr_object(asset)
    except ValueError:
        return ours
    return "native" if theirs.is_native() else f"{theirs.code}:{theirs.issuer}"


def footprint_of(data: X.SorobanTransactionData | None) -> tuple[list[str], list[str]]:
    """Return the contracts and the hashes of code in a transaction's footprint."""
    footprint = None if data is None else data.resources.footprint
    keys = [] if footprint is None else [*footprint.read_only, *footprint.read_write]
    held = [each.contract_data for each in keys if each.contract_data]
    code = [each.contract_code for each in keys if each.contract_code]
    contracts = [Address.from_xdr_sc_address(each.contract).address for each in held]
    hashes = [each.hash.hash.hex() for each in code]
    return list(dict.fromkeys(contracts)), list(dict.fromkeys(hashes))
