"""``tocsin bench``: what this machine makes of the hot paths."""

from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import click
import orjson

from tocsin.chains.registry import family_code
from tocsin.cli.bench_match import Subject, measure
from tocsin.cli.bench_populations import POPULATIONS, generate, survey
from tocsin.cli.match import read_file
from tocsin.errors import InputError
from tocsin.matching.compiled import CompiledMonitor, compile_monitor
from tocsin.model.ids import MonitorId, NetworkId, TenantId
from tocsin.model.monitor import MonitorRef
from tocsin.model.network import ChainFamily
from tocsin.openzeppelin.monitors import parse_monitor

_FILE = click.Path(path_type=Path)
_NETWORK = NetworkId(uuid5(NAMESPACE_URL, "bench"))
_TENANT = TenantId(UUID(int=0))


@click.group("bench")
def bench_command() -> None:
    """Measure, as ratios to what a JSON parser takes for the same block."""


@bench_command.command("match")
@click.option(
    "--monitors",
    required=True,
    metavar="N|FILE",
    help="How many monitors to make, or a file with one OpenZeppelin monitor per line.",
)
@click.option(
    "--population",
    type=click.Choice(list(POPULATIONS)),
    default="zipf",
    show_default=True,
    help="What the monitors wait for, where they are made.",
)
@click.option("--block", type=_FILE, required=True, help="The block with its transactions.")
@click.option("--receipts", type=_FILE, required=True, help="The receipts of the block.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def match_bench_command(
    monitors: str, population: str, block: Path, receipts: Path, as_json: bool
) -> None:
    """Measure matching of one EVM block against many monitors."""
    code = family_code(ChainFamily.EVM)
    parts = {"block": read_file(block), "receipts": read_file(receipts)}
    bundle = code.bundle_from_json(_NETWORK, parts)
    if monitors.isascii() and monitors.isdigit():
        around = survey(bundle.parts["block"], bundle.parts["receipts"])
        made = list(generate(population, int(monitors), around, code))
    else:
        made = _read_monitors(Path(monitors))
    if not made:
        raise InputError("there is no monitor to measure with")
    figures = measure(Subject(monitors=made, code=code, bundle=bundle))
    if as_json:
        click.echo(orjson.dumps(figures))
        return
    for name, figure in figures.items():
        click.echo(f"{name:20} {figure}")


def _read_monitors(path: Path) -> list[tuple[str, CompiledMonitor]]:
    """Return the monitors of a file with one per line; paused ones are left out."""
    code = family_code(ChainFamily.EVM)
    made: list[tuple[str, CompiledMonitor]] = []
    for number, line in enumerate(read_file(path).splitlines(), start=1):
        if not line.strip():
            continue
        draft = parse_monitor(line, source=f"{path.name}:{number}", allow_scripts=True).draft
        if draft.paused:
            continue
        ref = MonitorRef(id=MonitorId(UUID(int=number)), tenant_id=_TENANT, version=1)
        try:
            made.append((draft.name, compile_monitor(ref, code.key_monitor(draft))))
        except InputError as cause:
            raise InputError(f"{cause} (in line {number})") from cause
    return made
