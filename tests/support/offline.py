"""What the offline path gave, in tests that mean every monitor to be sound."""

from tocsin.cli.offline import OfflineResult
from tocsin.errors import InputError


def sound(result: OfflineResult) -> OfflineResult:
    """Return a result for which no monitor was left out, or raise InputError with the reason."""
    for reason in result.refused:
        raise InputError(reason)
    return result
