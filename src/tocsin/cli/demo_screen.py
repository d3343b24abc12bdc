"""The tally → a live view on a terminal, or one line per event where there is none."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin.cli.demo_tally import Line, LineKind, Row, Tally
from tocsin.cli.demo_tenants import NETWORKS
from tocsin.cli.receiver import Receiver

PLAIN_WIDTH = 100
# Rows of the live view that are not lines of events, and the fewest lines that make sense.
_FIXED_ROWS = 22
_FEWEST_LINES = 3
_SUMMARY_SECONDS = 15

_STYLES = {
    LineKind.ALERT: "",
    LineKind.RETRACTION: "yellow",
    LineKind.REORGANISATION: "bold magenta",
}
_HEADINGS = {LineKind.ALERT: "", LineKind.RETRACTION: "taken back: ", LineKind.REORGANISATION: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where everything of this demo is, for people who want to look closer.

    ``header_paths`` hold an ``Authorization`` header for each key, by whose it is.
    """

    api_url: str
    devnet_url: str
    log_path: Path
    header_paths: dict[str, Path]


class Screen(Protocol):
    """Where the demo shows what happens."""

    def note(self, line: Line) -> None:
        """Show something that just happened."""
        ...

    def refresh(self, seconds: float) -> None:
        """Show the figures, that many seconds after the start."""
        ...


class PlainScreen:
    """One line per event and a summary now and then: for pipes, files and plain terminals."""

    def __init__(self, console: Console, tally: Tally) -> None:
        self._console = console
        self._tally = tally
        self._summarised_at = 0.0

    def note(self, line: Line) -> None:
        """Print what just happened."""
        self._console.print(_plain_line(line), soft_wrap=True)

    def refresh(self, seconds: float) -> None:
        """Print a summary if the last one was a while ago."""
        if seconds - self._summarised_at < _SUMMARY_SECONDS:
            return
        self._summarised_at = seconds
        total = self._tally.total()
        blocks = sum(each.block_count for each in self._tally.counts.values())
        self._console.print(
            Text(
                f"--- after {seconds:.0f} s: {blocks} blocks, {total.match_count} matches, "
                f"{total.alert_count} alerts, {total.retraction_count} retractions, "
                f"p50 {seconds_of(total.p50_ms)}"
            ),
            soft_wrap=True,
        )


class LiveScreen:
    """The whole terminal, drawn again a few times a second."""

    def __init__(self, live: Live, tally: Tally, places: Surroundings) -> None:
        self._live = live
        self._tally = tally
        self._places = places

    def note(self, line: Line) -> None:
        """Do nothing: the next refresh shows it."""

    def refresh(self, seconds: float) -> None:
        """Draw everything."""
        height = self._live.console.height
        view = render_view(self._tally, self._places, seconds=seconds, height=height)
        self._live.update(view, refresh=True)


@contextmanager
def open_screen(
    console: Console, tally: Tally, places: Surroundings
) -> Iterator[LiveScreen | PlainScreen]:
    """Yield the screen that suits the console, and give the terminal back at the end."""
    if not console.is_terminal or console.is_dumb_terminal:
        console.print(render_next_steps(places), soft_wrap=True)
        yield PlainScreen(console, tally)
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        yield LiveScreen(live, tally, places)


def open_console() -> Console:
    """Return the console of standard output; where it is no terminal, as wide as ours are."""
    console = Console(highlight=False)
    if console.is_terminal:
        return console
    return Console(highlight=False, width=PLAIN_WIDTH)


