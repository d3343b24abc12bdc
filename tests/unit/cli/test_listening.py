"""Addresses that cannot be listened on: one line that says which half to change."""

import socket

import pytest
from click.testing import CliRunner

from tocsin.cli.devnet import devnet_command
from tocsin.cli.http import listen
from tocsin.errors import OptionError, SettingsError


@pytest.mark.parametrize("host", ["203.0.113.1", "nobody.invalid", "a..b"])
def test_an_address_of_nobody_is_the_hosts_fault(host: str) -> None:
    with pytest.raises(SettingsError, match="set TOCSIN_API__HOST"):
        listen(host, 0)


def test_a_taken_port_is_the_ports_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match="set TOCSIN_API__PORT"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.1", "nobody.invalid", "a..b"])
def test_of_the_devnet_an_option_is_at_fault(host: str) -> None:
    result = CliRunner().invoke(devnet_command, ["--host", host, "--port", "0"])
    assert isinstance(result.exception, OptionError)
    assert f"cannot listen on {host}:0" in str(result.exception)
