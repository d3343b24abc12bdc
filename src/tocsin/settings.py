"""Environment variables → one frozen tree of everything that differs between deployments.

``TOCSIN_<GROUP>__<NAME>``; an empty value counts as not set. The file docs/settings.md is made
from the descriptions here.
"""

import os
import platform
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo

from tocsin.errors import SettingsError
from tocsin.model.encryption_keys import KEY_BYTES, parse_encryption_keys, render_encryption_key
from tocsin.net.allow import parse_allow_rule

PREFIX: Final = "TOCSIN_"
_SHORTEST_DELIVERY_LEASE = timedelta(seconds=30)
_RULE = "a host name, an address or a network, each with :port or without"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600, "d": 86400}


def _parse_duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value.strip())
    if found is None:
        raise ValueError("expected a duration such as 500ms, 10s, 5m, 2h or 3d")
    try:
        return timedelta(seconds=float(found[1]) * _UNIT_SECONDS[found[2]])
    except OverflowError as cause:
        raise ValueError("expected a duration of less than a million years") from cause


def _require_positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("expected a duration above zero")
    return value


def _require_longer_than_an_attempt(value: timedelta) -> timedelta:
    if value < _SHORTEST_DELIVERY_LEASE:
        raise ValueError("expected at least 30s, twice as long as an attempt may take")
    return value


def _require_host(value: str) -> str:
    try:
        value.encode("idna")
    except UnicodeError as cause:
        raise ValueError("expected the name or the IP address of a host") from cause
    return value


def _require_rules(value: tuple[str, ...]) -> tuple[str, ...]:
    for place, entry in enumerate(value, start=1):
        try:
            parse_allow_rule(entry)
        except SettingsError:
            raise ValueError(f"entry {place}: expected {_RULE}") from None
    return value


def _split_list(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _require_postgres_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("expected postgresql://user:password@host/database")
    return value


def _require_valkey_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("expected redis://host:port/number, rediss://… or unix:///path")
    return value


def _require_keys(value: SecretStr) -> SecretStr:
    parse_encryption_keys(value.get_secret_value())
    return value


Duration = Annotated[timedelta, BeforeValidator(_parse_duration), AfterValidator(_require_positive)]
Host = Annotated[str, AfterValidator(_require_host)]
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1, le=10_000)]
PostgresUrl = Annotated[SecretStr, AfterValidator(_require_postgres_url)]
ValkeyUrl = Annotated[SecretStr, AfterValidator(_require_valkey_url)]
Rules = Annotated[tuple[str, ...], BeforeValidator(_split_list), AfterValidator(_require_rules)]
EncryptionKeys = Annotated[SecretStr, AfterValidator(_require_keys)]


def render_new_encryption_key(key_id: str) -> str:
    """Return a fresh key as ``id:base64key``, from the system's random source."""
    return render_encryption_key(key_id, secrets.token_bytes(KEY_BYTES))


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DatabaseSettings(_Group):
    """PostgreSQL, one login role per purpose; without any URL the embedded server is used."""

    owner_url: PostgresUrl | None = Field(
        default=None, description="Role that migrates the schema; nothing else uses it."
    )
    api_url: PostgresUrl | None = Field(
        default=None, description="Role of the API: under row-level security, one tenant at a time."
    )
    loops_url: PostgresUrl | None = Field(
        default=None, description="Role of watcher, worker and dispatcher, which serve all tenants."
    )
    api_pool_size: Count = Field(
        default=10, description="Connections that an API process may open."
    )
    loops_pool_size: Count = Field(
        default=10, description="Connections that a process with loops may open."
    )

    @property
    def is_embedded(self) -> bool:
        """Whether no URL is set, so that `tocsin up` starts a server of its own."""
        return self.owner_url is None and self.api_url is None and self.loops_url is None

    def require_url(self, role: Literal["owner", "api", "loops"]) -> str:
        """Return the URL for one purpose.

        Raises:
            SettingsError: it is not set.
        """
        url = {"owner": self.owner_url, "api": self.api_url, "loops": self.loops_url}[role]
        if url is None:
            raise SettingsError(f"{PREFIX}DATABASE__{role.upper()}_URL is not set")
        return url.get_secret_value()


class CacheSettings(_Group):
    """Valkey or Redis; without a URL the embedded server is used."""

    url: ValkeyUrl | None = Field(
        default=None, description="Server for what may vanish: block feed, limits, hints."
    )

    @property
    def is_embedded(self) -> bool:
        """Whether no URL is set, so that `tocsin up` starts a server of its own."""
        return self.url is None

    def require_url(self) -> str:
        """Return the URL.

        Raises:
            SettingsError: it is not set.
        """
        if self.url is None:
            raise SettingsError(f"{PREFIX}CACHE__URL is not set")
        return self.url.get_secret_value()


class ApiSettings(_Group):
    """The REST API."""

    host: Host = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: Port = Field(default=8080, description="TCP port to listen on.")


class WatcherSettings(_Group):
    """The loop that follows chains."""

    poll_interval: Duration | None = Field(
        default=None,
        description="Time between two looks at a chain's head, instead of its block time.",
    )
    lease_duration: Duration = Field(
        default=timedelta(seconds=10),
        description="How long a watcher that fell silent keeps its networks from others.",
    )
    rpc_timeout: Duration = Field(
        default=timedelta(seconds=10), description="How long one request to a node may take."
    )


class WorkerSettings(_Group):
    """The loop that turns blocks into matches."""

    lease_duration: Duration = Field(
        default=timedelta(seconds=10),
        description="How long a worker that fell silent keeps its shards from others.",
    )


