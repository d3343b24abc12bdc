from collections.abc import Sequence

import pytest

from tests.support.clock import FakeClock
from tocsin.errors import ChannelUnavailableError, EgressRefusedError, SettingsError
from tocsin.net.egress import EgressGuard, EgressPolicy
from tocsin.net.names import NameResolver


def a_guard(*allow: str, answers: dict[str, Sequence[str]] | None = None) -> EgressGuard:
    """Return a guard whose resolver knows these names and no others."""
    known = answers or {}

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host not in known:
            raise OSError("no such name")
        return known[host]

    return EgressGuard(EgressPolicy(allow=allow), resolve)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/a?b=c",
        "http://hooks.example.com",
        "https://hooks.example.com:8443/",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://bücher.example/",
    ],
)
def test_a_public_url_may_be_asked(url: str) -> None:
    a_guard().require_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://0.0.0.0/",
        "http://0/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127。0。0。1/",
        "http://①②⑦.0.0.1/",
        "http://10.0.0.1/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
    ],
)
def test_a_literal_that_is_not_public_is_refused_without_asking_anybody(url: str) -> None:
    with pytest.raises(EgressRefusedError):
        a_guard().require_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/path",
        "hooks.example.com",
        "//hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "unix:///run/valkey.sock",
        "https://",
        "https:///path",
        "https://user@hooks.example.com/",
        "https://user:word@hooks.example.com/",
        "https://:word@hooks.example.com/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:25/",
        "https://hooks.example.com:1023/",
        "https://hooks.example.com:65536/",
        "https://hooks.example.com:https/",
        "https://hooks.example.com:-1/",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com /",
        " https://hooks.example.com/",
        "https://hooks.example.com/\r\nhost: inside",
        "https://hooks.example.com/\x00",
        "https://[::1",
        "https://a..b/",
        "https://a%00b/",
        "https://" + "a" * 64 + ".example/",
        "https://hooks.example.com/" + "a" * 4096,
    ],
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(EgressRefusedError):
        a_guard().require_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2@hooks.example.com/",
        "https://hooks.example.com:22/hunter2?hunter2#hunter2",
        "https://10.0.0.1/hunter2",
        "https://hooks.example.com:hunter2/",
        "hunter2://hooks.example.com/",
        "https://hooks.example.com/ hunter2",
    ],
)
def test_a_refusal_tells_no_secret(url: str) -> None:
    with pytest.raises(EgressRefusedError) as refusal:
        a_guard().require_url(url)
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


async def test_a_public_name_resolves_to_its_addresses() -> None:
    guard = a_guard(answers={"hooks.example.com": ["8.8.8.8", "2606:4700::1", "8.8.8.8"]})
    addresses = await guard.resolve("hooks.example.com", 443)
    assert [str(address) for address in addresses] == ["8.8.8.8", "2606:4700::1"]


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["::1"],
        ["169.254.169.254"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["2606:4700::1", "fd00::1"],
        ["::ffff:10.0.0.1"],
        ["fe80::1%eth0"],
        ["nonsense"],
    ],
)
async def test_one_inner_address_refuses_the_name(answer: list[str]) -> None:
    guard = a_guard(answers={"hooks.example.com": answer})
    with pytest.raises(EgressRefusedError):
        await guard.resolve("hooks.example.com", 443)


async def test_a_refused_name_does_not_tell_which_address_it_has() -> None:
    guard = a_guard(answers={"db": ["10.1.2.3"]})
    with pytest.raises(EgressRefusedError) as refusal:
        await guard.resolve("db", 5432)
    assert "10.1.2.3" not in str(refusal.value)


async def test_the_machine_s_own_name_is_refused() -> None:
    with pytest.raises(EgressRefusedError):
        await EgressGuard(EgressPolicy()).resolve("localhost", 8080)


@pytest.mark.parametrize("answers", [{}, {"hooks.example.com": []}])
async def test_a_name_without_an_address_may_have_one_later(
    answers: dict[str, Sequence[str]],
) -> None:
    with pytest.raises(ChannelUnavailableError):
        await a_guard(answers=answers).resolve("hooks.example.com", 443)


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("127.0.0.1:81", "http://127.0.0.1:81/"),
        ("127.0.0.0/8", "http://127.9.9.9/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("hooks.example.com:81", "http://hooks.example.com:81/"),
    ],
)
def test_the_operator_opens_a_destination(allow: str, url: str) -> None:
    a_guard(allow).require_url(url)


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8081/"),
        ("127.0.0.1:8080", "http://127.0.0.2:8080/"),
        ("localhost", "http://127.0.0.1/"),
        ("hooks.example.com", "http://169.254.169.254/"),
        ("10.0.0.1:22", "http://8.8.8.8:22/"),
        ("10.0.0.1:22", "http://10.0.0.1:23/"),
    ],
)
def test_an_opening_opens_nothing_else(allow: str, url: str) -> None:
    with pytest.raises(EgressRefusedError):
        a_guard(allow).require_url(url)


async def test_an_opened_name_may_lead_inside() -> None:
    guard = a_guard("node.internal:8545", answers={"node.internal": ["10.0.0.7"]})
    assert len(await guard.resolve("node.internal", 8545)) == 1


async def test_an_opened_name_is_closed_on_other_ports() -> None:
    guard = a_guard("node.internal:8545", answers={"node.internal": ["10.0.0.7"]})
    with pytest.raises(EgressRefusedError):
        await guard.resolve("node.internal", 8546)


async def test_an_opened_network_is_open_to_every_name() -> None:
    guard = a_guard("10.0.0.0/24:8545", answers={"anything.example": ["10.0.0.7"]})
    assert len(await guard.resolve("anything.example", 8545)) == 1


def test_a_policy_that_does_not_parse_cannot_be_made() -> None:
    with pytest.raises(SettingsError):
        EgressPolicy(allow=("*.example.com",))


async def test_names_looked_up_in_threads_are_vetted_like_any() -> None:
    resolver = NameResolver("test", FakeClock(), lookup=lambda host: ["10.0.0.1"])
    guard = EgressGuard(EgressPolicy(), resolver)
    with pytest.raises(EgressRefusedError):
        await guard.resolve("inside.example", 443)
