"""The API behind the server that it really runs in."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn

from tests.support.api import RunningApi, a_workbench
from tocsin.api.app import create_app
from tocsin.api.deps import ApiContext


@asynccontextmanager
async def _serve(api: RunningApi) -> AsyncIterator[str]:
    context = ApiContext(
        database=api.database, workbench=a_workbench(), readiness={}, version="0.0.0"
    )
    config = uvicorn.Config(create_app(context), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await task


async def test_it_answers_over_a_socket(api: RunningApi) -> None:
    headers = {"Authorization": f"Bearer {api.operator}"}
    async with (
        _serve(api) as url,
        aiohttp.ClientSession(url) as session,
        session.get("/api/v1/networks", headers=headers) as answer,
    ):
        assert [each["slug"] for each in (await answer.json())["items"]] == ["testnet"]


async def test_a_long_body_is_refused_over_a_socket(api: RunningApi) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65536

    headers = {"Authorization": f"Bearer {api.operator}"}
    async with (
        _serve(api) as url,
        aiohttp.ClientSession(url) as session,
        session.post("/api/v1/networks", headers=headers, data=endless()) as answer,
    ):
        assert answer.status == 413
