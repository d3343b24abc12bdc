"""``tocsin match``: files → one JSON line per match."""

import zlib
from pathlib import Path

import click

from tocsin.cli.offline import match_offline
from tocsin.errors import InputError, PayloadTooLargeError

MAX_FILE_BYTES = 256 * 1024 * 1024  # after decompression
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = zlib.MAX_WBITS | 16

_FILE = click.Path(path_type=Path)


@click.command("match")
@click.option("--network", type=_FILE, required=True, help="The network's JSON file.")
@click.option(
    "--monitors", type=_FILE, required=True, help="A monitor's JSON file, or a directory of them."
)
@click.option("--block", type=_FILE, help="EVM: the block with its transactions.")
@click.option("--receipts", type=_FILE, help="EVM: the receipts of the block.")
@click.option("--ledger", type=_FILE, help="Stellar: the answer of getLedgers, or one ledger.")
@click.option("--transactions", type=_FILE, help="Stellar: the answer of getTransactions.")
@click.option("--events", type=_FILE, help="Stellar: the answer of getEvents.")
def match_command(network: Path, monitors: Path, **parts: Path | None) -> None:
    """Match one recorded block offline and print one JSON line per match.

    Files may be compressed with gzip. Blocks may be bare results or JSON-RPC answers.
    """
    result = match_offline(
        (network.name, read_file(network)),
        {path.name: read_file(path) for path in list_monitors(monitors)},
        {name: read_file(path) for name, path in parts.items() if path is not None},
    )
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    for line in result.lines:
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
