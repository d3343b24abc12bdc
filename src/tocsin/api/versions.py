"""If-Match → the version that a change expects."""

import re
from typing import Annotated

from fastapi import Depends, Header

from tocsin.errors import MalformedRequestError

# Weak ones too: compressing proxies make them of ours, and they name a version as well.
ETAG = re.compile(r'(?:W/)?"(?P<version>[0-9]{1,18})"')


def get_expected_version(
    if_match: Annotated[
        str | None,
        Header(description="An ETag as it was read: the change is refused (412) if it is stale."),
    ] = None,
) -> int | None:
    """Return the version that If-Match asks for; None where any will do.

    Raises:
        MalformedRequestError: the header is no ETag of ours.
    """
    text = "*" if if_match is None else if_match.strip()
    if text == "*":
        return None
    tag = ETAG.fullmatch(text)
    if tag is None:
        raise MalformedRequestError("If-Match takes one ETag as it was read, or *")
    return int(tag["version"])


ExpectedVersion = Annotated[int | None, Depends(get_expected_version)]
