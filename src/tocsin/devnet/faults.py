"""Faults a node is told to have → what is to happen to a request. Decisions only, no HTTP."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal

from msgspec import Meta, Struct

_LOG_METHODS = ("eth_getBlockReceipts", "eth_getTransactionReceipt", "eth_getLogs", "getEvents")

_Count = Annotated[int, Meta(ge=1, le=1_000_000)]
_Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class Occasion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which HTTP requests a fault befalls: the next ``requests`` (None: all), by ``probability``.

    With ``methods``, only requests that call one of them count and suffer.
    """

    requests: _Count | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    methods: tuple[str, ...] = ()


class Refusal(Occasion, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HTTP status instead of an answer; with 429 comes ``Retry-After``."""

    status: Literal[429, 500, 503] = 429
    retry_after_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 1


class Hang(Occasion, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer that comes after that many seconds."""

    seconds: _Seconds


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that is wrong with a node. None of it touches the chain, only what the node says of it.

    ``truncate`` cuts the body in half. ``drop_log`` leaves one log out of receipts, logs or
    events while the header stays. ``lag_blocks`` hides the newest blocks. ``chain_id`` and
    ``passphrase`` are given instead of the true ones.
    """

    refuse: Refusal | None = None
    hang: Hang | None = None
    truncate: Occasion | None = None
    drop_log: Occasion | None = None
    lag_blocks: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    chain_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    passphrase: Annotated[str, Meta(min_length=1, max_length=256)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What happens to one HTTP request, in this order; ``refusal`` ends it."""

    hang_seconds: float = 0.0
    refusal: Refusal | None = None
    truncated: bool = False
    log_dropped: bool = False


class FaultDice:
    """Decides request by request, from a seed; remembers how many of the counted are left."""

    def __init__(self, faults: Faults, random: Random) -> None:
        self.faults = faults
        self._random = random
        self._spent: Counter[str] = Counter()

    def decide(self, methods: Sequence[str]) -> Verdict:
        """Return what happens to a request that makes those calls."""
        faults = self.faults
        hang_seconds = 0.0
        if faults.hang is not None and self._befalls("hang", faults.hang, methods):
            hang_seconds = faults.hang.seconds
        if self._befalls("refuse", faults.refuse, methods):
            return Verdict(hang_seconds=hang_seconds, refusal=faults.refuse)
        with_logs = [method for method in methods if method in _LOG_METHODS]
        return Verdict(
            hang_seconds=hang_seconds,
            truncated=self._befalls("truncate", faults.truncate, methods),
            log_dropped=bool(with_logs) and self._befalls("drop_log", faults.drop_log, with_logs),
        )

    def _befalls(self, name: str, occasion: Occasion | None, methods: Sequence[str]) -> bool:
        if occasion is None or (occasion.methods and not set(occasion.methods) & set(methods)):
            return False
        if self._spent[name] == occasion.requests or self._random.random() >= occasion.probability:
            return False
        self._spent[name] += 1
        return True


def distorted(faults: Faults, method: str, result: object) -> object:
    """Return a result as a node with these faults gives it: with another chain's name on it."""
    if faults.chain_id is not None and method == "eth_chainId":
        return hex(faults.chain_id)
    if faults.chain_id is not None and method == "net_version":
        return str(faults.chain_id)
    if faults.passphrase is not None and method == "getNetwork" and isinstance(result, dict):
        return {**result, "passphrase": faults.passphrase}
    return result


def without_a_log(method: str, result: object) -> object:
    """Return a result that lacks the last of its first logs, or the same if it has none."""
    if method == "eth_getBlockReceipts" and isinstance(result, list):
        for index, receipt in enumerate(result):
            if receipt["logs"]:
                return [*result[:index], _shortened(receipt, "logs"), *result[index + 1 :]]
    if method == "eth_getTransactionReceipt" and isinstance(result, dict):
        return _shortened(result, "logs")
    if method == "eth_getLogs" and isinstance(result, list):
        return result[:-1]
    if method == "getEvents" and isinstance(result, dict):
        return _shortened(result, "events")
    return result


def _shortened(holder: dict[str, list[object]], key: str) -> dict[str, list[object]]:
    return {**holder, key: holder[key][:-1]}
