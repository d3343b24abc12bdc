import pytest

from tocsin.devnet.control import is_loopback


@pytest.mark.parametrize("remote", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_loopback(remote: str) -> None:
    assert is_loopback(remote)


@pytest.mark.parametrize(
    "remote", ["10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "", None, "localhost"]
)
def test_everything_else_is_not(remote: str | None) -> None:
    assert not is_loopback(remote)
