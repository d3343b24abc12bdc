"""The examples of docs/howto/devnet.md do what they say."""

import json
import re
import runpy
from pathlib import Path

import aiohttp
import pytest

from tests.support.clock import FakeClock
from tocsin.devnet.config import DevnetConfig
from tocsin.devnet.server import Devnet

TEXT = (Path(__file__).parents[3] / "docs/howto/devnet.md").read_text(encoding="utf-8")
CURL = re.compile(r"^\$ curl -s (?P<options>.*?)$", re.MULTILINE)
FAULTS = re.compile(r"^\| `\w+` \|.*\| `(\{.*\})` \|$", re.MULTILINE)


def test_the_oracle_example_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    runpy.run_path(str(script))
    assert re.search(r"[1-9]\d* matches .*\n[1-9]\d* ought", capsys.readouterr().out)


async def test_every_curl_example_is_answered() -> None:
    config = DevnetConfig(port=0, paused=True)
    examples = CURL.findall(TEXT)
    assert len(examples) == 11
    async with (
        Devnet(config, FakeClock(moves_alone=False)) as devnet,
        aiohttp.ClientSession() as http,
    ):
        devnet.node("evm").produce(3)
        for example in examples:
            url = re.search(r"http://127.0.0.1:8645([^' ]+)", example)
            body = re.search(r"-d '(.*)'", example)
            assert url is not None
            verb = "POST" if body or "-X POST" in example else "GET"
            data = body[1].encode() if body else None
            async with http.request(verb, devnet.url + url[1], data=data) as response:
                answer = await response.json()
                assert response.status == 200, example
                assert "error" not in answer, example


async def test_every_fault_of_the_table_is_taken() -> None:
    faults = FAULTS.findall(TEXT)
    assert len(faults) == 7
    async with (
        Devnet(DevnetConfig(port=0, paused=True), FakeClock(moves_alone=False)) as devnet,
        aiohttp.ClientSession() as http,
    ):
        for example in faults:
            slug = "stellar" if "passphrase" in example else "evm"
            url = f"{devnet.url}/control/{slug}/faults"
            async with http.post(url, json=json.loads(example)) as response:
                assert set(await response.json()) == set(json.loads(example))
