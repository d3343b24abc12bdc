"""Passes JSON-RPC on to a node, and says it has nothing yet where a test wants that."""

from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web


class Relay:
    """A server between us and a node, on a loopback port of its own."""

    def __init__(self, target: str) -> None:
        self.port = 0
        self.withheld_count = 0
        self._target = target
        self._withheld: set[str] = set()
        self._http: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def withhold(self, *methods: str) -> None:
        """From now on answer these methods, and only these, with null."""
        self._withheld = set(methods)

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        application = web.Application(client_max_size=1 << 26)
        application.router.add_post("/", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        assert self._http is not None
        await self._http.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        call = await request.json()
        if isinstance(call, list):
            return web.json_response([await self._one(each) for each in call])
        return web.json_response(await self._one(call))

    async def _one(self, call: dict[str, Any]) -> dict[str, Any]:
        if call["method"] in self._withheld:
            self.withheld_count += 1
            return {"jsonrpc": "2.0", "id": call["id"], "result": None}
        assert self._http is not None
        async with self._http.post(self._target, json=call) as answer:
            document: dict[str, Any] = await answer.json()
            return document
