from ipaddress import ip_address

import pytest

from tocsin.errors import SettingsError
from tocsin.net.allow import is_host_name, parse_allow_rule

LOOPBACK = ip_address("127.0.0.1")


def test_a_host_rule_opens_the_host_on_every_port() -> None:
    rule = parse_allow_rule("Node.Internal")
    assert rule.opens_host("node.internal", 8545)
    assert rule.opens_host("node.internal", 22)
    assert not rule.opens_host("other.internal", 8545)


def test_a_host_rule_with_a_port_opens_only_that_port() -> None:
    rule = parse_allow_rule("node.internal:8545")
    assert rule.opens_host("node.internal", 8545)
    assert not rule.opens_host("node.internal", 8546)


def test_a_host_rule_does_not_open_the_host_s_parent_or_child() -> None:
    rule = parse_allow_rule("node.internal")
    assert not rule.opens_host("a.node.internal", 80)
    assert not rule.opens_host("internal", 80)


@pytest.mark.parametrize(
    ("entry", "inside", "outside"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
        ("127.0.0.1:9000", "127.0.0.1", "127.0.0.2"),
        ("10.0.0.0/8", "10.9.9.9", "11.0.0.0"),
        ("10.0.0.0/8:9000", "10.9.9.9", "11.0.0.0"),
        ("::1", "::1", "::2"),
        ("[::1]:9000", "::1", "::2"),
        ("fd00::/8", "fd00::1", "fe00::1"),
        ("[fd00::/8]:9000", "fd00::1", "fe00::1"),
        (" 127.0.0.1 ", "::ffff:127.0.0.1", "::1"),
    ],
)
def test_a_network_rule_opens_exactly_its_addresses(entry: str, inside: str, outside: str) -> None:
    rule = parse_allow_rule(entry)
    assert rule.opens_address(ip_address(inside), 9000)
    assert not rule.opens_address(ip_address(outside), 9000)


@pytest.mark.parametrize("entry", ["127.0.0.1:9000", "127.0.0.0/8:9000"])
def test_a_network_rule_with_a_port_opens_only_that_port(entry: str) -> None:
    assert not parse_allow_rule(entry).opens_address(LOOPBACK, 9001)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "*",
        "*.example.com",
        "https://example.com",
        "example.com/path",
        "example.com:",
        "example.com:0",
        "example.com:65536",
        "example.com:http",
        "example.com:٨٠",
        "user@example.com",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "127.1",
        "0x7f000001",
        "[::1",
        "[::1]x",
        "[example.com]",
        "a b",
        "-a.example",
        f"{'a' * 64}.example",
        f"{'a.' * 130}b",
    ],
)
def test_an_unreadable_entry_is_a_settings_error(entry: str) -> None:
    with pytest.raises(SettingsError, match=r"^egress\.allow: "):
        parse_allow_rule(entry)


@pytest.mark.parametrize("text", ["127.1", "2130706433", "0x7f.1", "0x7f000001", "a.1", "1"])
def test_a_number_is_no_host_name(text: str) -> None:
    assert not is_host_name(text)


@pytest.mark.parametrize("text", ["localhost", "a.b-c.d", "xn--bcher-kva.example", "a.b."])
def test_dns_names_are_host_names(text: str) -> None:
    assert is_host_name(text)
