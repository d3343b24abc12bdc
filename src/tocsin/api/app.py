"""The application: which routes need a key, what stands around them, what is public."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.middleware import Middleware

from tocsin.api import (
    api_keys,
    deliveries,
    expressions,
    health,
    matches,
    monitors,
    networks,
    pages,
    tenants,
    triggers,
)
from tocsin.api.bodies import BodyLimit
from tocsin.api.deps import ApiContext, get_caller
from tocsin.api.headers import AnswerHeaders
from tocsin.api.problems import PROBLEM_RESPONSE, LastResort, install_handlers
from tocsin.api.queries import refuse_unknown_queries

PREFIX = "/api/v1"

# All that answers without a key. A route elsewhere is closed, whoever adds it.
PUBLIC_PATHS = frozenset({"/livez", "/readyz", "/openapi.json", "/docs"})

DESCRIPTION = (
    "On-chain monitoring for many tenants. Send an API key as `Authorization: Bearer tsn_…` or "
    "`X-API-Key`. Lists take `limit` and `cursor`. Single resources carry an ETag; send it as "
    "If-Match to change only what you have seen. Errors are problem documents (RFC 9457) with a "
    "stable `code`."
)


def create_app(context: ApiContext) -> FastAPI:
    """Return the HTTP application that stands on a context. It opens and closes nothing."""
    app = FastAPI(
        title="Tocsin",
        version=context.version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Left on, variables of the environment could send requests and tracebacks elsewhere.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        # Outermost first: an answer always has its headers, also when all else failed.
        middleware=[Middleware(AnswerHeaders), Middleware(LastResort), Middleware(BodyLimit)],
    )
    app.state.context = context
    install_handlers(app)
    app.include_router(health.router)
    app.include_router(pages.router)
    app.include_router(closed_router())
    return app


def closed_router() -> APIRouter:
    """Return every route that asks for a key before anything else."""
    responses: dict[int | str, dict[str, Any]] = dict(PROBLEM_RESPONSE)
    # The key first: who has none is told nothing else.
    asked_first = [Depends(get_caller), Depends(refuse_unknown_queries)]
    closed = APIRouter(prefix=PREFIX, dependencies=asked_first, responses=responses)
    for router in (
        tenants.router,
        api_keys.router,
        networks.router,
        networks.tenant_router,
        monitors.router,
        expressions.router,
        triggers.router,
        matches.router,
        deliveries.router,
    ):
        closed.include_router(router)
    return closed
