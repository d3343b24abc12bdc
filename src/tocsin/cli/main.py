"""The command ``tocsin``: parses, hands down, and turns expected errors into one line."""

import errno
import os
import signal
import sys
from importlib import import_module
from types import FrameType
from typing import NoReturn

import click
from typing_extensions import override

from tocsin.errors import TocsinError

# Imported when called for: matching a file need not load a web server.
COMMANDS = {
    "up": "tocsin.cli.up:up_command",
    "demo": "tocsin.cli.demo:demo_command",
    "devnet": "tocsin.cli.devnet:devnet_command",
    "match": "tocsin.cli.match:match_command",
    "bench": "tocsin.cli.bench:bench_command",
    "expr": "tocsin.cli.expr:expr_command",
    "settings": "tocsin.cli.effective:settings_command",
    "migrate": "tocsin.cli.roles:migrate_command",
    "operator-key": "tocsin.cli.operator_key:operator_key_command",
    "api": "tocsin.cli.roles:api_command",
    "watch": "tocsin.cli.roles:watch_command",
    "work": "tocsin.cli.roles:work_command",
    "dispatch": "tocsin.cli.roles:dispatch_command",
}


# Meant to run until told to stop: a signal is no failure then, also while they still start.
SERVING = frozenset({"up", "api", "watch", "work", "dispatch"})

# What writing to a full, failing or limited standard output says.
OUTPUT_FAILURES = frozenset({errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT, errno.EBADF})


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
    if SERVING.intersection(sys.argv[1:2]):
        _stop_on_signals()
    try:
        status = cli.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(status)
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
    except OSError as error:
        _give_up_output(error)


def _stop_on_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop_starting)


def _stop_starting(number: int, frame: FrameType | None) -> NoReturn:
    """End a start, with all that it began; once it runs the event loop takes the signals."""
    sys.exit(0)


def _give_up_output(error: OSError) -> NoReturn:
    """Say that standard output takes no more; an error of anything else is a bug and goes up."""
    if error.errno not in OUTPUT_FAILURES or error.filename is not None:
        raise error
    # What could not be written would be tried again, and complained of, at the end.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    click.echo(f"tocsin: cannot write the output: {error.strerror}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
