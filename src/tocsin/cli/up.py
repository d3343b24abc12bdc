"""``tocsin up``: everything in one process, on servers of its own unless the settings name some."""

from contextlib import ExitStack
from pathlib import Path

import click

from tocsin.bootstrap import LoopName, System
from tocsin.cli.announcing import tell_addresses, tell_first_key
from tocsin.cli.running import Listening, run_process
from tocsin.cli.servers import start_servers
from tocsin.settings import Settings, load_environment

ALL_LOOPS = frozenset(LoopName)


@click.command("up")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where the embedded servers keep their data; TOCSIN_DATA_DIR otherwise.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the API.")
def up_command(data_dir: Path | None, port: int | None) -> None:
    """Run watcher, worker, dispatcher and API until Ctrl-C.

    Without database and cache URLs in the settings it starts a PostgreSQL and a Valkey of its
    own, whose data live in one directory and which stop with it.
    """
    up(_with_options(load_environment(), data_dir, port))


def _with_options(settings: Settings, data_dir: Path | None, port: int | None) -> Settings:
    changes: dict[str, object] = {}
    if data_dir is not None:
        changes["data_dir"] = data_dir
    if port is not None:
        changes["api"] = settings.api.model_copy(update={"port": port})
    return settings.model_copy(update=changes)


def up(settings: Settings) -> None:
    """Run everything until SIGINT or SIGTERM.

    Raises:
        SettingsError, StorageUnavailableError, UnsafeRoleError: it cannot start as configured.
    """
    with ExitStack() as stack:
        servers = start_servers(settings, stack)

        async def announce(system: System, listening: Listening) -> None:
            await tell_first_key(system)
            click.echo("Tocsin is running. Stop it with Ctrl-C.")
            tell_addresses(settings, listening)
            click.echo(f"  data     {settings.data_dir}")

        run_process(
            settings,
            servers.connections,
            loops=ALL_LOOPS,
            embedded=servers.embedded,
            announce=announce,
        )