def render_view(
    tally: Tally, places: Surroundings, *, seconds: float, height: int
) -> RenderableType:
    """Return the live view: at most ``height`` rows as long as that leaves room for three lines."""
    line_count = max(height - _FIXED_ROWS, _FEWEST_LINES)
    minutes, rest = divmod(int(seconds), 60)
    title = Text.assemble(
        ("Tocsin demo", "bold"),
        f"  two tenants watch two simulated chains   {minutes}:{rest:02}   ",
        ("Ctrl-C stops it", "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )
    return Padding(
        Group(
            title,
            Text(""),
            _networks_table(tally),
            Text(""),
            _figures_table(tally.rows(), live=True),
            Text(""),
            _lines_table(tally, line_count),
            Text(""),
            render_next_steps(places),
        ),
        (0, 1),
    )


def _table(*columns: tuple[str, int | None], numbers: tuple[str, ...] = ()) -> Table:
    """Return an empty table of headings and widths; None takes what is left."""
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    for heading, width in columns:
        table.add_column(
            heading,
            width=width,
            ratio=1 if width is None else None,
            justify="right" if heading in numbers else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    return table


def _networks_table(tally: Tally) -> Table:
    table = _table(
        ("network", 14),
        ("family", 9),
        ("newest block", 13),
        ("blocks seen", 12),
        ("reorganisations", 16),
        ("", None),
        numbers=("newest block", "blocks seen", "reorganisations"),
    )
    for network in NETWORKS:
        counts = tally.counts.get(network.slug)
        table.add_row(
            network.slug,
            network.family,
            str(counts.head_number) if counts else "-",
            str(counts.block_count) if counts else "-",
            str(counts.reorganisation_count) if counts else "-",
        )
    return table


def _figures_table(rows: list[Row], *, live: bool) -> Table:
    headings = ("tenant", "family", "matches", "alerts delivered", "retractions", "p50", "p99")
    numbers = headings[2:]
    widths = (14, 9, 13, 17, 12, 9, 9)
    if live:
        table = _table(*zip(headings, widths, strict=True), ("", None), numbers=numbers)
    else:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in headings:
            table.add_column(
                heading, justify="right" if heading in numbers else "left", no_wrap=True
            )
    for row in rows:
        table.add_row(
            row.place.tenant,
            row.place.family,
            str(row.match_count),
            Text(str(row.alert_count), style="bold green" if row.alert_count else ""),
            Text(str(row.retraction_count), style="yellow" if row.retraction_count else ""),
            seconds_of(row.p50_ms),
            seconds_of(row.p99_ms),
        )
    return table


def _lines_table(tally: Tally, line_count: int) -> Table:
    table = _table(
        ("time", 8),
        ("tenant", 6),
        ("monitor", 24),
        ("family", 7),
        ("block", 6),
        ("transaction", 11),
        ("what matched", None),
        numbers=("block",),
    )
    families = {network.slug: network.family for network in NETWORKS}
    newest = list(tally.lines)[-line_count:]
    for line in reversed(newest):
        if line.kind is LineKind.REORGANISATION:
            cells = (_clock_time(line), "", "reorganisation", families[line.network], "", "")
        else:
            cells = (
                _clock_time(line),
                line.tenant,
                line.monitor,
                families[line.network],
                str(line.block_number),
                line.transaction_hash[:10],
            )
        table.add_row(*cells, _HEADINGS[line.kind] + line.what, style=_style(line, tally))
    for _ in range(line_count - len(newest)):
        table.add_row("")
    return table


def _style(line: Line, tally: Tally) -> str:
    if line.kind is LineKind.ALERT and line.match_id in tally.retracted:
        return "dim strike"
    return _STYLES[line.kind]


def _plain_line(line: Line) -> Text:
    parts = [_clock_time(line), line.kind.value, line.network]
    if line.kind is not LineKind.REORGANISATION:
        parts += [f"block {line.block_number}", line.transaction_hash[:10]]
        parts += [f"{line.tenant}: {line.monitor}"]
    return Text("  ".join([*parts, line.what]))


def _clock_time(line: Line) -> str:
    return datetime.fromtimestamp(line.at_ms / 1000, tz=UTC).astimezone().strftime("%H:%M:%S")


def render_next_steps(places: Surroundings) -> RenderableType:
    """Return what to try next; each command works as it stands while the demo runs."""
    owner = next(name for name in places.header_paths if name != "operator")
    curl = f"curl -s -H @{shlex.quote(str(places.header_paths[owner]))}"
    rows = (
        ("reference", f"{places.api_url}/docs"),
        ("matches", f"{curl} \\"),
        ("", f"  {places.api_url}/api/v1/tenants/{owner}/matches"),
        ("operator key", f"in {places.header_paths['operator']}, for curl -H @…"),
        ("devnet", f"{places.devnet_url}/control/networks"),
        ("log", str(places.log_path)),
        ("more", "README.md, docs/webhooks.md, docs/howto/devnet.md"),
    )
    lines = [Text("what to try next", style="dim", no_wrap=True)]
    for name, text in rows:
        lines.append(Text(f"{name:<13}{text}", no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def print_figures(
    console: Console, tally: Tally, receiver: Receiver, first_alert_after: float | None
) -> None:
    """Print the table that the demo ends with, and what it adds up to.

    ``first_alert_after`` is in seconds from the start, None where there was no alert.
    """
    total = tally.total()
    first = (
        "" if first_alert_after is None else f", the first {first_alert_after:.1f} s after start"
    )
    console.print(_figures_table(tally.rows(), live=False))
    console.print(
        Text(
            f"{total.alert_count} alerts delivered{first}; "
            f"from block to receipt p50 {seconds_of(total.p50_ms)}, "
            f"p99 {seconds_of(total.p99_ms)}; "
            f"{receiver.repeated_count} repeated, {receiver.refused_count} refused"
        )
    )
    console.print(
        Text(
            "Matches include transactions that a reorganisation only moved to another block: "
            "recorded, not sent twice.",
            style="dim",
        )
    )


def seconds_of(milliseconds: int | None) -> str:
    """Return a latency for people; a dash where there is none."""
    return "-" if milliseconds is None else f"{milliseconds / 1000:.2f} s"
