import msgspec
import pytest

from tocsin.devnet.jsonrpc import Call, parse_message, render_error, render_message, render_result
from tocsin.devnet.network import RpcCallError

CALL = b'{"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":[]}'
DEEP = b"[" * 5000 + b"]" * 5000


def the_call(body: bytes) -> Call:
    (call,) = parse_message(body).calls
    assert isinstance(call, Call)
    return call


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"hello", -32700),
        (b"\xff\xfe", -32700),
        (b"[1,", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + DEEP + b"}", -32700),
        (DEEP, -32700),
        (b"[]", -32600),
        (b"5", -32600),
        (b"null", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"2.0","id":1}', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":5}', -32600),
        (b'{"jsonrpc":"2.0","id":{"a":1},"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":[1],"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"x"}', -32600),
        (b"[" + b",".join([CALL] * 1001) + b"]", -32600),
    ],
)
def test_what_is_no_call_is_an_error_with_a_code(body: bytes, code: int) -> None:
    (error,) = parse_message(body).calls
    assert isinstance(error, RpcCallError)
    assert error.code == code


@pytest.mark.parametrize("request_id", ["7", "-1", '"a"', "null", "1.50", "9" * 40])
def test_an_id_is_echoed_as_it_came(request_id: str) -> None:
    body = f'{{"jsonrpc": "2.0", "id" : {request_id} , "method": "x"}}'
    answer = render_result(the_call(body.encode()), "0x1")
    assert answer == f'{{"jsonrpc":"2.0","id":{request_id},"result":"0x1"}}'.encode()


def test_a_call_without_id_wants_no_answer() -> None:
    assert the_call(b'{"jsonrpc":"2.0","method":"x"}').id is None


def test_params_may_be_an_object() -> None:
    call = the_call(b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"startLedger":3}}')
    assert call.params == {"startLedger": 3}


def test_a_wrong_call_does_not_spoil_its_batch() -> None:
    message = parse_message(b"[" + CALL + b", 5, " + CALL + b"]")
    assert message.batch
    assert message.methods() == ["eth_chainId", "eth_chainId"]
    assert isinstance(message.calls[1], RpcCallError)


def test_a_thousand_calls_are_a_batch() -> None:
    assert len(parse_message(b"[" + b",".join([CALL] * 1000) + b"]").calls) == 1000


def test_an_error_without_a_call_has_a_null_id() -> None:
    answer = msgspec.json.decode(render_error(None, RpcCallError(-32700, "no")))
    assert answer == {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "no"}}


def test_a_batch_of_one_is_answered_with_a_list() -> None:
    assert render_message([b"1"], batch=True) == b"[1]"


def test_a_batch_that_wants_no_answer_gets_an_empty_body() -> None:
    assert render_message([], batch=True) == b""
