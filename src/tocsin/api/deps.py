"""What routes ask for: the context of the application, a caller, a session in the caller's name."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from tocsin.api.auth import get_key_text
from tocsin.control.access import Actor
from tocsin.control.api_keys import authenticate
from tocsin.control.tenants import require_active_tenant, require_tenant
from tocsin.control.workbench import Workbench
from tocsin.errors import NotFoundError
from tocsin.model.tenant import Role, Tenant
from tocsin.storage.pool import Database, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiContext:
    """Everything the API stands on.

    ``readiness`` holds one check per thing we need, by name; each raises a TocsinError while
    its thing is not there.
    """

    database: Database
    workbench: Workbench
    readiness: Mapping[str, Callable[[], Awaitable[None]]]
    version: str


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller; the way to a session that sees what the caller may see."""

    context: ApiContext
    actor: Actor

    @property
    def workbench(self) -> Workbench:
        """Return the tools of the process."""
        return self.context.workbench

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Open a transaction in the caller's name; leaving the block commits it.

        Raises:
            NotPermittedError: the caller's tenant is suspended.
        """
        async with self._open() as session:
            await require_active_tenant(session, self.actor)
            yield session

    @asynccontextmanager
    async def tenant_session(self, slug: str) -> AsyncIterator[tuple[Session, Tenant]]:
        """Open a transaction in the caller's name, about the tenant of a slug.

        Raises:
            NotFoundError: there is no such tenant, or it is another's.
            NotPermittedError: it is the caller's own and suspended.
        """
        async with self._open() as session:
            yield session, await require_tenant(session, self.actor, slug)

    @asynccontextmanager
    async def endpoints_session(self) -> AsyncIterator[Session]:
        """Open a transaction that may also read the endpoints of the platform's networks.

        Only to ask nodes on the caller's behalf; nothing of what it reads is for the caller.
        """
        async with self.context.database.session(self.actor.scope, operator=True) as session:
            yield session

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Session]:
        operator = self.actor.role is Role.OPERATOR
        async with self.context.database.session(self.actor.scope, operator=operator) as session:
            yield session


def get_context(request: Request) -> ApiContext:
    """Return the context the application was made with."""
    context = request.app.state.context
    if not isinstance(context, ApiContext):
        raise TypeError("the application was made without a context")
    return context


async def get_caller(
    context: Annotated[ApiContext, Depends(get_context)],
    key_text: Annotated[str, Depends(get_key_text)],
) -> Caller:
    """Return who calls.

    Raises:
        NotAuthenticatedError: nobody we know.
    """
    return Caller(context, await authenticate(context.database, key_text))


ContextAsked = Annotated[ApiContext, Depends(get_context)]
CallerAsked = Annotated[Caller, Depends(get_caller)]


def parse_id(noun: str, text: str) -> UUID:
    """Return an id from a path.

    Raises:
        NotFoundError: it is no id, so nothing has it.
    """
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(noun, "of that id") from None
