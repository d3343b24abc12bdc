"""JSON-RPC 2.0 envelopes: calls → a request body; an answer's body → raw results, or what is wrong.

Source: JSON-RPC 2.0 specification, sections 4 to 6.
"""

from collections.abc import Sequence
from typing import Literal, TypeVar

import msgspec

_S = TypeVar("_S")


class BadAnswerError(Exception):
    """The answer is not a usable JSON-RPC 2.0 answer; its text is the short reason."""


class RefusalError(Exception):
    """The answer is a proper JSON-RPC error object."""

    def __init__(self, rpc_code: int) -> None:
        super().__init__(f"JSON-RPC error {rpc_code}")
        self.rpc_code = rpc_code


class _Error(msgspec.Struct, frozen=True):
    code: int
    message: str


class _Answer(msgspec.Struct, frozen=True):
    jsonrpc: Literal["2.0"]
    id: int | None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _Error | msgspec.UnsetType = msgspec.UNSET


def render_call(call_id: int, method: str, params: object) -> bytes:
    """Return the body of one call."""
    return msgspec.json.encode(_request(call_id, method, params))


def render_batch(first_id: int, calls: Sequence[tuple[str, object]]) -> bytes:
    """Return the body of a batch whose calls have consecutive ids."""
    return msgspec.json.encode(
        [_request(first_id + place, method, params) for place, (method, params) in enumerate(calls)]
    )


def parse_answer(body: bytes, call_id: int) -> bytes:
    """Return the bytes of the result in the answer to one call.

    Raises:
        BadAnswerError: it is no answer to that call.
        RefusalError: it is an error object.
    """
    answer = _decode(body, _Answer)
    result = _result(answer)  # an error about an unreadable call has no id
    if answer.id != call_id:
        raise BadAnswerError("another call's answer")
    return result


def parse_batch(body: bytes, first_id: int, count: int) -> tuple[bytes, ...]:
    """Return the bytes of the results of a batch, in the order of its calls.

    Raises:
        BadAnswerError: an answer is missing, given twice, or to no call of the batch.
        RefusalError: one of the answers, or the one answer to all, is an error object.
    """
    if body.lstrip()[:1] == b"{":
        _result(_decode(body, _Answer))
        raise BadAnswerError("one answer to a batch")
    answers = _decode(body, tuple[_Answer, ...])
    results = {answer.id: _result(answer) for answer in answers}
    wanted = range(first_id, first_id + count)
    if len(answers) != count or results.keys() != set(wanted):
        raise BadAnswerError("an incomplete batch")
    return tuple(results[each] for each in wanted)


def _request(call_id: int, method: str, params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": call_id, "method": method, "params": params}


def _decode(body: bytes, shape: type[_S]) -> _S:
    try:
        if not body.isascii():
            body.decode()  # what is skipped below is not checked there
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as cause:
        raise BadAnswerError("not JSON-RPC 2.0") from cause
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        raise BadAnswerError("broken JSON") from cause
    except RecursionError as cause:
        raise BadAnswerError("JSON nested too deeply") from cause


def _result(answer: _Answer) -> bytes:
    if answer.error is not msgspec.UNSET:
        if answer.result is not msgspec.UNSET:
            raise BadAnswerError("both a result and an error")
        raise RefusalError(answer.error.code)
    if answer.result is msgspec.UNSET:
        raise BadAnswerError("neither a result nor an error")
    return bytes(answer.result)
