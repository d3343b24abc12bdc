"""``tocsin demo``: everything on one machine, with simulated chains and real alerts."""

from pathlib import Path

import click

from tocsin.cli.extras import require_extra


@click.command("demo")
@click.option("--once", is_flag=True, help="Stop after three alerts per tenant and chain family.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="An empty directory to work in and keep; by default one that is removed at the end.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=90.0,
    show_default=True,
    help="With --once: give up after that long.",
)
def demo_command(once: bool, data_dir: Path | None, seconds: float) -> None:
    """Show everything at work: simulated chains, two tenants, live alerts. Needs nothing else.

    Starts `tocsin devnet` and `tocsin up`, makes two tenants with different monitors through the
    API, receives their webhooks, and shows what happens until Ctrl-C.
    """
    require_extra("devnet")
    require_extra("embedded")
    # Here and not above: it needs the extras, and no other command should wait for its imports.
    from tocsin.cli.demo_show import ShowOptions, show

    show(ShowOptions(once=once, data_dir=data_dir, seconds=seconds))
