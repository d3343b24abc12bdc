"""The demo's children: what they say is found, and why they ended is told."""

import re
import stat
from pathlib import Path

import pytest

from tocsin.cli.demo_children import ChildOrder, DemoError, free_port, running


def an_order(directory: Path, *arguments: str) -> ChildOrder:
    return ChildOrder(arguments=arguments, variables={}, log_path=directory / "child.log")


async def test_a_child_that_ends_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    async with running(an_order(tmp_path, "no-such-command")) as child:
        with pytest.raises(DemoError, match=r"ended with status 2: .*No such command") as ended:
            await child.read_until({"never": re.compile("(never)")})
    assert str(tmp_path / "child.log") in ended.value.message


async def test_what_a_child_says_is_found(tmp_path: Path) -> None:
    async with running(an_order(tmp_path, "--version")) as child:
        said = await child.read_until({"version": re.compile(r"version (\S+)")})
        with pytest.raises(DemoError, match="ended with status 0: it gave no reason"):
            await child.watch()
    assert re.fullmatch(r"[0-9.]+", said["version"])


async def test_a_child_is_gone_when_its_block_ends(tmp_path: Path) -> None:
    port = free_port()
    order = an_order(tmp_path, "devnet", f"--port={port}", "--paused")
    wanted = {"url": re.compile(r"^control +(\S+)")}
    async with running(order) as child:
        assert str(port) in (await child.read_until(wanted))["url"]
    with pytest.raises(DemoError, match="ended with status 0"):
        await child.watch()


async def test_the_log_is_its_owners_alone(tmp_path: Path) -> None:
    async with running(an_order(tmp_path, "--version")):
        pass
    assert stat.S_IMODE((tmp_path / "child.log").stat().st_mode) == 0o600
