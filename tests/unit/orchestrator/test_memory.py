"""What stays is not walked by the collector, and what is dropped is freed all the same."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from tocsin.orchestrator.memory import expect_large_blocks, long_lived

MANY = 100_000


class Held:
    """Something the collector would track."""


@pytest.fixture
def collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("collector")
def test_what_is_made_meanwhile_is_not_walked_and_is_freed_when_dropped() -> None:
    with long_lived(MANY):
        assert not gc.isenabled()
        held = [Held()]
    assert gc.isenabled()
    assert not any(each is held for each in gc.get_objects())
    remembered = weakref.ref(held[0])
    held.clear()
    assert remembered() is None


@pytest.mark.usefixtures("collector")
def test_a_failure_meanwhile_leaves_the_collector_on() -> None:
    with pytest.raises(KeyError), long_lived(MANY):
        raise KeyError
    assert gc.isenabled()


@pytest.mark.usefixtures("collector")
def test_who_has_no_collector_gets_none() -> None:
    gc.disable()
    with long_lived(MANY):
        pass
    assert not gc.isenabled()


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("count", [1, 100])
def test_cycles_in_use_during_a_small_change_are_freed_later(count: int) -> None:
    busy = Held()
    busy.itself = busy  # type: ignore[attr-defined]
    with long_lived(count):
        assert gc.isenabled()
    remembered = weakref.ref(busy)
    del busy
    gc.collect()
    assert remembered() is None


@pytest.mark.usefixtures("collector")
def test_cycles_that_are_dead_are_freed_before_a_large_load() -> None:
    dead = Held()
    dead.itself = dead  # type: ignore[attr-defined]
    remembered = weakref.ref(dead)
    gc.disable()
    del dead
    with long_lived(MANY):
        assert remembered() is None


@pytest.mark.usefixtures("collector")
def test_young_objects_are_looked_at_less_often() -> None:
    expect_large_blocks()
    assert gc.get_threshold()[0] > 10_000
