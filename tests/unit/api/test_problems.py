"""Errors as problem documents."""

import json
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.middleware import Middleware
from structlog.testing import capture_logs

from tests.support.asgi import AsgiClient
from tocsin.api.problems import LastResort, describe, install_handlers, status_of
from tocsin.errors import (
    AlreadyExistsError,
    EgressRefusedError,
    ExpressionTypeError,
    InputError,
    InUseError,
    MalformedRequestError,
    NotAuthenticatedError,
    NotFoundError,
    NotPermittedError,
    PayloadTooLargeError,
    StaleVersionError,
    StorageError,
    StorageUnavailableError,
    TocsinError,
)

STATUSES = {
    InputError("x"): 422,
    ExpressionTypeError("x", column=3): 422,
    EgressRefusedError("x"): 422,
    MalformedRequestError("x"): 400,
    PayloadTooLargeError("x"): 413,
    NotAuthenticatedError("x"): 401,
    NotPermittedError("x"): 403,
    NotFoundError("monitor", "x"): 404,
    AlreadyExistsError("x"): 409,
    InUseError("x", ("y",)): 409,
    StaleVersionError("x"): 412,
    StorageUnavailableError("x"): 503,
    StorageError("x"): 500,
}


def _all_errors(error: type[TocsinError] = TocsinError) -> Iterator[type[TocsinError]]:
    yield error
    for each in error.__subclasses__():
        yield from _all_errors(each)


@pytest.mark.parametrize("error", STATUSES, ids=lambda error: type(error).__name__)
def test_an_error_has_its_status(error: TocsinError) -> None:
    assert status_of(error) == STATUSES[error]


def test_a_problem_says_where_and_what_to_do() -> None:
    problem = describe(ExpressionTypeError("no such thing", column=7, field="a[0].b"))
    assert (problem["field"], problem["column"]) == ("a[0].b", 7)
    assert problem["hint"]


def test_a_problem_with_an_expression_has_line_column_and_a_suggestion() -> None:
    error = ExpressionTypeError("no such thing", column=7, suggestion="did you mean that?")
    problem = describe(error)
    assert (problem["line"], problem["column"]) == (1, 7)
    assert problem["suggestion"] == "did you mean that?"
    assert "suggestion" not in describe(ExpressionTypeError("no such thing", column=7))


def test_a_problem_names_what_depends_on_it() -> None:
    assert describe(InUseError("in use", ("a", "b")))["dependants"] == ("a", "b")


def test_our_own_troubles_are_told_by_kind_only() -> None:
    problem = describe(StorageUnavailableError("connection to 10.1.2.3 as tocsin_api failed"))
    assert "10.1.2.3" not in json.dumps(problem)


def test_titles_are_plain_text() -> None:
    titles = [str(describe(error)["title"]) for error in STATUSES]
    assert [title for title in titles if "`" in title] == []


def test_every_error_is_told_in_words() -> None:
    untold = [error for error in _all_errors() if not (error.__doc__ or "").strip()]
    assert untold == []


def _app() -> FastAPI:
    app = FastAPI(middleware=[Middleware(LastResort)])
    install_handlers(app)

    @app.get("/bug")
    async def fail() -> None:
        raise ZeroDivisionError("canary-detail")

    @app.get("/expected")
    async def refuse() -> None:
        raise InputError("half a pair: \ud800", field="name")

    @app.get("/typed")
    async def take(limit: int) -> int:
        return limit

    return app


async def test_what_nobody_expected_is_logged_once_and_not_told() -> None:
    with capture_logs() as logs:
        reply = await AsgiClient(_app()).ask("GET", "/bug")
    assert (reply.status, reply.json()["code"]) == (500, "tocsin.internal")
    assert b"canary" not in reply.body
    assert [log["event"] for log in logs] == ["request.failed"]


async def test_an_expected_error_is_not_logged() -> None:
    with capture_logs() as logs:
        await AsgiClient(_app()).ask("GET", "/expected")
    assert logs == []


async def test_text_beyond_unicode_is_shown_as_escapes() -> None:
    reply = await AsgiClient(_app()).ask("GET", "/expected")
    assert (reply.status, reply.json()["detail"]) == (422, "name: half a pair: \\ud800")


async def test_a_wrong_parameter_is_named_and_not_repeated() -> None:
    reply = await AsgiClient(_app()).ask("GET", "/typed?limit=canary")
    assert (reply.status, reply.json()["field"]) == (422, "limit")
    assert b"canary" not in reply.body


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/x", 404), ("PUT", "/bug", 405)])
async def test_the_routers_own_refusals_are_problems(method: str, path: str, status: int) -> None:
    reply = await AsgiClient(_app()).ask(method, path)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
