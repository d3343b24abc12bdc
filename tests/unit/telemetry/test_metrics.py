import socket
from http.client import HTTPConnection

import pytest

from tocsin.errors import SettingsError
from tocsin.telemetry.metrics import (
    BLOCKS_APPENDED,
    CATALOGUE,
    REGISTRY,
    network_label,
    serve_metrics,
)


def test_what_is_counted_is_served() -> None:
    BLOCKS_APPENDED.labels(network="served_network").inc(3)
    with serve_metrics("127.0.0.1", 0) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
    assert 'tocsin_blocks_appended_total{network="served_network"} 3.0' in text


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as raised:
            serve_metrics("127.0.0.1", port)
    assert f"127.0.0.1:{port}" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("host", ["203.0.113.1", "nobody.invalid", "a..b"])
def test_an_address_that_cannot_be_had_is_one_clear_line(host: str) -> None:
    with pytest.raises(
        SettingsError, match=r"cannot be served.*set TOCSIN_TELEMETRY__METRICS_HOST"
    ):
        serve_metrics(host, 0)


def test_the_port_is_free_after_closing() -> None:
    server = serve_metrics("127.0.0.1", 0)
    server.close()
    serve_metrics("127.0.0.1", server.port).close()


def test_a_private_networks_name_is_no_label() -> None:
    assert network_label("tenants-own-choice", private=True) == "private"


def test_a_platform_networks_label_is_its_slug() -> None:
    assert network_label("ethereum_mainnet", private=False) == "ethereum_mainnet"


def test_no_label_is_unbounded() -> None:
    labels = {label for entry in CATALOGUE for label in entry.labels}
    assert labels <= {"network", "outcome", "loop", "server"}


def test_every_metric_of_ours_is_in_the_catalogue() -> None:
    served = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("tocsin_")}
    assert served == {entry.name.removesuffix("_total") for entry in CATALOGUE}
