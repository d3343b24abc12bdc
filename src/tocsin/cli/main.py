"""The command ``tocsin``: parses, hands down, and turns expected errors into one line."""

import sys
from importlib import import_module

import click
from typing_extensions import override

from tocsin.errors import TocsinError

# Imported when called for: matching a file need not load a web server.
COMMANDS = {
    "up": "tocsin.cli.up:up_command",
    "demo": "tocsin.cli.demo:demo_command",
    "devnet": "tocsin.cli.devnet:devnet_command",
    "match": "tocsin.cli.match:match_command",
    "settings": "tocsin.cli.effective:settings_command",
    "migrate": "tocsin.cli.roles:migrate_command",
    "api": "tocsin.cli.roles:api_command",
    "watch": "tocsin.cli.roles:watch_command",
    "work": "tocsin.cli.roles:work_command",
    "dispatch": "tocsin.cli.roles:dispatch_command",
}


class _Commands(click.Group):
    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(import_module(module), name)
        return command if isinstance(command, click.Command) else None


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="tocsin")
def cli() -> None:
    """On-chain monitoring and alerting for many tenants.

    `tocsin demo` shows it; `tocsin up` runs everything on this machine.
    """


def main() -> None:
    """Run the command line; an expected error is one line on standard error, status 2."""
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except TocsinError as error:
        hint = f" — {error.hint}" if error.hint else ""
        click.echo(f"tocsin: {error}{hint}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
