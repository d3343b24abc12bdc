"""What every channel can do, and what it needs from the network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tocsin.delivery.message import Message
from tocsin.net.http import HttpAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that a message was taken; ``status_code`` is the HTTP status, None without HTTP."""

    status_code: int | None


class Channel(Protocol):
    """One way to reach one destination."""

    async def send(self, message: Message) -> Receipt:
        """Send once and return the receipt. Never tries again by itself.

        Raises:
            ChannelUnavailableError: busy, slow or down; the same message may be taken later.
                Carries how long the far side asks us to wait, if it says.
            ChannelRejectedError: refused, and it will be again. Redirects count as refusals.
            EgressRefusedError: the destination is not one we connect to.
        """
        ...


class Submitter(Protocol):
    """The part of ``tocsin.net.http.HttpClient`` that channels use."""

    async def submit(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> HttpAnswer:
        """Return the status and headers that answer a POST, as HttpClient does."""
        ...
