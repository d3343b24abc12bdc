"""A Stellar node that answers some methods with whatever a test wants."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


@asynccontextmanager
async def hostile_node(results: Mapping[str, Any]) -> AsyncIterator[str]:
    """Yield the URL of a node that gives these results by method, and null to other methods."""

    async def answer(request: web.Request) -> web.StreamResponse:
        call = await request.json()
        result = results.get(call["method"])
        return web.json_response({"jsonrpc": "2.0", "id": call["id"], "result": result})

    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()
