"""What the demo reads from a page of metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from tocsin.cli.demo_api import NetworkCounts, parse_metrics


def test_counts_are_told_by_network() -> None:
    registry = CollectorRegistry()
    Gauge("tocsin_head_number", "Head.", ["network"], registry=registry).labels("one").set(17)
    blocks = Counter("tocsin_blocks_appended_total", "Blocks.", ["network"], registry=registry)
    blocks.labels("one").inc(5)
    blocks.labels("two").inc(9)
    text = generate_latest(registry).decode()
    assert parse_metrics(text, ("one",)) == {
        "one": NetworkCounts(head_number=17, block_count=5, reorganisation_count=0)
    }


def test_a_network_without_metrics_has_seen_nothing() -> None:
    nothing = NetworkCounts(head_number=0, block_count=0, reorganisation_count=0)
    assert parse_metrics("", ("one",)) == {"one": nothing}
