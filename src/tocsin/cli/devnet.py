"""``tocsin devnet``: simulated networks in a process of their own."""

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from tocsin.cli.extras import require_extra
from tocsin.clock import SystemClock
from tocsin.errors import OptionError, SettingsError

if TYPE_CHECKING:  # its libraries are an extra, looked for when the command runs
    from tocsin.devnet.server import Devnet


@click.command("devnet")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8645, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Decides every block.")
@click.option("--paused", is_flag=True, help="Produce blocks only on request.")
@click.option(
    "--block-time",
    type=click.FloatRange(min=0.05),
    default=2.0,
    show_default=True,
    help="Seconds between EVM blocks.",
)
@click.option(
    "--close-time",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Seconds between Stellar ledgers.",
)
@click.option("--chain-id", type=click.IntRange(min=1), default=31337, show_default=True)
@click.option(
    "--protocol",
    type=click.Choice(["22", "23"]),
    default="23",
    help="Of Stellar.",
    show_default=True,
)
@click.option(
    "--genesis-time",
    type=click.IntRange(min=0),
    help="Unix seconds of the first block; fixed by default, so that a seed gives the same hashes.",
)
def devnet_command(
    host: str,
    port: int,
    seed: int,
    paused: bool,
    block_time: float,
    close_time: int,
    chain_id: int,
    protocol: str,
    genesis_time: int | None,
) -> None:
    """Serve a simulated EVM chain and a simulated Stellar network over JSON-RPC.

    Deterministic by seed; forks and faults on request: see docs/howto/devnet.md.
    """
    require_extra("devnet")
    from tocsin.devnet.config import DevnetConfig, StellarOptions
    from tocsin.devnet.evm.chain import DEFAULT_GENESIS_TIME, EvmOptions
    from tocsin.devnet.server import describe_urls, run_devnet

    began = DEFAULT_GENESIS_TIME if genesis_time is None else genesis_time
    config = DevnetConfig(
        host=host,
        port=port,
        seed=seed,
        paused=paused,
        networks=(
            EvmOptions(chain_id=chain_id, block_seconds=block_time, genesis_time=began),
            StellarOptions(protocol=int(protocol), close_seconds=close_time, genesis_time=began),
        ),
    )

    def announce(devnet: "Devnet") -> None:
        click.echo(describe_urls(devnet))
        click.echo("Stop it with Ctrl-C.")

    async def run() -> None:
        task = asyncio.ensure_future(run_devnet(config, SystemClock(), announce=announce))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await asyncio.wait({task})
        if not task.cancelled():
            _raise_failure(task)

    asyncio.run(run())


def _raise_failure(task: asyncio.Future[None]) -> None:
    try:
        task.result()
    except SettingsError as cause:  # no setting of ours: here it is an option
        raise OptionError(str(cause)) from cause
