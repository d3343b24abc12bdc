"""What came as ``params`` → typed requests, or the error that a client must see."""

from typing import Annotated, TypeVar

import msgspec

from tocsin.devnet.network import RpcCallError

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602

LedgerNumber = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Pagination(msgspec.Struct, frozen=True):
    """How to page: from where, and how many; 0 and absent mean the default."""

    cursor: str | None = None
    limit: Count | None = None


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """What every request may say: in which form it wants XDR."""

    xdr_format: str | None = None


class RangeRequest(Request, frozen=True, rename="camel"):
    """Params of getLedgers and getTransactions."""

    start_ledger: LedgerNumber | None = None
    pagination: Pagination | None = None


class TransactionRequest(Request, frozen=True, rename="camel"):
    """Params of getTransaction."""

    hash: str = ""


class EntriesRequest(Request, frozen=True, rename="camel"):
    """Params of getLedgerEntries; ``keys`` are base64 of XDR."""

    keys: tuple[str, ...] | None = None


class FilterRequest(msgspec.Struct, frozen=True, rename="camel"):
    """One filter of getEvents, unchecked."""

    type: str | None = None
    contract_ids: tuple[str, ...] | None = None
    topics: tuple[tuple[str, ...], ...] | None = None


class EventsRequest(Request, frozen=True, rename="camel"):
    """Params of getEvents; ``end_ledger`` is exclusive."""

    start_ledger: LedgerNumber | None = None
    end_ledger: LedgerNumber | None = None
    pagination: Pagination | None = None
    filters: tuple[FilterRequest, ...] | None = None


AnyRequest = TypeVar("AnyRequest", bound=Request)


def parse_params(params: object, shape: type[AnyRequest]) -> AnyRequest:
    """Return the params of a call as the request they spell; null spells the empty one.

    Raises:
        RpcCallError: -32602; not an object, or a member of the wrong type.
    """
    if params is None:
        return shape()
    if not isinstance(params, dict):
        raise RpcCallError(INVALID_PARAMS, "invalid parameters: expected an object")
    try:
        request = msgspec.convert(params, shape)
    except msgspec.ValidationError as cause:
        raise RpcCallError(INVALID_PARAMS, f"invalid parameters: {cause}") from cause
    if request.xdr_format not in {None, "", "base64"}:
        raise RpcCallError(INVALID_PARAMS, "this network gives XDR as base64 only")
    return request


def page_limit(
    pagination: Pagination | None, *, default: int, maximum: int, error_code: int
) -> int:
    """Return how many items a page may hold.

    Raises:
        RpcCallError: more than the maximum.
    """
    if pagination is None or not pagination.limit:
        return default
    if pagination.limit > maximum:
        raise RpcCallError(error_code, f"limit must not exceed {maximum}")
    return pagination.limit
