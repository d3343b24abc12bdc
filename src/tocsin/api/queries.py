"""Query parameters: only those of the route, each once; a typo must not widen what is asked for."""

from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from tocsin.errors import InputError


def refuse_unknown_queries(request: Request) -> None:
    """Return if the route knows every query parameter of a request.

    Raises:
        InputError: it does not, or one is there twice; ``field`` is its name where we know it.
    """
    route = request.scope.get("route")
    known = _known_to(route.dependant) if isinstance(route, APIRoute) else set()
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise InputError(f"there is a query parameter that this route does not know{meant}")
        if name in seen:
            raise InputError("it is there twice", field=name)
        seen.add(name)


def _known_to(dependant: Dependant) -> set[str]:
    names = {field.alias for field in dependant.query_params}
    return names.union(*(_known_to(each) for each in dependant.dependencies))
