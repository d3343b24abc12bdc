"""A JSON-RPC call → its result, from what a node sees of the chain."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from tocsin.devnet.evm.blocks import Block
from tocsin.devnet.evm.branches import NodeView
from tocsin.devnet.evm.encoding import quantity
from tocsin.devnet.evm.params import (
    SERVER_ERROR,
    LogFilter,
    find_block,
    invalid,
    parse_filter,
    parse_flag,
    parse_hash,
    parse_number,
)
from tocsin.devnet.evm.render import (
    Json,
    render_block,
    render_logs,
    render_receipt,
    render_transaction,
)
from tocsin.devnet.network import RpcCallError

METHOD_NOT_FOUND = -32601


def answer(view: NodeView, method: str, params: object) -> object:
    """Return the result of a call. Source: Ethereum execution-apis.

    Raises:
        RpcCallError: the method is unknown, or its parameters cannot be used.
    """
    if method not in _METHODS:
        raise RpcCallError(METHOD_NOT_FOUND, f"the method {method[:64]} does not exist")
    act, required, allowed = _METHODS[method]
    arguments = [] if params is None else params
    if not isinstance(arguments, list):
        raise invalid("expected the parameters as a list")
    if len(arguments) < required:
        raise invalid(f"missing value for required argument {len(arguments)}")
    if len(arguments) > allowed:
        raise invalid(f"too many arguments, want at most {allowed}")
    return act(view, arguments)


def _chain_id(view: NodeView, _: list[object]) -> str:
    return quantity(view.chain_id)


def _net_version(view: NodeView, _: list[object]) -> str:
    return str(view.chain_id)


def _client_version(_view: NodeView, _: list[object]) -> str:
    return "TocsinDevnet/v0.1.0"


def _block_number(view: NodeView, _: list[object]) -> str:
    return quantity(view.head_number)


def _block_by_number(view: NodeView, arguments: list[object]) -> Json | None:
    block = view.at(parse_number(view, arguments[0]))
    return _rendered(block, arguments)


def _block_by_hash(view: NodeView, arguments: list[object]) -> Json | None:
    return _rendered(view.by_hash(parse_hash(arguments[0])), arguments)


def _rendered(block: Block | None, arguments: list[object]) -> Json | None:
    full = len(arguments) > 1 and parse_flag(arguments[1])
    return None if block is None else render_block(block, full=full)


def _block_receipts(view: NodeView, arguments: list[object]) -> list[Json] | None:
    block = find_block(view, arguments[0])
    if block is None:
        return None
    return [render_receipt(block, index) for index in range(len(block.transactions))]


def _transaction_receipt(view: NodeView, arguments: list[object]) -> Json | None:
    place = view.place(parse_hash(arguments[0]))
    return None if place is None else render_receipt(*place)


def _transaction_by_hash(view: NodeView, arguments: list[object]) -> Json | None:
    place = view.place(parse_hash(arguments[0]))
    return None if place is None else render_transaction(*place)


def _logs(view: NodeView, arguments: list[object]) -> list[Json]:
    wanted = arguments[0]
    if not isinstance(wanted, dict):
        raise invalid("invalid argument 0: expected a filter object")
    log_filter = parse_filter(wanted)
    return [log for block in _blocks_of(view, wanted) for log in _admitted(block, log_filter)]


def _blocks_of(view: NodeView, wanted: dict[object, object]) -> Iterable[Block]:
    if wanted.get("blockHash") is not None:
        if wanted.get("fromBlock") is not None or wanted.get("toBlock") is not None:
            raise invalid("blockHash excludes fromBlock and toBlock")
        block = view.by_hash(parse_hash(wanted["blockHash"], "blockHash"))
        if block is None:
            raise RpcCallError(SERVER_ERROR, "unknown block")
        return [block]
    first = _bound(view, wanted.get("fromBlock"))
    last = _bound(view, wanted.get("toBlock"))
    if first > last:
        raise invalid("invalid block range: fromBlock is above toBlock")
    numbers = range(first, min(last, view.head_number) + 1)
    return [block for number in numbers if (block := view.at(number)) is not None]


def _bound(view: NodeView, value: object) -> int:
    return view.head_number if value is None else parse_number(view, value)


def _admitted(block: Block, log_filter: LogFilter) -> Iterable[Json]:
    for index, receipt in enumerate(block.receipts):
        if not any(map(log_filter.admits, receipt.logs)):
            continue  # rendering is the dear part
        for log, rendered in zip(receipt.logs, render_logs(block, index), strict=True):
            if log_filter.admits(log):
                yield rendered


_Act = Callable[[NodeView, list[object]], object]

# What answers a method, how many arguments it needs and how many it takes.
_METHODS: Mapping[str, tuple[_Act, int, int]] = MappingProxyType(
    {
        "eth_blockNumber": (_block_number, 0, 0),
        "eth_chainId": (_chain_id, 0, 0),
        "eth_getBlockByHash": (_block_by_hash, 2, 2),
        "eth_getBlockByNumber": (_block_by_number, 2, 2),
        "eth_getBlockReceipts": (_block_receipts, 1, 1),
        "eth_getLogs": (_logs, 1, 1),
        "eth_getTransactionByHash": (_transaction_by_hash, 1, 1),
        "eth_getTransactionReceipt": (_transaction_receipt, 1, 1),
        "net_version": (_net_version, 0, 0),
        "web3_clientVersion": (_client_version, 0, 0),
    }
)
