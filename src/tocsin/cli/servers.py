"""Finds or starts the servers a process needs, and says under which name it holds leases."""

import os
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import uuid4

from tocsin.bootstrap import Connections
from tocsin.embedded.directory import DataDirectory, claim_data_dir
from tocsin.embedded.postgres import EmbeddedPostgres
from tocsin.embedded.valkey import EmbeddedValkey
from tocsin.errors import SettingsError
from tocsin.model.encryption_keys import parse_encryption_keys
from tocsin.settings import Settings, render_new_encryption_key
from tocsin.storage.migrate import DatabaseUrls, migrate, prepare_database

DATABASE = "tocsin"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A child server: whether it lives, and how to start it again."""

    name: str
    is_running: Callable[[], bool]
    start_again: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where everything is, and which of it are children of ours."""

    connections: Connections
    embedded: tuple[EmbeddedServer, ...]


def start_servers(settings: Settings, stack: ExitStack) -> Servers:
    """Start what the settings do not name, bring the schema up to date, and return it all.

    The children stop when the stack unwinds, or when this process dies, however it dies. Call
    from the main thread: the kernel ends them with the thread that started them.

    Raises:
        SettingsError: the data directory is in use, an extra or a setting is missing.
        StorageUnavailableError: an external database does not answer.
    """
    directory = stack.enter_context(claim_data_dir(settings.data_dir))
    urls, postgres = _database(settings, directory, stack)
    cache_url, valkey = _cache(settings, directory, stack)
    migrate(urls)
    connections = Connections(
        api_url=urls.api,
        loops_url=urls.loops,
        cache_url=cache_url,
        encryption_keys=_encryption_keys(settings, directory),
        holder=directory.kept_text("instance", lambda: f"up-{uuid4()}"),
    )
    return Servers(connections=connections, embedded=(*postgres, *valkey))


def open_api_database(settings: Settings, stack: ExitStack) -> str:
    """Return the URL of the API's database: the settings', or the embedded one's, started.

    Raises:
        SettingsError: the URL is not set, or the data directory is in use.
    """
    if not settings.database.is_embedded:
        return settings.database.require_url("api")
    directory = stack.enter_context(claim_data_dir(settings.data_dir))
    urls, _ = _database(settings, directory, stack)
    migrate(urls)
    return urls.api


def _database(
    settings: Settings, directory: DataDirectory, stack: ExitStack
) -> tuple[DatabaseUrls, tuple[EmbeddedServer, ...]]:
    if not settings.database.is_embedded:
        return external_urls(settings), ()
    server = EmbeddedPostgres(directory)
    stack.callback(server.stop)
    address = server.start()
    # Made anew on every start: nobody needs to keep them, and the socket is ours alone.
    words = DatabaseUrls(
        owner=secrets.token_hex(24), api=secrets.token_hex(24), loops=secrets.token_hex(24)
    )
    prepare_database(address.url(), DATABASE, words)
    urls = DatabaseUrls(
        owner=address.url(DATABASE, user="tocsin_owner", password=words.owner),
        api=address.url(DATABASE, user="tocsin_api", password=words.api),
        loops=address.url(DATABASE, user="tocsin_loops", password=words.loops),
    )
    child = EmbeddedServer(
        name="postgres", is_running=lambda: server.is_running, start_again=server.start
    )
    return urls, (child,)


def _cache(
    settings: Settings, directory: DataDirectory, stack: ExitStack
) -> tuple[str, tuple[EmbeddedServer, ...]]:
    if not settings.cache.is_embedded:
        return settings.cache.require_url(), ()
    server = EmbeddedValkey(directory)
    stack.callback(server.stop)
    url = server.start()
    child = EmbeddedServer(
        name="valkey", is_running=lambda: server.is_running, start_again=server.start
    )
    return url, (child,)


def external_urls(settings: Settings) -> DatabaseUrls:
    """Return the three database URLs of the settings.

    Raises:
        SettingsError: one is not set.
    """
    return DatabaseUrls(
        owner=settings.database.require_url("owner"),
        api=settings.database.require_url("api"),
        loops=settings.database.require_url("loops"),
    )


def _encryption_keys(settings: Settings, directory: DataDirectory) -> dict[str, bytes]:
    given = settings.secrets.parsed()
    if given:
        return given
    if not settings.database.is_embedded:
        raise SettingsError(
            "TOCSIN_SECRETS__KEYS is not set: an external database needs keys kept elsewhere"
        )
    kept = directory.kept_text("encryption.key", lambda: render_new_encryption_key("local"))
    return parse_encryption_keys(kept)


def require_keys(settings: Settings) -> dict[str, bytes]:
    """Return the encryption keys of a process without a data directory.

    Raises:
        SettingsError: none is set.
    """
    keys = settings.secrets.parsed()
    if not keys:
        raise SettingsError("TOCSIN_SECRETS__KEYS is not set")
    return keys


def process_name(settings: Settings) -> str:
    """Return the name a role's process holds leases under.

    With ``TOCSIN_INSTANCE`` set it is that, so that a restart takes its leases back at once;
    otherwise it is unique, so that two processes on one host are never mistaken for one.
    """
    if "instance" in settings.model_fields_set:
        return settings.instance
    return f"{settings.instance}:{os.getpid()}:{secrets.token_hex(4)}"
