"""``tocsin match``: files → one JSON line per match."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from tocsin.cli.named_lists import read_lists
from tocsin.cli.offline import MatchFormat, explain_offline, match_offline
from tocsin.errors import InputError, PayloadTooLargeError
from tocsin.matching.explain import Explanation, render_explanation
from tocsin.matching.expression.computing import NO_LISTS

MAX_FILE_BYTES = 256 * 1024 * 1024  # after decompression
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = zlib.MAX_WBITS | 16

_FILE = click.Path(path_type=Path)


@click.command("match")
@click.option("--network", type=_FILE, required=True, help="The network's JSON file.")
@click.option(
    "--monitors", type=_FILE, required=True, help="A monitor's JSON file, or a directory of them."
)
@click.option(
    "--block",
    type=_FILE,
    help="EVM: the block with its transactions; or one object with all parts as members.",
)
@click.option("--receipts", type=_FILE, help="EVM: the receipts of the block.")
@click.option("--ledger", type=_FILE, help="Stellar: the answer of getLedgers, or one ledger.")
@click.option("--transactions", type=_FILE, help="Stellar: the answer of getTransactions.")
@click.option("--events", type=_FILE, help="Stellar: the answer of getEvents.")
@click.option(
    "--lists", type=_FILE, help='The lists that expressions name: {"name": ["entry", …]}.'
)
@click.option(
    "--format",
    "match_format",
    type=click.Choice([each.value for each in MatchFormat]),
    default=MatchFormat.TOCSIN.value,
    help="Ours, or OpenZeppelin Monitor's match document.",
)
@click.option(
    "--explain",
    "transaction_hash",
    metavar="HASH",
    help="Say clause by clause why this transaction matches each monitor or not.",
)
@click.option("--json", "as_json", is_flag=True, help="With --explain: one JSON line per monitor.")
def match_command(
    network: Path,
    monitors: Path,
    lists: Path | None,
    match_format: str,
    transaction_hash: str | None,
    *,
    as_json: bool,
    **parts: Path | None,
) -> None:
    """Match one recorded block offline and print one JSON line per match.

    Files may be compressed with gzip. Blocks may be bare results or JSON-RPC answers.

    A monitor whose addresses, signatures or expressions cannot be meant is left out, and the
    exit status is 1 at the end. It is 2, and nothing is matched, where a file is not what it
    should be.
    """
    files = (
        (network.name, read_file(network)),
        {path.name: read_file(path) for path in list_monitors(monitors)},
        {name: read_file(path) for name, path in parts.items() if path is not None},
    )
    named = read_lists(read_file(lists), source=lists.name) if lists is not None else NO_LISTS
    if transaction_hash is not None:
        explained = explain_offline(*files, transaction_hash=transaction_hash, lists=named)
        _say(explained.notes, explained.refused)
        for name, explanation in explained.found.items():
            _say_explanation(name, explanation, as_json=as_json)
        refused = explained.refused
    else:
        matched = match_offline(*files, match_format=MatchFormat(match_format), lists=named)
        _say(matched.notes, matched.refused)
        for line in matched.lines:
            click.echo(line)
        refused = matched.refused
    if refused:
        click.get_current_context().exit(1)


def _say(notes: Sequence[str], refused: Sequence[str]) -> None:
    for note in notes:
        click.echo(f"note: {note}", err=True)
    for reason in refused:
        click.echo(f"error: {reason}", err=True)


def _say_explanation(name: str, explanation: Explanation, *, as_json: bool) -> None:
    if as_json:
        members = msgspec.to_builtins(explanation)
        click.echo(msgspec.json.encode({"monitor": name, **members}))
        return
    for line in render_explanation(name, explanation):
        click.echo(line)


def list_monitors(path: Path) -> list[Path]:
    """Return the monitor files a path stands for: itself, or the JSON files of a directory."""
    if not path.is_dir():
        return [path]
    try:
        found = sorted(each for each in path.iterdir() if each.suffix.lower() == ".json")
    except OSError as cause:
        raise InputError(f"cannot list {path}: {cause.strerror}") from cause
    if not found:
        raise InputError(f"there are no .json files in {path}")
    return found


def read_file(path: Path) -> bytes:
    """Return a file's content, decompressed if it is gzip.

    Raises:
        InputError: it cannot be read, or is damaged.
        PayloadTooLargeError: it holds more than 256 MiB.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as cause:
        raise InputError(f"cannot read {path}: {cause.strerror}") from cause
    if raw.startswith(_GZIP_MAGIC):
        try:
            raw = gunzip(raw, at_most=MAX_FILE_BYTES + 1)
        except zlib.error as cause:
            raise InputError(f"{path} is not sound gzip") from cause
    if len(raw) > MAX_FILE_BYTES:
        raise PayloadTooLargeError(f"{path} holds more than {MAX_FILE_BYTES} bytes")
    return raw


def gunzip(raw: bytes, *, at_most: int) -> bytes:
    """Return the first bytes of what gzip members hold, never more than ``at_most``.

    Raises:
        zlib.error: the data are damaged or end too early.
    """
    found = bytearray()
    while raw and len(found) < at_most:
        member = zlib.decompressobj(_GZIP_WINDOW)
        found += member.decompress(raw, at_most - len(found))
        if not member.eof and len(found) < at_most:
            raise zlib.error("the data end too early")
        raw = member.unused_data
    return bytes(found)
