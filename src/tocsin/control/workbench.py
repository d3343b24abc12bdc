"""What changing a configuration takes and the deployment decides; made once, at start."""

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.control.specs import SpecDesk
from tocsin.storage.secrets import SecretBox


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """Tools handed down by the one who builds the process.

    ``check_url`` returns the host of a URL that we may request, or raises EgressRefusedError;
    it asks no name server. ``random_bytes`` is a secure source: keys and secrets come from it.
    ``spec_desk`` fetches contracts' specs that nobody gave.
    """

    secret_box: SecretBox
    check_url: Callable[[str], str]
    random_bytes: Callable[[int], bytes]
    spec_desk: SpecDesk
