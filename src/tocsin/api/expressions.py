"""Expressions tried before there is a monitor to save."""

import asyncio
import json
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import WithJsonSchema

from tocsin.api.answers import Answer, answer, shaped
from tocsin.api.bodies import read_shape
from tocsin.api.deps import CallerAsked
from tocsin.api.documents import EXPRESSION, EXPRESSION_EXAMPLE, json_body
from tocsin.control.expressions import (
    ExpressionReview,
    ExpressionSubject,
    review_expression,
)
from tocsin.errors import ExpressionError, InputError
from tocsin.model.activity import ActivityKind
from tocsin.model.monitor import AddressDraft, ConditionDraft, StatusFilter
from tocsin.model.network import ChainFamily

router = APIRouter(tags=["expressions"])

RawTree = Annotated[msgspec.Raw | None, WithJsonSchema({"type": ["array", "null"]})]


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event or function, as a monitor's condition names it."""

    signature: str


class Transaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any transaction; its status changes nothing for an expression."""

    status: StatusFilter = StatusFilter.ANY


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Stellar operation, as a monitor's condition names it."""

    type: str


class NewExpression(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An expression to try, and the one thing that it is about."""

    network_type: ChainFamily
    expression: str
    event: Signed | None = None
    function: Signed | None = None
    transaction: Transaction | None = None
    operation: Operation | None = None
    address: str = "any"
    contract_spec: list[Any] | None = None


class FaultAnswer(Answer):
    """One thing that is wrong with an expression, as saving a monitor with it would say."""

    code: str
    message: str
    line: int
    column: int
    suggestion: str | None


class ParameterAnswer(Answer):
    """A parameter that an expression looks at; ``kind`` is null where only the value tells."""

    name: str
    kind: str | None


class CostAnswer(Answer):
    """What the condition adds to matching.

    ``filed`` counts its alternatives, ``evaluated`` those of them that no index narrows down:
    each is evaluated on every event, call or transaction of its kind.
    """

    filed: int
    evaluated: int


class ExpressionAnswer(Answer):
    """Everything that is wrong with an expression; or what it looks at, and what it costs."""

    valid: bool
    faults: list[FaultAnswer]
    ast: RawTree
    parameters: list[ParameterAnswer]
    cost: CostAnswer | None
    warnings: list[str]


def to_expression_answer(review: ExpressionReview) -> ExpressionAnswer:
    """Return what is known of an expression in the shape of its answer."""
    tree, cost = review.tree, review.cost
    return ExpressionAnswer(
        valid=not review.faults,
        faults=[_to_fault_answer(fault) for fault in review.faults],
        ast=None if tree is None else msgspec.Raw(msgspec.json.encode(tree)),
        parameters=[
            ParameterAnswer(name=name, kind=kind) for name, kind in review.parameters.items()
        ],
        cost=None if cost is None else CostAnswer(filed=cost.filed, evaluated=cost.evaluated),
        warnings=list(review.notes),
    )


def _to_fault_answer(fault: ExpressionError) -> FaultAnswer:
    return FaultAnswer(
        code=fault.code,
        message=fault.message,
        line=fault.line,
        column=fault.column,
        suggestion=fault.suggestion or None,
    )


def _subject(asked: NewExpression) -> ExpressionSubject:
    about: dict[str, ConditionDraft] = {}
    if asked.event is not None:
        about["event"] = ConditionDraft(kind=ActivityKind.EVENT, signature=asked.event.signature)
    if asked.function is not None:
        about["function"] = ConditionDraft(
            kind=ActivityKind.FUNCTION, signature=asked.function.signature
        )
    if asked.transaction is not None:
        about["transaction"] = ConditionDraft(
            kind=ActivityKind.TRANSACTION, status=asked.transaction.status
        )
    if asked.operation is not None:
        about["operation"] = ConditionDraft(
            kind=ActivityKind.OPERATION, signature=asked.operation.type
        )
    if len(about) != 1:
        raise InputError("expected one of event, function, transaction and operation")
    [(field, condition)] = about.items()
    spec = asked.contract_spec
    return ExpressionSubject(
        family=asked.network_type,
        condition=msgspec.structs.replace(condition, expression=asked.expression, field=field),
        contract=AddressDraft(
            address=asked.address,
            contract_spec=None if spec is None else msgspec.Raw(json.dumps(spec).encode()),
        ),
    )


@router.post(
    "/expressions:validate",
    response_model=None,
    responses={200: shaped(ExpressionAnswer, "What is wrong with it, or what it looks at.")},
    openapi_extra=json_body(EXPRESSION, EXPRESSION_EXAMPLE),
)
async def validate_expression(request: Request, caller: CallerAsked) -> Response:
    """Check an expression as a monitor's would be, without one. Operator, owner, viewer."""
    asked = await read_shape(request, NewExpression)
    async with caller.session():
        pass  # a suspended tenant is told so, here as everywhere
    # the largest of them take a second
    review = await asyncio.to_thread(review_expression, _subject(asked))
    return answer(to_expression_answer(review))
