"""Credentials: one API key in one header, and nowhere else."""

from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from tocsin.errors import MalformedRequestError, NotAuthenticatedError

# Declared so that the API document shows how to authenticate; they refuse nothing themselves.
BEARER = HTTPBearer(auto_error=False, description="An API key: `Bearer tsn_…`")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key: `tsn_…`")

# URLs end up in logs, histories and referrers.
NAMES_IN_URLS = frozenset({"api_key", "apikey", "api-key", "x-api-key", "key", "token"})


def get_key_text(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    header: Annotated[str | None, Security(HEADER)],
) -> str:
    """Return the API key that a request presents.

    Raises:
        MalformedRequestError: there is a key in the URL.
        NotAuthenticatedError: there is none, or one in each header.
    """
    for name, value in request.query_params.multi_items():
        if name.lower() in NAMES_IN_URLS or value.startswith("tsn_"):
            raise MalformedRequestError("a key does not belong in a URL; revoke it", field="query")
    given = [text for text in (bearer.credentials if bearer else None, header) if text]
    if len(given) != 1:
        raise NotAuthenticatedError(
            "two credentials are one too many" if given else "no API key was sent"
        )
    return given[0]
