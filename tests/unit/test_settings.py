import base64
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from tocsin.errors import SettingsError
from tocsin.settings import Settings, default_data_dir, list_variables, load, render_effective

KEY = base64.b64encode(b"k" * 32).decode()
SECRETS = {
    "TOCSIN_DATABASE__OWNER_URL": "postgresql://owner:hunter2@db/tocsin",
    "TOCSIN_DATABASE__API_URL": "postgresql://api:hunter2@db/tocsin",
    "TOCSIN_DATABASE__LOOPS_URL": "postgresql://loops:hunter2@db/tocsin",
    "TOCSIN_CACHE__URL": "redis://:hunter2@cache/0",
    "TOCSIN_SECRETS__KEYS": f"2026:{KEY}",
}


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as raised:
        load(environ)
    return str(raised.value)


def test_an_empty_environment_is_a_valid_one() -> None:
    assert load({}).api.port == 8080


def test_variables_of_others_are_none_of_ours() -> None:
    assert load({"PATH": "/bin", "NOT_TOCSIN_API__PORT": "1"}) == load({})


def test_a_value_reaches_its_field() -> None:
    assert load({"TOCSIN_API__PORT": "9000"}).api.port == 9000


def test_a_variable_without_group_reaches_its_field() -> None:
    assert load({"TOCSIN_INSTANCE": "left"}).instance == "left"


