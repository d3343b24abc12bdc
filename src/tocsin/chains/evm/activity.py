"""One log or call with its fields, which decode when asked."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tocsin.chains.evm.keys import SELECTOR_END, call_key, log_key, selector_in
from tocsin.chains.evm.layout import Decoder, decoder_of
from tocsin.chains.evm.types import LogRecord, TransactionRecord
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Argument, Layout, Value


class Opened(NamedTuple):
    """What a decoder reads.

    ``topics`` are a log's as the node gave them, of a call one text: its selector, or the input
    where that is shorter than one. ``data`` are 0x data, of a call those behind the selector.
    """

    topics: Sequence[str]
    data: str


def open_log(log: LogRecord) -> Opened:
    """Return what a decoder reads of a log."""
    return Opened(log.topics, log.data)


def open_call(transaction: TransactionRecord) -> Opened:
    """Return what a decoder reads of a call."""
    data = transaction.input
    return Opened((selector_in(data) or data[2:],), "0x" + data[SELECTOR_END:])


class EvmActivity:
    """One log, or the call a transaction makes."""

    __slots__ = ("_arguments", "_on_malformed", "_opened", "_values", "key", "kind")

    def __init__(
        self, kind: ActivityKind, key: str, opened: Opened, on_malformed: Callable[[], None]
    ) -> None:
        self.kind = kind
        self.key = key
        self._opened = opened
        self._on_malformed = on_malformed
        self._values: dict[Decoder, Sequence[Value] | None] = {}
        self._arguments: dict[Decoder, Sequence[Argument]] = {}

    def arguments(self, layout: Layout) -> Sequence[Argument] | None:
        """Return the values with the text a match shows, or None where the data do not fit."""
        decoder = decoder_of(layout)
        values = None if decoder is None else self._decoded(decoder)
        if decoder is None or values is None:
            return None
        if decoder not in self._arguments:
            self._arguments[decoder] = decoder.arguments(values)
        return self._arguments[decoder]

    def fits(self, layout: Layout) -> bool:
        """Return whether the whole of the data fits the layout."""
        decoder = decoder_of(layout)
        return decoder is not None and self._decoded(decoder) is not None

    def _decoded(self, decoder: Decoder) -> Sequence[Value] | None:
        if decoder not in self._values:
            self._values[decoder] = decoder.read(*self._opened)
            if self._values[decoder] is None and decoder.is_meant_for(self._opened.topics):
                # a contract may emit anything: counted, so that somebody can see it
                self._on_malformed()
        return self._values[decoder]


def log_activity(log: LogRecord, on_malformed: Callable[[], None]) -> EvmActivity:
    """Return the event that a log is."""
    key = log_key(log.address, log.topics)
    return EvmActivity(ActivityKind.EVENT, key, open_log(log), on_malformed)


def call_activity(
    transaction: TransactionRecord, target: str, on_malformed: Callable[[], None]
) -> EvmActivity:
    """Return the call that a transaction makes of a contract."""
    key = call_key(target, transaction.input)
    return EvmActivity(ActivityKind.FUNCTION, key, open_call(transaction), on_malformed)
