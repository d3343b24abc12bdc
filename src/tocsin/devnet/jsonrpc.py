"""The bytes of a JSON-RPC 2.0 request → calls; answers → bytes. What is no call becomes an error.

Source: JSON-RPC 2.0 specification, with batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tocsin.devnet.network import RpcCallError

MOST_CALLS = 1000
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
_NULL = msgspec.Raw(b"null")
_SCALAR_STARTS = b'"-0123456789n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. ``id`` is echoed as it came; None means that no answer is wanted."""

    id: msgspec.Raw | None
    method: str
    params: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The calls of one HTTP request in order; what is no call is the error that says so."""

    batch: bool
    calls: tuple[Call | RpcCallError, ...]

    def methods(self) -> list[str]:
        """Return the method of each call."""
        return [call.method for call in self.calls if isinstance(call, Call)]


class _Envelope(msgspec.Struct):
    jsonrpc: str
    method: str
    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    params: object = None


def parse_message(body: bytes) -> Message:
    """Return what a body asks; a body of garbage is a message of one error."""
    if not body.lstrip().startswith(b"["):
        return Message(batch=False, calls=(_parse_call(msgspec.Raw(body)),))
    try:
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return _refused(PARSE_ERROR, "the body is not JSON")
    if not items:
        return _refused(INVALID_REQUEST, "empty batch")
    if len(items) > MOST_CALLS:
        return _refused(INVALID_REQUEST, f"batch of more than {MOST_CALLS} calls")
    return Message(batch=True, calls=tuple(map(_parse_call, items)))


def _refused(code: int, message: str) -> Message:
    return Message(batch=False, calls=(RpcCallError(code, message),))


def _parse_call(raw: msgspec.Raw) -> Call | RpcCallError:
    try:
        envelope = msgspec.json.decode(raw, type=_Envelope)
    except msgspec.ValidationError:
        return RpcCallError(INVALID_REQUEST, "invalid request")
    except (msgspec.DecodeError, RecursionError):
        return RpcCallError(PARSE_ERROR, "the body is not JSON")
    if envelope.jsonrpc != "2.0":
        return RpcCallError(INVALID_REQUEST, "invalid request: expected jsonrpc 2.0")
    if envelope.id is msgspec.UNSET:
        return Call(id=None, method=envelope.method, params=envelope.params)
    if bytes(envelope.id)[:1] not in _SCALAR_STARTS:
        return RpcCallError(INVALID_REQUEST, "invalid request: expected a scalar id")
    return Call(id=envelope.id, method=envelope.method, params=envelope.params)


def render_result(call: Call, result: object) -> bytes:
    """Return the answer to a call that has a result."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": call.id or _NULL, "result": result})


def render_error(call: Call | None, error: RpcCallError) -> bytes:
    """Return the answer to a call that has none; without a call its id is null."""
    request_id = call.id if call and call.id else _NULL
    detail = {"code": error.code, "message": str(error)}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": request_id, "error": detail})


def render_message(answers: Sequence[bytes], *, batch: bool) -> bytes:
    """Return the body of an HTTP answer; empty if no call wanted one."""
    if batch and answers:
        return b"[" + b",".join(answers) + b"]"
    return b"".join(answers)