def test_an_empty_value_counts_as_not_set() -> None:
    assert load({"TOCSIN_API__PORT": "", "TOCSIN_DATABASE__OWNER_URL": ""}) == load({})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TOCSIN_WACHER__POLL_INTERVAL", "TOCSIN_WATCHER__POLL_INTERVAL"),
        ("TOCSIN_API__PRT", "TOCSIN_API__PORT"),
        ("TOCSIN_API_PORT", "TOCSIN_API__PORT"),
        ("TOCSIN_DATADIR", "TOCSIN_DATA_DIR"),
        ("tocsin_api__port", "TOCSIN_API__PORT"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_closest_known(name: str, meant: str) -> None:
    assert refusal({name: "1"}) == f"{name} is no setting; did you mean {meant}?"


def test_an_unknown_variable_like_no_other_is_refused_without_a_guess() -> None:
    assert refusal({"TOCSIN_ZZZ": "1"}) == "TOCSIN_ZZZ is no setting"


def test_a_whole_group_cannot_be_given_as_text() -> None:
    assert "TOCSIN_API is no setting" in refusal({"TOCSIN_API": '{"port": 1}'})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOCSIN_API__PORT", "http"),
        ("TOCSIN_API__PORT", "65536"),
        ("TOCSIN_API__PORT", "9" * 5000),
        ("TOCSIN_DISPATCHER__CONCURRENCY", "0"),
        ("TOCSIN_WATCHER__POLL_INTERVAL", "soon"),
        ("TOCSIN_WATCHER__POLL_INTERVAL", "0s"),
        ("TOCSIN_WATCHER__POLL_INTERVAL", "-1s"),
        ("TOCSIN_WATCHER__POLL_INTERVAL", "99999999999999999d"),
        ("TOCSIN_TELEMETRY__LOG_LEVEL", "loud"),
        ("TOCSIN_DATABASE__OWNER_URL", "mysql://u:p@db"),
        ("TOCSIN_CACHE__URL", "localhost:6379"),
        ("TOCSIN_SECRETS__KEYS", "no-key"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_its_variable(name: str, value: str) -> None:
    message = refusal({name: value})
    assert message.startswith(f"{name}: ")
    assert "\n" not in message
    assert len(message) < 200


def test_every_problem_has_a_line() -> None:
    message = refusal({"TOCSIN_API__PRT": "1", "TOCSIN_API__PORT": "x", "TOCSIN_CACHE__URL": "y"})
    assert len(message.splitlines()) == 3


def test_a_lease_too_short_for_its_request_is_refused() -> None:
    message = refusal({"TOCSIN_DISPATCHER__LEASE_DURATION": "15s"})
    assert message.startswith("TOCSIN_DISPATCHER__LEASE_DURATION: expected at least 30s")


@pytest.mark.parametrize("name", SECRETS)
def test_a_refused_secret_is_not_repeated(name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load({name: "hunter2"})
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("render", [render_effective, repr, str, Settings.model_dump_json])
def test_a_secret_is_never_shown(render: object) -> None:
    assert callable(render)
    text = render(load(SECRETS))
    assert "hunter2" not in text
    assert KEY not in text


def test_the_effective_settings_load_as_the_same_settings() -> None:
    given = load(
        {
            "TOCSIN_EGRESS__ALLOW": "127.0.0.1:8080, 10.0.0.0/8",
            "TOCSIN_WATCHER__POLL_INTERVAL": "500ms",
            "TOCSIN_INSTANCE": "left",
        }
    )
    pairs = (line.split("=", 1) for line in render_effective(given).splitlines())
    assert load(dict(pairs)) == given


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("10", timedelta(seconds=10)),
        ("1.5s", timedelta(seconds=1.5)),
        ("5m", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
    ],
)
def test_a_duration_has_a_unit_or_is_in_seconds(text: str, duration: timedelta) -> None:
    assert load({"TOCSIN_WATCHER__POLL_INTERVAL": text}).watcher.poll_interval == duration


def test_a_list_is_separated_by_commas() -> None:
    assert load({"TOCSIN_EGRESS__ALLOW": " a, b:80 ,,"}).egress.allow == ("a", "b:80")


def test_keys_come_with_the_current_one_first() -> None:
    keys = load({"TOCSIN_SECRETS__KEYS": f"new:{KEY},old:{KEY}"}).secrets.parsed()
    assert list(keys.items()) == [("new", b"k" * 32), ("old", b"k" * 32)]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load({}).api.port = 1


def test_without_urls_both_servers_are_embedded() -> None:
    settings = load({})
    assert (settings.database.is_embedded, settings.cache.is_embedded) == (True, True)


def test_one_url_is_enough_to_mean_a_server_of_ones_own() -> None:
    name = "TOCSIN_DATABASE__LOOPS_URL"
    assert not load({name: SECRETS[name]}).database.is_embedded


def test_a_url_that_is_needed_and_missing_is_named() -> None:
    with pytest.raises(SettingsError, match="TOCSIN_DATABASE__API_URL is not set"):
        load({}).database.require_url("api")


def test_a_url_that_is_needed_and_set_is_given() -> None:
    name = "TOCSIN_DATABASE__API_URL"
    assert load({name: SECRETS[name]}).database.require_url("api") == SECRETS[name]


def test_a_missing_cache_url_is_named() -> None:
    with pytest.raises(SettingsError, match="TOCSIN_CACHE__URL is not set"):
        load({}).cache.require_url()


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.local/share/tocsin"),
        ({"HOME": "/home/ada", "XDG_DATA_HOME": "/data"}, "/data/tocsin"),
        ({"HOME": "/home/ada", "XDG_DATA_HOME": "relative"}, "/home/ada/.local/share/tocsin"),
    ],
)
def test_a_users_data_goes_where_xdg_says(
    environ: dict[str, str], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert default_data_dir(environ) == Path(path)


def test_every_variable_is_described() -> None:
    assert [variable.name for variable in list_variables() if not variable.info.description] == []


@pytest.mark.parametrize("name", ["TOCSIN_API__HOST", "TOCSIN_TELEMETRY__METRICS_HOST"])
@pytest.mark.parametrize("host", ["a..b", "a\udcff", "x" * 64])
def test_an_address_that_is_none_is_refused(name: str, host: str) -> None:
    assert refusal({name: host}) == f"{name}: expected the name or the IP address of a host"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "tocsin.internal", "localhost"])
def test_an_address_is_taken_as_it_is(host: str) -> None:
    assert load({"TOCSIN_API__HOST": host}).api.host == host


@pytest.mark.parametrize("rule", ["256.1.1.1:99999", "*.internal", "a b"])
def test_an_egress_rule_that_cannot_be_read_is_named_by_its_variable(rule: str) -> None:
    reason = refusal({"TOCSIN_EGRESS__ALLOW": f"node.internal:8545,{rule}"})
    assert reason.startswith("TOCSIN_EGRESS__ALLOW: entry 2: expected a host name")
    assert rule not in reason
