"""``tocsin operator-key``: the operator's keys, for whoever has the database itself."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from tocsin.cli.servers import open_api_database
from tocsin.control import api_keys
from tocsin.model.tenant import ApiKey
from tocsin.settings import load_environment
from tocsin.storage.pool import Database

_data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Of the embedded database, while `tocsin up` does not run; TOCSIN_DATA_DIR otherwise.",
)


@click.group("operator-key")
def operator_key_command() -> None:
    """List, make and revoke the operator's keys, in the database itself.

    The way back in when a key is lost, and the way out for one that leaked.
    """


@operator_key_command.command("list")
@_data_dir_option
def list_command(data_dir: Path | None) -> None:
    """Print every operator key: id, since when, until when, name."""

    async def work(database: Database) -> None:
        for key in await api_keys.list_operator_keys(database):
            click.echo(_line(key))

    _with_database(data_dir, work)


@operator_key_command.command("new")
@click.option("--name", default="operator", show_default=True, help="What it is for.")
@_data_dir_option
def new_command(name: str, data_dir: Path | None) -> None:
    """Make an operator key and print it, this once."""

    async def work(database: Database) -> None:
        await api_keys.add_operator_key(database, name, secrets.token_bytes, click.echo)

    _with_database(data_dir, work)


@operator_key_command.command("revoke")
@click.argument("key_id")
@_data_dir_option
def revoke_command(key_id: str, data_dir: Path | None) -> None:
    """Make the operator key of an id useless from the next request on.

    The id is what stands between the first two underscores of a key.
    """

    async def work(database: Database) -> None:
        await api_keys.revoke_operator_key(database, key_id)
        click.echo(f"{key_id} is revoked")

    _with_database(data_dir, work)


def _with_database(data_dir: Path | None, work: Callable[[Database], Awaitable[None]]) -> None:
    settings = load_environment()
    if data_dir is not None:
        settings = settings.model_copy(update={"data_dir": data_dir})
    with ExitStack() as stack:
        asyncio.run(_work(open_api_database(settings, stack), work))


async def _work(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    database = Database(url, most_connections=1, name="tocsin-operator-key")
    await database.open()
    try:
        await database.check_role()
        await work(database)
    finally:
        await database.close()


def _line(key: ApiKey) -> str:
    until = "works" if key.revoked_at is None else f"revoked {_time(key.revoked_at)}"
    return f"{key.id}  made {_time(key.created_at)}  {until}  {key.name}"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
