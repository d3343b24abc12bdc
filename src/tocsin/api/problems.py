"""Errors → problem documents (RFC 9457). The only place that knows HTTP statuses of errors."""

from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.errors import (
    AccessError,
    ConflictError,
    EgressRefusedError,
    ExpressionError,
    InputError,
    InUseError,
    MalformedRequestError,
    NotAuthenticatedError,
    NotFoundError,
    PayloadTooLargeError,
    SettingsError,
    StaleVersionError,
    TocsinError,
)

log = structlog.get_logger(__name__)

NOT_READY = HTTPStatus.SERVICE_UNAVAILABLE
CONTENT_TYPE = "application/problem+json"
INTERNAL_CODE = "tocsin.internal"

# The nearest ancestor counts. What is not here is 503 where retryable, else 500.
STATUSES: Mapping[type[Exception], HTTPStatus] = {
    MalformedRequestError: HTTPStatus.BAD_REQUEST,
    NotAuthenticatedError: HTTPStatus.UNAUTHORIZED,
    AccessError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    StaleVersionError: HTTPStatus.PRECONDITION_FAILED,
    PayloadTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    EgressRefusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    SettingsError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

REFUSED_CODE = "http.refused"
HTTP_CODES: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: "http.no_such_route",
    HTTPStatus.METHOD_NOT_ALLOWED: "http.method_not_allowed",
}

# Codes of answers that no error class stands behind, and what they mean.
HTTP_MEANINGS: Mapping[str, str] = {
    "http.no_such_route": "The API has no such path.",
    "http.method_not_allowed": "The path is there, but not with this method.",
    REFUSED_CODE: "HTTP itself does not allow the request.",
    INTERNAL_CODE: "We made a mistake; it is in the log under the answer's request_id.",
}


def status_of(error: TocsinError) -> HTTPStatus:
    """Return the status that an error is answered with."""
    for ancestor in type(error).__mro__:
        if ancestor in STATUSES:
            return STATUSES[ancestor]
    if error.retryable:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.INTERNAL_SERVER_ERROR


def describe(error: TocsinError) -> dict[str, object]:
    """Return the members of an error's problem document.

    Our own troubles are told by their kind only: their details are for the log.
    """
    status = status_of(error)
    # The class's own description, without the marks of its text.
    title = (type(error).__doc__ or type(error).__name__).partition("\n")[0].replace("``", "")
    members: dict[str, object] = {
        "type": f"urn:tocsin:problem:{error.code}",
        "title": title,
        "status": int(status),
        "code": error.code,
        "detail": str(error) if status < HTTPStatus.INTERNAL_SERVER_ERROR else title,
    }
    if error.hint:
        members["hint"] = error.hint
    return members | _particulars(error)


def _particulars(error: TocsinError) -> dict[str, object]:
    members: dict[str, object] = {}
    if isinstance(error, InputError) and error.field:
        members["field"] = error.field
    if isinstance(error, ExpressionError):
        members |= {"line": error.line, "column": error.column}
        if error.suggestion:
            members["suggestion"] = error.suggestion
    if isinstance(error, InUseError):
        members["dependants"] = error.dependants
    return members


def render(members: dict[str, object], request_id: str) -> Response:
    """Return a problem document as a response."""
    status = members["status"]
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    # Characters that are not in Unicode come back from nowhere but hostile input.
    body = msgspec.json.encode(_printable({**members, "request_id": request_id}))
    return Response(body, status_code=int(str(status)), headers=headers, media_type=CONTENT_TYPE)


def _printable(members: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value.encode("utf-8", "backslashreplace").decode()
        if isinstance(value, str)
        else value
        for name, value in members.items()
    }


def request_id_of(request: Request) -> str:
    """Return the id under which a request is logged."""
    return str(request.scope.get("tocsin.request_id", ""))


async def answer_known(request: Request, error: Exception) -> Response:
    """Answer an expected error; only our own troubles are logged."""
    if not isinstance(error, TocsinError):
        raise error
    members = describe(error)
    if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning(
            "request.unanswered",
            request_id=request_id_of(request),
            error_code=error.code,
            detail=str(error),
        )
    return render(members, request_id_of(request))


async def answer_invalid(request: Request, error: Exception) -> Response:
    """Answer query parameters of the wrong form, without repeating them."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    # Without the first part, which says only that it stood in the query.
    field = ".".join(str(part) for part in first["loc"][1:])
    return render(describe(InputError(str(first["msg"]), field=field)), request_id_of(request))


async def answer_http(request: Request, error: Exception) -> Response:
    """Answer what the router itself refuses: unknown paths and methods."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    code = HTTP_CODES.get(status, REFUSED_CODE)
    members: dict[str, object] = {
        "type": f"urn:tocsin:problem:{code}",
        "title": status.phrase,
        "status": int(status),
        "code": code,
        "detail": status.description or status.phrase,
        "hint": "/docs lists every route.",
    }
    response = render(members, request_id_of(request))
    response.headers.update(error.headers or {})
    return response


def internal_problem() -> dict[str, object]:
    """Return the members of the document that says nothing but that we failed."""
    return {
        "type": f"urn:tocsin:problem:{INTERNAL_CODE}",
        "title": "We made a mistake.",
        "status": int(HTTPStatus.INTERNAL_SERVER_ERROR),
        "code": INTERNAL_CODE,
        "detail": "The request failed for a reason that is ours; it has been logged.",
        "hint": "Report the request_id to whoever runs this installation.",
    }


class LastResort:
    """The outermost layer: whatever nobody expected is logged once and answered as a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if started:
                raise
            request_id = str(scope.get("tocsin.request_id", ""))
            log.exception("request.failed", request_id=request_id)
            await render(internal_problem(), request_id)(scope, receive, send)


def install_handlers(app: FastAPI) -> None:
    """Make an application answer every error as a problem document."""
    app.add_exception_handler(TocsinError, answer_known)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(HTTPException, answer_http)


PROBLEM_RESPONSE: MutableMapping[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A problem document: `code` is stable, `hint` says what to do.",
        "content": {
            CONTENT_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "code", "detail", "request_id"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "code": {"type": "string"},
                        "detail": {"type": "string"},
                        "field": {"type": "string"},
                        "line": {"type": "integer"},
                        "column": {"type": "integer"},
                        "suggestion": {"type": "string"},
                        "hint": {"type": "string"},
                        "request_id": {"type": "string"},
                    },
                }
            }
        },
    }
}
