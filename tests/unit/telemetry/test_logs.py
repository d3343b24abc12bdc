import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from tocsin.telemetry.logs import MASK, configure, redact, without_secrets


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure("info", "json", stream=stream)
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_object_with_its_fields(stream: io.StringIO) -> None:
    structlog.get_logger().info("block.published", block_number=7)
    (line,) = lines(stream)
    line.pop("timestamp")
    assert line == {"event": "block.published", "level": "info", "block_number": 7}


def test_a_librarys_line_comes_out_like_ours(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("no answer from %s", "https://node.test/v3/KEY")
    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("no answer from https://node.test/…", "warning")


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    structlog.get_logger().debug("block.decoded")
    assert lines(stream) == []


def test_a_traceback_is_written_without_the_secrets_in_it(stream: io.StringIO) -> None:
    try:
        raise ValueError("postgresql://user:hunter2@db/tocsin refused")
    except ValueError:
        structlog.get_logger().exception("loop.failed")
    assert "Traceback" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_configuring_again_does_not_write_twice(stream: io.StringIO) -> None:
    configure("info", "json", stream=stream)
    structlog.get_logger().info("loop.started")
    assert len(lines(stream)) == 1


def test_the_console_format_is_no_json() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure("info", "console", stream=stream)
    structlog.get_logger().info("loop.started")
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    assert "loop.started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(
    "name", ["secret", "signing_secret", "access_token", "Authorization", "password", "api_key"]
)
def test_a_field_named_like_a_secret_is_masked(name: str) -> None:
    assert redact(None, "info", {name: "hunter2"}) == {name: MASK}


def test_a_secret_inside_a_mapping_is_masked() -> None:
    event = redact(None, "info", {"config": [{"token": "hunter2", "kept": 1}]})
    assert event == {"config": [{"token": MASK, "kept": 1}]}


def test_the_id_of_a_secret_is_none() -> None:
    assert redact(None, "info", {"api_key_id": "k1"}) == {"api_key_id": "k1"}


def test_bytes_are_counted_not_shown() -> None:
    assert redact(None, "info", {"body": b"hunter2"}) == {"body": "7 bytes"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://node.test/v3/KEY?a=b#c rest", "https://node.test/… rest"),
        ("https://node.test:8545", "https://node.test:8545"),
        ("https://host.test?key=KEY", "https://host.test/…"),
        ("redis://:hunter2@cache:6379/0", "redis://cache:6379/…"),
        ("postgresql://user:hun/t@er2@db/x", "postgresql://db/…"),
        ("wss://user@node.test,then", "wss://node.test,then"),
        ("no address here: a/b?c", "no address here: a/b?c"),
    ],
)
def test_a_url_is_cut_after_its_host(text: str, left: str) -> None:
    assert without_secrets(text) == left
