"""Structured logs: our events and the libraries' → one line each on standard error.

Nothing secret gets through: what a field's name says is secret is masked, and a URL is cut
after its host, since providers put keys into paths and queries.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]

MASK = "[redacted]"
_MAX_DEPTH = 6
_SECRET_WORDS = re.compile(
    r"secret|token|passw|authori[sz]ation|cookie|api_?key|private_?key|credential", re.IGNORECASE
)
_HARMLESS_ENDINGS = ("_id", "_count", "_name")  # api_key_id tells which, not what
# Scheme | user and password, up to the last @ | host and port | path, query, fragment.
_URL = re.compile(
    r"([a-z][a-z0-9+.-]{0,30}://)(?:[^\s\"'<>]*@)?([^\s/?#\"'<>]*)([/?#][^\s\"'<>]*)?",
    re.IGNORECASE,
)
# What libraries say at these levels repeats ours, with URLs.
_QUIET = ("aiohttp.access", "uvicorn.access", "asyncio", "yoyo")


def configure(level: Level, log_format: Format, *, stream: TextIO | None = None) -> None:
    """Send every log line from now on to ``stream`` (standard error), as JSON or for people.

    Calling it again replaces the earlier configuration.
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                _renderer(log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderer(log_format: Format) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the event without secrets; the last step before it is written."""
    return {name: _cleaned(name, value, 0) for name, value in event.items()}


def _cleaned(name: str, value: object, depth: int) -> object:
    if _is_secret(name) or depth > _MAX_DEPTH:
        return MASK
    match value:
        case None | int() | float():
            return value
        case bytes() | bytearray():
            return f"{len(value)} bytes"
        case Mapping():
            return {str(key): _cleaned(str(key), item, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_cleaned("", item, depth + 1) for item in value]
        case _:
            return without_secrets(str(value))


def _is_secret(name: str) -> bool:
    return _SECRET_WORDS.search(name) is not None and not name.endswith(_HARMLESS_ENDINGS)


def without_secrets(text: str) -> str:
    """Return the text with each URL cut down to scheme and host."""
    return _URL.sub(lambda found: found[1] + found[2] + ("/…" if found[3] else ""), text)
