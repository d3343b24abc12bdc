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


@contextmanager
def long_lived() -> Iterator[None]:
    """Leave what is made meanwhile, and all there is, to reference counts from then on."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
