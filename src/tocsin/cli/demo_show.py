"""Plays the demo: opens the stage, follows what happens on it, and prints what came of it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from tocsin.cli.demo_api import UnreachableError, read_metrics
from tocsin.cli.demo_children import DemoError, first_of, working_directory
from tocsin.cli.demo_screen import Screen, open_console, open_screen, print_figures
from tocsin.cli.demo_stage import Stage, StageOrder, open_stage
from tocsin.cli.demo_tally import Tally
from tocsin.cli.demo_tenants import EVM_SLUG, NETWORKS, TENANTS
from tocsin.cli.receiver import ReceivedMessage, Receiver
from tocsin.clock import SystemClock

NEEDED_ALERTS = 3
FORK_DEPTH = 2

_FORK_SECONDS = 15.0
_FIRST_FORK_ALERTS = 4  # on EVM: then one of them is likely to be in a block that goes
_RETRACTION_SECONDS = 8.0
_POLL_SECONDS = 0.5
_REFRESH_SECONDS = 0.25
_MOST_SILENCES = 20  # in a row
_FACTS_BACK = 8  # blocks; deeper than our forks


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions:
    """How to play: ``seconds`` is how long ``once`` may take."""

    once: bool
    data_dir: Path | None
    seconds: float


def show(options: ShowOptions) -> None:
    """Play the demo until it is done (``once``) or a signal stops it.

    Raises:
        DemoError: a part of it ended or refused, or alerts did not come in time.
        click.BadParameter: the given directory cannot be used.
        click.Abort: a signal stopped it before it had anything to show.
    """
    with working_directory(options.data_dir) as directory:
        asyncio.run(Show(options, directory, open_console()).play())


class Show:
    """One performance: a directory to work in and a console to show it on."""

    def __init__(self, options: ShowOptions, directory: Path, console: Console) -> None:
        self._options = options
        self._directory = directory
        self._console = console
        self._clock = SystemClock()
        self._began = self._clock.monotonic()
        self._tally = Tally(
            [tenant.slug for tenant in TENANTS],
            {network.slug: network.family for network in NETWORKS},
        )
        self._receiver = Receiver(self._clock, self._note_message)
        self._screen: Screen | None = None
        self._stop = asyncio.Event()
        self._forked_at: float | None = None
        self._first_alert_after: float | None = None
        self._seen_numbers = {network.slug: 0 for network in NETWORKS}

    async def play(self) -> None:
        """Start everything, follow it, stop it, and print what came of it. Raises: see show."""
        player = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            self._stop.set()
            if self._screen is None and player is not None:
                player.cancel()  # nothing to show yet

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop)
        try:
            async with asyncio.timeout(self._options.seconds if self._options.once else None):
                await self._perform()
        except TimeoutError as cause:
            raise DemoError(self._what_is_missing()) from cause
        except asyncio.CancelledError as cause:
            raise click.Abort from cause
        finally:
            if any(row.match_count for row in self._tally.rows()):
                print_figures(self._console, self._tally, self._receiver, self._first_alert_after)
        if self._options.once and not self._is_complete():
            raise click.Abort

    async def _perform(self) -> None:
        self._console.print("Starting two simulated chains and Tocsin …")
        order = StageOrder(
            directory=self._directory,
            receiver=self._receiver,
            genesis_time=int(self._clock.now().timestamp()),
        )
        async with self._receiver, open_stage(order) as stage:
            with open_screen(self._console, self._tally, stage.surroundings) as screen:
                self._screen = screen
                await first_of(self._follow(stage), *(child.watch() for child in stage.children))
            await self._receiver.stop()  # first: what is printed as delivered, was
            await self._poll_matches(stage)
            await self._poll_facts(stage)
            self._console.print("Stopping …")

    async def _follow(self, stage: Stage) -> None:
        """Return when a signal stops the demo, or once everything needed was delivered."""
        endings: list[Coroutine[object, object, object]] = [self._stop.wait()]
        if self._options.once:
            endings.append(self._wait_until_complete())
        await first_of(
            *endings,
            self._repeat(_POLL_SECONDS, lambda: self._poll_facts(stage)),
            self._repeat(_POLL_SECONDS, lambda: self._poll_matches(stage)),
            self._repeat(_POLL_SECONDS, lambda: self._poll_metrics(stage)),
            self._repeat(_REFRESH_SECONDS, self._refresh),
            self._keep_forking(stage),
        )

    async def _repeat(self, seconds: float, step: Callable[[], Awaitable[None]]) -> None:
        """Do a step again and again; now and then it may get no answer."""
        silences = 0
        while True:
            try:
                await step()
                silences = 0
            except UnreachableError:
                silences += 1
                if silences > _MOST_SILENCES:
                    raise
            await self._clock.sleep(seconds)

    async def _poll_facts(self, stage: Stage) -> None:
        for network in NETWORKS:
            since = max(self._seen_numbers[network.slug] - _FACTS_BACK, 0)
            blocks = await stage.devnet.facts(network.node_slug, since)
            self._tally.note_blocks(blocks)
            self._seen_numbers[network.slug] = max(block.number for block in blocks)

    async def _poll_matches(self, stage: Stage) -> None:
        for tenant, key in stage.keys.items():
            cursor: str | None = None
            while True:
                page = await stage.api.list_matches(tenant, key, cursor)
                known = self._tally.note_matches(tenant, page.items)
                cursor = page.next_cursor
                if known or cursor is None:
                    break

    async def _poll_metrics(self, stage: Stage) -> None:
        slugs = tuple(network.slug for network in NETWORKS)
        self._tally.counts = await read_metrics(stage.session, stage.metrics_url, slugs)

    async def _refresh(self) -> None:
        if self._screen is not None:
            self._screen.refresh(self._clock.monotonic() - self._began)

    async def _keep_forking(self, stage: Stage) -> None:
        """Have the EVM chain reorganise: soon after the first alerts, then now and then."""
        evm = next(network for network in NETWORKS if network.slug == EVM_SLUG)
        while self._alert_count(evm.family) < _FIRST_FORK_ALERTS:
            await self._clock.sleep(_REFRESH_SECONDS)
        while True:
            await stage.devnet.fork(evm.node_slug, FORK_DEPTH)
            self._forked_at = self._clock.monotonic()
            line = self._tally.note_reorganisation(
                evm.slug,
                f"{FORK_DEPTH} newest blocks replaced",
                int(self._clock.now().timestamp() * 1000),
            )
            if self._screen is not None:
                self._screen.note(line)
            await self._clock.sleep(_FORK_SECONDS)

    async def _wait_until_complete(self) -> None:
        while not self._is_complete() or not self._is_reorganisation_over():
            await self._clock.sleep(_REFRESH_SECONDS)

    def _is_complete(self) -> bool:
        return not self._tally.missing(NEEDED_ALERTS)

    def _is_reorganisation_over(self) -> bool:
        """Return whether a fork was followed by a retraction, or would have been by now."""
        if self._forked_at is None:
            return False
        waited = self._clock.monotonic() - self._forked_at
        return self._tally.total().retraction_count > 0 or waited > _RETRACTION_SECONDS

    def _alert_count(self, family: str) -> int:
        return sum(row.alert_count for row in self._tally.rows() if row.place.family == family)

    def _note_message(self, message: ReceivedMessage) -> None:
        if self._first_alert_after is None:
            self._first_alert_after = self._clock.monotonic() - self._began
        line = self._tally.note_message(message)
        if self._screen is not None:
            self._screen.note(line)

    def _what_is_missing(self) -> str:
        missing = ", ".join(self._tally.missing(NEEDED_ALERTS)) or "a reorganisation"
        return (
            f"after {self._options.seconds:g} s still missing: {missing} "
            f"(log: {self._directory / 'tocsin.log'})"
        )
