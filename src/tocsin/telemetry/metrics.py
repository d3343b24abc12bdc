"""Every metric, once: name, type, unit and meaning.

Labels are bounded by the operator: no tenant, no address, no id. ``network`` is
``network_label`` of its slug.
"""

import errno
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from tocsin.errors import SettingsError

REGISTRY: Final = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricEntry:
    """One line of docs/metrics.md."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str


CATALOGUE: Final[list[MetricEntry]] = []


def _note(
    kind: Literal["counter", "gauge", "histogram"], name: str, meaning: str, labels: tuple[str, ...]
) -> None:
    CATALOGUE.append(MetricEntry(name=name, kind=kind, labels=labels, meaning=meaning))


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    _note("counter", name, meaning, labels)
    return Counter(name, meaning, labels, registry=REGISTRY)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    _note("gauge", name, meaning, labels)
    return Gauge(name, meaning, labels, registry=REGISTRY)


def _histogram(name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
    _note("histogram", name, meaning, ())
    return Histogram(name, meaning, buckets=buckets, registry=REGISTRY)


# --- watcher ---------------------------------------------------------------------------------

# Counter of blocks. A fork's blocks count when they are applied, not when they are reverted.
BLOCKS_APPENDED = _counter(
    "tocsin_blocks_appended_total", "Blocks appended to the chain log.", "network"
)
# Gauge, a block number: EVM block, Stellar ledger.
HEAD_NUMBER = _gauge(
    "tocsin_head_number", "Number of the newest block in the chain log.", "network"
)
# Gauge of blocks: what the node knows less what is appended. It grows while we fall behind.
WATCHER_LAG = _gauge(
    "tocsin_watcher_lag_blocks", "Blocks a node knows that are not yet in the chain log.", "network"
)
# Counter of forks followed, whatever their depth.
REORGANISATIONS = _counter(
    "tocsin_reorganisations_total", "Reorganisations of a chain that were followed.", "network"
)
# Counter of requests; outcome is "answered" or an error's code.
RPC_REQUESTS = _counter(
    "tocsin_rpc_requests_total", "Requests to nodes, by how they ended.", "network", "outcome"
)

# --- worker ----------------------------------------------------------------------------------

# Counter of chain log rows (apply, revert, gap), committed with their matches.
LOG_ROWS_PROCESSED = _counter(
    "tocsin_log_rows_processed_total", "Chain log rows that a worker committed.", "network"
)
# Counter of matches; one found again under the same id does not count again.
MATCHES_STORED = _counter("tocsin_matches_stored_total", "Matches stored.", "network")
# Counter of matches orphaned by a reorganisation.
RETRACTIONS_STORED = _counter(
    "tocsin_retractions_stored_total", "Matches retracted after a reorganisation.", "network"
)
# Counter of bundles that had to be asked for again because Valkey had lost them.
FEED_MISSES = _counter(
    "tocsin_feed_misses_total", "Bundles that were not in the feed when needed.", "network"
)
# Counter of reloads of a tenant's monitors after a change of its configuration.
CONFIG_RELOADS = _counter(
    "tocsin_config_reloads_total", "Times that a changed configuration was taken up."
)

# --- dispatcher ------------------------------------------------------------------------------

# Counter of attempts; outcome is taken, later or never.
DELIVERY_ATTEMPTS = _counter(
    "tocsin_delivery_attempts_total", "Attempts of deliveries, by outcome.", "outcome"
)
# Histogram, seconds from the block's own time to the far side's acceptance. The first buckets
# tell a fast path from a slow one, the last ones cover the retry schedule's three days.
DELIVERY_LATENCY = _histogram(
    "tocsin_delivery_latency_seconds",
    "Seconds from the time of a block to the acceptance of a delivery about it.",
    (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 6 * 3600, 24 * 3600, 72 * 3600),
)

# --- process ---------------------------------------------------------------------------------

# Counter of restarts after an unexpected error: every one is a bug or an outage.
LOOP_RESTARTS = _counter(
    "tocsin_loop_restarts_total", "Loops restarted after an unexpected error.", "loop"
)
# Counter of starts; server is postgres or valkey.
EMBEDDED_SERVER_STARTS = _counter(
    "tocsin_embedded_server_starts_total", "Starts of embedded servers.", "server"
)


def network_label(slug: str, *, private: bool) -> str:
    """Return the ``network`` label: a platform network's slug, one word for all private ones.

    Tenants make private networks and choose their names, so those would not be bounded.
    """
    return "private" if private else slug[:64]


class MetricsServer:
    """The metrics over HTTP, on a port of their own and in a thread of their own."""

    def __init__(self, host: str, port: int) -> None:
        self._server, self._thread = start_http_server(port, host, REGISTRY)
        self.port = self._server.server_port

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(host: str, port: int) -> MetricsServer:
    """Return a running server of ``/metrics``; port 0 takes a free one.

    Raises:
        SettingsError: the address cannot be listened on.
    """
    try:
        return MetricsServer(host, port)
    except (OSError, UnicodeError) as cause:
        reason, setting = describe_listening(cause)
        raise SettingsError(
            f"metrics cannot be served on {host}:{port}: {reason}; "
            f"set TOCSIN_TELEMETRY__METRICS_{setting}"
        ) from cause


def describe_listening(cause: OSError | UnicodeError) -> tuple[str, Literal["HOST", "PORT"]]:
    """Return why an address cannot be listened on, and which half of it is to blame."""
    if isinstance(cause, UnicodeError):
        return "no host name", "HOST"
    is_host = isinstance(cause, socket.gaierror) or cause.errno == errno.EADDRNOTAVAIL
    return str(cause.strerror), "HOST" if is_host else "PORT"
