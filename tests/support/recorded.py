"""Recorded chain data, found through RECORDED_CHAIN_DATA; without it a test skips."""

import gzip
import os
from pathlib import Path

import pytest


def recorded_file(*path: str) -> bytes:
    """Return a recorded file's bytes, unpacked, or skip the test that asks."""
    root = os.environ.get("RECORDED_CHAIN_DATA")
    if not root:
        pytest.skip("RECORDED_CHAIN_DATA is not set")
    content = Path(root, *path).read_bytes()
    return gzip.decompress(content) if path[-1].endswith(".gz") else content