class DispatcherSettings(_Group):
    """The loop that sends."""

    concurrency: Count = Field(default=64, description="Deliveries in flight at once.")
    lease_duration: Annotated[Duration, AfterValidator(_require_longer_than_an_attempt)] = Field(
        default=timedelta(seconds=60),
        description="How long a claimed delivery is left to a dispatcher that fell silent; "
        "at least 30s, twice as long as an attempt may take, or two may send the same.",
    )


class EgressSettings(_Group):
    """Where we may connect to on behalf of tenants."""

    allow: Rules = Field(
        default=(),
        description="Destinations allowed although they are not public, comma-separated: "
        "host names, addresses or networks, each with :port or without.",
    )


class SecretsSettings(_Group):
    """What seals tenants' secrets in the database."""

    keys: EncryptionKeys | None = Field(
        default=None,
        description="Keys as id:base64key,… of 32 bytes each. The first seals, the others open "
        "what they sealed earlier. With the embedded database one is made and kept in the data "
        "directory.",
    )

    def parsed(self) -> dict[str, bytes]:
        """Return the keys by id, the current one first; empty when not set."""
        return {} if self.keys is None else parse_encryption_keys(self.keys.get_secret_value())


class TelemetrySettings(_Group):
    """What the operator sees."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important level that is written."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="One JSON object per line, or coloured text for people."
    )
    metrics_host: Host = Field(
        default="127.0.0.1", description="Address for Prometheus to fetch metrics from."
    )
    metrics_port: Port = Field(default=9464, description="TCP port for metrics.")


class Settings(_Group):
    """Everything that differs between deployments."""

    database: DatabaseSettings = DatabaseSettings()
    cache: CacheSettings = CacheSettings()
    api: ApiSettings = ApiSettings()
    watcher: WatcherSettings = WatcherSettings()
    worker: WorkerSettings = WorkerSettings()
    dispatcher: DispatcherSettings = DispatcherSettings()
    egress: EgressSettings = EgressSettings()
    secrets: SecretsSettings = SecretsSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    data_dir: Path = Field(
        description="Directory of the embedded servers' data and keys. Default: "
        "$XDG_DATA_HOME/tocsin or ~/.local/share/tocsin; /var/lib/tocsin for root."
    )
    instance: str = Field(
        default_factory=platform.node,
        min_length=1,
        max_length=128,
        description="Name of this process among those that share a database: it takes over its "
        "own leases at once after a restart. Default: the host's name.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable and the field that it sets; ``group`` is None at the top."""

    name: str
    group: str | None
    field_name: str
    info: FieldInfo


def list_variables() -> tuple[Variable, ...]:
    """Return every variable that there is, in the order of the tree."""
    return tuple(_variables())


def _variables() -> Iterator[Variable]:
    for name, info in Settings.model_fields.items():
        group = info.annotation
        if isinstance(group, type) and issubclass(group, _Group):
            for leaf, leaf_info in group.model_fields.items():
                full = f"{PREFIX}{name}__{leaf}".upper()
                yield Variable(name=full, group=name, field_name=leaf, info=leaf_info)
        else:
            yield Variable(name=f"{PREFIX}{name}".upper(), group=None, field_name=name, info=info)


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings of an environment.

    Raises:
        SettingsError: variables that do not exist, or values that cannot be; a line for each,
            with the variable's name and what was expected, never with its value.
    """
    variables = {variable.name: variable for variable in list_variables()}
    given = {name: text for name, text in environ.items() if name.upper().startswith(PREFIX)}
    problems = [_unknown(name, variables) for name in sorted(given) if name not in variables]
    tree: dict[str, object] = {"data_dir": default_data_dir(environ)}
    groups: dict[str, dict[str, str]] = {}
    for name, text in given.items():
        variable = variables.get(name)
        if variable is None or text == "":
            continue
        if variable.group is None:
            tree[variable.field_name] = text
        else:
            groups.setdefault(variable.group, {})[variable.field_name] = text
    try:
        settings = Settings.model_validate(tree | groups)
    except ValidationError as cause:
        problems += [_invalid(error["loc"], error["msg"]) for error in cause.errors()]
        raise SettingsError("\n".join(problems)) from None  # the cause quotes what was given
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def load_environment() -> Settings:
    """Return the settings of this process's environment.

    Raises:
        SettingsError: see ``load``.
    """
    return load(os.environ)


def _unknown(name: str, variables: Mapping[str, Variable]) -> str:
    candidates = [known.removeprefix(PREFIX) for known in variables]
    close = get_close_matches(name.upper().removeprefix(PREFIX), candidates, n=1, cutoff=0.7)
    return f"{name} is no setting" + (f"; did you mean {PREFIX}{close[0]}?" if close else "")


def _invalid(place: tuple[int | str, ...], message: str) -> str:
    name = "__".join(str(part) for part in place[:2]).upper()
    text = message.removeprefix("Value error, ")
    return f"{PREFIX}{name}: {text[:1].lower()}{text[1:]}"


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Return where a user's, or root's, data goes without a setting.

    Source: XDG Base Directory Specification, ``XDG_DATA_HOME``; FHS 3.0, ``/var/lib``.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/tocsin")
    given = environ.get("XDG_DATA_HOME", "")
    base = Path(given) if given.startswith("/") else Path(environ.get("HOME", "~")) / ".local/share"
    return base / "tocsin"


def render_effective(settings: Settings) -> str:
    """Return one ``NAME=value`` line per variable; of a secret only whether it is set."""
    lines = []
    for variable in list_variables():
        owner = settings if variable.group is None else getattr(settings, variable.group)
        lines.append(f"{variable.name}={render_value(getattr(owner, variable.field_name))}")
    return "\n".join(lines) + "\n"


def render_value(value: object) -> str:
    """Return a value as its variable would be written; a secret as asterisks."""
    match value:
        case None:
            return ""
        case timedelta():
            return f"{value.total_seconds():g}s"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)
