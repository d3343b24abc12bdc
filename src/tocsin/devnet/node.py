"""One simulated network as a node serves it: its calls, its faults, its pace."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random

from msgspec import Struct

from tocsin.clock import Clock
from tocsin.devnet.faults import FaultDice, Faults, Verdict, distorted, without_a_log
from tocsin.devnet.jsonrpc import (
    Call,
    Message,
    parse_message,
    render_error,
    render_message,
    render_result,
)
from tocsin.devnet.network import LaggingNetwork, RpcCallError, SimulatedNetwork
from tocsin.errors import InputError

_MOST_METHODS = 256  # of which we count calls apart; a client could invent names without end
_OTHER = "(other)"


class RequestCounts(Struct, frozen=True, kw_only=True):
    """What a node was asked since it started.

    ``http_requests`` counts every request; ``refused`` those answered with an HTTP error on
    purpose; ``calls`` the answered calls by method, each call of a batch for itself.
    """

    http_requests: int
    refused: int
    calls: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer."""

    status: int = HTTPStatus.OK
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class SimulatedNode:
    """A node of one simulated network. It makes blocks when told to, and says when it wants to."""

    def __init__(
        self,
        network: SimulatedNetwork,
        *,
        clock: Clock,
        random: Random,
        block_seconds: float,
        paused: bool,
    ) -> None:
        self.network = network
        self.block_seconds = block_seconds
        self._clock = clock
        self._random = random
        self._dice = FaultDice(Faults(), random)
        self._running = asyncio.Event()
        self._http_requests = 0
        self._refused = 0
        self._calls: Counter[str] = Counter()
        if not paused:
            self.resume()

    @property
    def paused(self) -> bool:
        """Return whether blocks come only when asked for."""
        return not self._running.is_set()

    def pause(self) -> None:
        """Make no more blocks unasked."""
        self._running.clear()

    def resume(self) -> None:
        """Make a block every ``block_seconds`` again."""
        self._running.set()

    def produce(self, count: int = 1) -> None:
        """Append that many blocks at once."""
        for _ in range(count):
            self.network.produce(produced_at_ms=self._now_ms())

    def fork(self, depth: int) -> None:
        """Replace the newest blocks by as many others plus one.

        Raises:
            InputError: this chain does not fork, or is not that long.
        """
        try:
            self.network.fork(depth, produced_at_ms=self._now_ms())
        except ValueError as cause:
            raise InputError(str(cause), field="depth") from cause

    def set_faults(self, faults: Faults) -> None:
        """Have these faults and no others from now on; ``Faults()`` heals.

        Raises:
            InputError: this kind of network cannot lag.
        """
        if faults.lag_blocks and not isinstance(self.network, LaggingNetwork):
            raise InputError("this kind of network cannot lag", field="lag_blocks")
        self._dice = FaultDice(faults, self._random)

    def counts(self) -> RequestCounts:
        """Return what was asked so far."""
        return RequestCounts(
            http_requests=self._http_requests, refused=self._refused, calls=dict(self._calls)
        )

    async def keep_producing(self) -> None:
        """Make blocks at the network's pace, while not paused, until cancelled."""
        while True:
            await self._running.wait()
            await self._clock.sleep(self.block_seconds)
            if not self.paused:
                self.produce()

    async def reply(self, body: bytes) -> Reply:
        """Return the answer to the body of one HTTP request, with whatever faults are set."""
        self._http_requests += 1
        message = parse_message(body)
        dice = self._dice
        verdict = dice.decide(message.methods())
        if verdict.hang_seconds:
            await self._clock.sleep(verdict.hang_seconds)
        if verdict.refusal is not None:
            self._refused += 1
            retry_after = {"Retry-After": str(verdict.refusal.retry_after_seconds)}
            headers = retry_after if verdict.refusal.status == 429 else {}
            return Reply(status=verdict.refusal.status, headers=headers)
        whole = self._answer_message(message, dice.faults, verdict)
        return Reply(body=whole[: len(whole) // 2] if verdict.truncated else whole)

    def _answer_message(self, message: Message, faults: Faults, verdict: Verdict) -> bytes:
        answers = []
        for call in message.calls:
            if isinstance(call, RpcCallError):
                answers.append(render_error(None, call))
                continue
            answer = self._answer_call(call, faults, verdict)
            if call.id is not None:
                answers.append(answer)
        return render_message(answers, batch=message.batch)

    def _answer_call(self, call: Call, faults: Faults, verdict: Verdict) -> bytes:
        known = call.method in self._calls or len(self._calls) < _MOST_METHODS
        self._calls[call.method[:64] if known else _OTHER] += 1
        try:
            result = self._true_result(call, faults.lag_blocks)
        except RpcCallError as error:
            return render_error(call, error)
        result = distorted(faults, call.method, result)
        if verdict.log_dropped:
            result = without_a_log(call.method, result)
        return render_result(call, result)

    def _true_result(self, call: Call, lag_blocks: int) -> object:
        network = self.network
        if lag_blocks and isinstance(network, LaggingNetwork):
            return network.answer_as_of(network.head_number - lag_blocks, call.method, call.params)
        return network.answer(call.method, call.params)

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
