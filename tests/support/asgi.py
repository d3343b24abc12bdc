"""A client that speaks ASGI to an application in the same process: no socket, no buffering."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON value."""
        return json.loads(self.body)


class AsgiClient:
    """Sends requests to an application and remembers every reply."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.replies: list[Reply] = []

    async def ask(
        self,
        method: str,
        target: str,
        *,
        key: str | None = None,
        body: object = None,
        raw: bytes | Sequence[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send one request; ``raw`` as a sequence is sent in chunks of unannounced length."""
        path, _, query = target.partition("?")
        chunks = _chunks(body, raw)
        sent = {"host": "tocsin.test", **(headers or {})}
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        if isinstance(raw, bytes) or (raw is None and body is not None):
            sent.setdefault("content-length", str(len(chunks[0])))
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": ("192.0.2.1", 50000),
            "server": ("tocsin.test", 80),
        }
        reply = await _run(self._app, scope, chunks)
        self.replies.append(reply)
        return reply


def _chunks(body: object, raw: bytes | Sequence[bytes] | None) -> list[bytes]:
    if isinstance(raw, bytes):
        return [raw]
    if raw is not None:
        return list(raw)
    return [json.dumps(body).encode()] if body is not None else [b""]


async def _run(app: ASGIApp, scope: Scope, chunks: list[bytes]) -> Reply:
    waiting = iter(range(len(chunks)))
    sent: list[Message] = []

    async def receive() -> Message:
        place = next(waiting, None)
        if place is None:
            return {"type": "http.disconnect"}
        more = place + 1 < len(chunks)
        return {"type": "http.request", "body": chunks[place], "more_body": more}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    return Reply(
        status=start["status"],
        headers={name.decode().lower(): value.decode() for name, value in start["headers"]},
        body=b"".join(message.get("body", b"") for message in sent[1:]),
    )
