"""Whether we live, and whether we can work. Public: balancers have no key."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response

from tocsin.api.answers import Answer, answer, shaped
from tocsin.api.deps import ContextAsked
from tocsin.api.problems import NOT_READY
from tocsin.errors import TocsinError

router = APIRouter(tags=["health"])

CHECK_SECONDS = 2.0


class LiveAnswer(Answer):
    """We answer; which version of us."""

    live: bool
    version: str


class ReadyAnswer(Answer):
    """Whether everything we need is there, else what is missing."""

    ready: bool
    failing: list[str]


@router.head("/livez", include_in_schema=False, response_model=None)
@router.get("/livez", response_model=None, responses={200: shaped(LiveAnswer, "We answer.")})
async def get_live(context: ContextAsked) -> Response:
    """Answer, whatever else is broken."""
    return answer(LiveAnswer(live=True, version=context.version))


@router.head("/readyz", include_in_schema=False, response_model=None)
@router.get(
    "/readyz",
    response_model=None,
    responses={
        200: shaped(ReadyAnswer, "Everything we need is there."),
        503: shaped(ReadyAnswer, "Something is missing."),
    },
)
async def get_ready(context: ContextAsked) -> Response:
    """Tell whether the things we need are there."""
    names = sorted(context.readiness)
    passed = await asyncio.gather(*(_passes(context.readiness[name]) for name in names))
    failing = [name for name, passes in zip(names, passed, strict=True) if not passes]
    shape = ReadyAnswer(ready=not failing, failing=failing)
    return answer(shape, status=NOT_READY if failing else 200)


async def _passes(check: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except (TocsinError, TimeoutError):
        return False
    return True
