"""The roles as processes of their own, against external servers."""

import click

from tocsin.bootstrap import Connections, LoopName, System
from tocsin.cli.announcing import tell_addresses, tell_first_key
from tocsin.cli.running import Listening, run_process
from tocsin.cli.servers import external_urls, process_name, require_keys
from tocsin.settings import load_environment
from tocsin.storage.migrate import migrate


def _run_loop(name: LoopName) -> None:
    settings = load_environment()
    connections = Connections(
        api_url=None,
        loops_url=settings.database.require_url("loops"),
        cache_url=settings.cache.require_url(),
        encryption_keys=require_keys(settings),
        holder=process_name(settings),
    )

    async def announce(_: System, listening: Listening) -> None:
        click.echo(f"tocsin {name} is running. Stop it with Ctrl-C.")
        tell_addresses(settings, listening)

    run_process(settings, connections, loops=frozenset({name}), announce=announce)


@click.command("watch")
def watch_command() -> None:
    """Run watchers: chain to chain log, one per network however many processes run."""
    _run_loop(LoopName.WATCH)


@click.command("work")
def work_command() -> None:
    """Run a worker: chain log to matches, for the shards it holds."""
    _run_loop(LoopName.WORK)


@click.command("dispatch")
def dispatch_command() -> None:
    """Run a dispatcher: deliveries to attempts."""
    _run_loop(LoopName.DISPATCH)


@click.command("api")
def api_command() -> None:
    """Run the API alone."""
    settings = load_environment()
    connections = Connections(
        api_url=settings.database.require_url("api"),
        loops_url=None,
        cache_url=settings.cache.require_url(),
        encryption_keys=require_keys(settings),
        holder=process_name(settings),
    )

    async def announce(system: System, listening: Listening) -> None:
        await tell_first_key(system)
        click.echo("tocsin api is running. Stop it with Ctrl-C.")
        tell_addresses(settings, listening)

    run_process(settings, connections, loops=frozenset(), announce=announce)


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to date; safe to run from several places at once."""
    applied = migrate(external_urls(load_environment()))
    click.echo(f"{applied} migrations applied")
