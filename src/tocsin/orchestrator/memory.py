"""Keeps the garbage collector away from what stays: a million monitors need not be walked.

Monitors are held as trees without cycles, so reference counts alone free what is replaced.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Containers made before young objects are looked at, and how often older ones are. A block makes
# thousands that die with it; with Python's own 700 the looking is a tenth of matching.
_THRESHOLDS = (20_000, 20, 50)


def expect_large_blocks() -> None:
    """Have the collector look less often than suits a small script."""
    gc.set_threshold(*_THRESHOLDS)


_MANY = 5_000


@contextmanager
def long_lived(count: int) -> Iterator[None]:
    """Leave that many monitors made meanwhile, and all there is, to reference counts.

    A few are left to the collector: cycles that are in use just now would never be freed, which
    does not matter at a start and would with every change that a tenant makes.
    """
    if count < _MANY:
        yield
        return
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
