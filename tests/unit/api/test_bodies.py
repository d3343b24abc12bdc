"""Request bodies within their limit."""

import msgspec
import pytest
from fastapi import FastAPI, Request

from tests.support.asgi import AsgiClient
from tocsin.api.bodies import BodyLimit, read_body, read_shape
from tocsin.api.problems import install_handlers


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    """Something to read."""

    name: str
    inner: list[int] = []


def _client() -> AsgiClient:
    app = FastAPI()
    install_handlers(app)

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await read_body(request))

    @app.post("/shape")
    async def shape(request: Request) -> str:
        return (await read_shape(request, Shape)).name

    return AsgiClient(BodyLimit(app, most_bytes=1000))


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413)])
async def test_the_limit_is_the_last_length_that_is_read(size: int, status: int) -> None:
    assert (await _client().ask("POST", "/raw", raw=b"x" * size)).status == status


@pytest.mark.parametrize(("chunks", "status"), [(10, 200), (11, 413), (1000, 413)])
async def test_unannounced_length_is_counted(chunks: int, status: int) -> None:
    assert (await _client().ask("POST", "/raw", raw=[b"x" * 100] * chunks)).status == status


@pytest.mark.parametrize("announced", ["99999999999999999999999999", "1001"])
async def test_an_announced_length_beyond_the_limit_is_enough(announced: str) -> None:
    headers = {"content-length": announced}
    assert (await _client().ask("POST", "/raw", raw=b"x", headers=headers)).status == 413


@pytest.mark.parametrize("announced", ["-1", "abc", "1e9", "²"])
async def test_a_length_that_is_none_is_counted_instead(announced: str) -> None:
    headers = {"content-length": announced.encode().decode("latin-1")}
    assert (await _client().ask("POST", "/raw", raw=b"x" * 2000, headers=headers)).status == 413


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"name": 1}', "name"),
        (b'{"name": "a", "inner": [1, "canary"]}', "inner[1]"),
        (b'{"name": "a", "canary": 1}', None),
        (b'{"name": "a", "name": "b"}', None),
        (b'{"name": "a", "inner": NaN}', None),
        (b"{}", None),
        (b"", None),
        (b'{"name": "\xff"}', None),
        (b"[" * 900, None),
    ],
)
async def test_a_wrong_shape_is_named_by_its_path(raw: bytes, field: str | None) -> None:
    reply = await _client().ask("POST", "/shape", raw=raw)
    assert (reply.status, reply.json().get("field")) == (422, field)
