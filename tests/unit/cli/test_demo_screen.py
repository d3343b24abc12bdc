"""What the demo shows: it fits, it tells retractions apart, and it leaks no key."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tocsin.cli.demo_api import NetworkCounts
from tocsin.cli.demo_screen import (
    PlainScreen,
    Surroundings,
    open_screen,
    print_figures,
    render_next_steps,
    render_view,
)
from tocsin.cli.demo_tally import Line, LineKind, Tally
from tocsin.cli.receiver import Receiver
from tocsin.clock import SystemClock

PLACES = Surroundings(
    api_url="http://127.0.0.1:45781",
    devnet_url="http://127.0.0.1:57561",
    log_path=Path("/tmp/tocsin-demo-0vnyvyek/tocsin.log"),
    header_paths={
        "operator": Path("/tmp/tocsin-demo-0vnyvyek/operator.header"),
        "acme": Path("/tmp/tocsin-demo-0vnyvyek/acme.header"),
    },
)


def an_alert(match_id: str = "match-1", what: str = "Transfer value 5") -> Line:
    return Line(
        kind=LineKind.ALERT,
        at_ms=1_800_000_000_000,
        network="demo_evm",
        what=what,
        tenant="acme",
        monitor="Large transfers",
        block_number=123_456,
        transaction_hash="0x" + "ab" * 32,
        match_id=match_id,
    )


@pytest.fixture
def tally() -> Tally:
    tally = Tally(["acme", "globex"], {"demo_evm": "EVM", "demo_stellar": "Stellar"})
    tally.counts = {
        slug: NetworkCounts(head_number=10**7, block_count=10**6, reorganisation_count=1000)
        for slug in ("demo_evm", "demo_stellar")
    }
    return tally


def drawn(tally: Tally, *, width: int = 100, height: int = 30, colour: bool = False) -> str:
    console = Console(
        file=StringIO(), width=width, height=height, force_terminal=colour, highlight=False
    )
    with console.capture() as capture:
        console.print(render_view(tally, PLACES, seconds=61.5, height=height))
    return capture.get()


@pytest.mark.parametrize("line_count", [0, 1, 8, 60])
def test_the_view_fits_a_hundred_columns_and_thirty_rows(tally: Tally, line_count: int) -> None:
    for number in range(line_count):
        tally.lines.append(an_alert(f"match-{number}", what="swap " + "x" * 500))
    rows = drawn(tally).splitlines()
    assert len(rows) <= 30
    assert max(len(row) for row in rows) <= 100


def test_the_view_keeps_its_height_while_lines_arrive(tally: Tally) -> None:
    before = len(drawn(tally).splitlines())
    tally.lines.append(an_alert())
    assert len(drawn(tally).splitlines()) == before


def test_the_newest_lines_are_shown(tally: Tally) -> None:
    for number in range(60):
        tally.lines.append(an_alert(what=f"number {number}"))
    shown = drawn(tally)
    assert "number 59" in shown
    assert "number 0 " not in shown


def test_an_alert_taken_back_is_struck_out(tally: Tally) -> None:
    tally.lines.append(an_alert())
    before = drawn(tally, colour=True)
    tally.retracted.add("match-1")
    assert "\x1b[2;9m" not in before  # dim and struck
    assert "\x1b[2;9m" in drawn(tally, colour=True)


def test_commands_to_try_are_never_cut(tally: Tally) -> None:
    console = Console(file=StringIO(), width=100)
    with console.capture() as capture:
        console.print(render_next_steps(PLACES))
    assert "…/" not in capture.get()
    assert "curl -s -H @/tmp/tocsin-demo-0vnyvyek/acme.header \\\n" in capture.get()
    assert "  http://127.0.0.1:45781/api/v1/tenants/acme/matches\n" in capture.get()


def test_without_a_terminal_each_event_is_one_line(tally: Tally) -> None:
    output = StringIO()
    console = Console(file=output, width=100)
    with open_screen(console, tally, PLACES) as screen:
        assert isinstance(screen, PlainScreen)
        output.truncate(0)
        screen.note(an_alert(what="x" * 200))
    assert len(output.getvalue().splitlines()) == 1
    assert "acme: Large transfers" in output.getvalue()


def test_brackets_in_a_name_are_no_markup(tally: Tally) -> None:
    output = StringIO()
    PlainScreen(Console(file=output, width=100), tally).note(an_alert(what='path ["[red]"]'))
    assert 'path ["[red]"]' in output.getvalue()


def test_summaries_come_now_and_then(tally: Tally) -> None:
    output = StringIO()
    screen = PlainScreen(Console(file=output, width=100), tally)
    for seconds in range(31):
        screen.refresh(float(seconds))
    assert len(output.getvalue().splitlines()) == 2


def test_the_last_table_says_what_was_delivered(tally: Tally) -> None:
    output = StringIO()
    receiver = Receiver(SystemClock(), lambda _: None)
    print_figures(Console(file=output, width=100), tally, receiver, None)
    assert "0 alerts delivered; from block to receipt p50 -, p99 -" in output.getvalue()
    assert output.getvalue().count("Stellar") == 2
