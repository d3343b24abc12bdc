"""``tocsin settings``: what is in force."""

import click

from tocsin.settings import load_environment, render_effective


@click.command("settings")
def settings_command() -> None:
    """Print the settings in force, secrets masked."""
    click.echo(render_effective(load_environment()), nl=False)
