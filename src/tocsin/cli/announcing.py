"""What a process says once it runs: where it listens, and the operator's first key, once."""

import secrets

import click

from tocsin.bootstrap import System
from tocsin.cli.running import Listening
from tocsin.control.api_keys import ensure_operator_key
from tocsin.settings import Settings


async def tell_first_key(system: System) -> None:
    """Make the operator's first key and print it; nothing where there is one already."""
    if system.api_database is not None:
        await ensure_operator_key(system.api_database, secrets.token_bytes, tell_key)


def tell_addresses(settings: Settings, listening: Listening) -> None:
    """Print where the API, if this process has it, and the metrics are."""
    if listening.api_port is not None:
        url = _url(settings.api.host, listening.api_port)
        click.echo(f"  API      {url}  (reference: /docs)")
    metrics = _url(settings.telemetry.metrics_host, listening.metrics_port)
    click.echo(f"  metrics  {metrics}/metrics")


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def tell_key(key: str) -> None:
    """Print a new operator key."""
    click.echo(f"The operator key, shown only this once: {key}")
