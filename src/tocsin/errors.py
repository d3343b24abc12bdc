"""Every error we expect, as one tree.

TocsinError                       code, retryable (marked *)
├── InputError                     can never work as sent
│   ├── ExpressionError            with line, column and a suggestion
│   │   └── ExpressionSyntaxError · ExpressionTypeError
│   ├── InterfaceError             an ABI or spec that does not parse
│   ├── PayloadTooLargeError       more bytes than we read
│   ├── MalformedRequestError      HTTP that we refuse whatever it asks for
│   ├── OptionError                of a command; it ends with status 2
│   └── SettingsError              at start; the process ends with status 2
├── AccessError
│   ├── NotAuthenticatedError · NotPermittedError
│   └── NotFoundError              also for another tenant's things
├── ConflictError
│   ├── AlreadyExistsError · InUseError · LastKeyError
│   └── StaleVersionError
├── ChainError
│   ├── RpcUnavailableError * · BlockNotFoundError *
│   │   └── RpcRefusedError *      a node answered with a JSON-RPC error
│   ├── MalformedBlockError * · WrongChainError *
│   └── ReorgTooDeepError
├── ChannelError
│   ├── ChannelUnavailableError *
│   └── ChannelRejectedError · EgressRefusedError
├── StorageError
│   ├── StorageUnavailableError *
│   ├── UnsafeRoleError            the process ends with status 2
│   └── LostOwnershipError *       another process holds the lease now
└── CacheUnavailableError *        Valkey does not answer; nothing is lost
"""

from typing import ClassVar


class TocsinError(Exception):
    """Something we expected could go wrong.

    ``code`` is stable for ever; ``retryable`` says whether the same request may work later;
    ``hint`` says what the reader can do about it.
    """

    code: ClassVar[str] = "tocsin.error"
    retryable: ClassVar[bool] = False
    hint: ClassVar[str] = ""


class InputError(TocsinError):
    """The input can never work as sent; ``field`` is the JSON path of the offending part."""

    code = "input.invalid"
    hint = "Correct the named field and send it again."

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field

    def explain(self, note: str) -> None:
        """Say more: what may have led to this."""
        self.args = (f"{self}; {note}",)


class ExpressionError(InputError):
    """An expression that cannot be used; ``line`` and ``column`` say where, both from 1.

    ``message`` is what is wrong and ``suggestion`` what to write instead, empty where nobody
    knows; the error's own text has both.
    """

    code = "expression.invalid"
    hint = "See docs/expressions.md."

    def __init__(self, message: str, *, column: int, field: str = "", suggestion: str = "") -> None:
        self.message = message
        self.suggestion = suggestion
        self.line = 1
        self.column = column
        super().__init__(self._told(), field=field)

    def locate(self, text: str) -> None:
        """Say in which line of the expression's text it is, and count the column from there.

        Until then the whole text counts as one line.
        """
        before = text[: self.column - 1]
        if "\n" not in before:
            return
        self.line += before.count("\n")
        self.column -= before.rindex("\n") + 1
        self.args = (f"{self.field}: {self._told()}" if self.field else self._told(),)

    def _told(self) -> str:
        advice = f"; {self.suggestion}" if self.suggestion else ""
        line = f"line {self.line}, " if self.line > 1 else ""
        return f"{self.message}{advice} ({line}column {self.column})"


class ExpressionSyntaxError(ExpressionError):
    """The text of an expression does not parse; ``column`` counts characters from 1."""

    code = "expression.syntax"
    hint = "See docs/expressions.md for the grammar."


class ExpressionTypeError(ExpressionError):
    """An expression compares what cannot be compared, or names what is not there."""

    code = "expression.type"
    hint = "Compare a parameter of the event or function with a literal of its type."


class InterfaceError(InputError):
    """An ABI or contract spec that does not parse or lacks what a condition names."""

    code = "input.interface"
    hint = "Give the contract's ABI (EVM) or SEP-48 spec (Stellar) as contract_spec."


class PayloadTooLargeError(InputError):
    """More bytes than we are willing to read."""

    code = "input.too_large"
    hint = "Send less at once."


class MalformedRequestError(InputError):
    """The request itself cannot be taken, whatever it asks for: a key in its URL, a bad header."""

    code = "input.malformed_request"
    hint = "Send the key in the Authorization header, and versions in If-Match as they were read."


class SettingsError(InputError):
    """The process cannot start as configured; it ends with status 2."""

    code = "settings.invalid"
    hint = "`tocsin settings` prints what is in force; docs/settings.md lists every setting."


class OptionError(InputError):
    """A command cannot do its work with the options it was given; it ends with status 2."""

    code = "input.option"
    hint = "The command's --help lists its options."


class AccessError(TocsinError):
    """The caller may not do this."""

    code = "access.refused"


class NotAuthenticatedError(AccessError):
    """No credential, or one that is unknown, expired or revoked."""

    code = "access.not_authenticated"
    hint = "Send an API key as `Authorization: Bearer tsn_…`."


class NotPermittedError(AccessError):
    """The credential is good but does not allow this."""

    code = "access.not_permitted"
    hint = "Use a key with the role that the route names in the API document."


class NotFoundError(AccessError):
    """There is no such thing, or it belongs to somebody else: the answer is the same."""

    code = "access.not_found"

    def __init__(self, noun: str, name: object) -> None:
        super().__init__(f"no {noun} {name}")


class ConflictError(TocsinError):
    """The state of things does not allow this now."""

    code = "conflict"


class AlreadyExistsError(ConflictError):
    """The name is taken."""

    code = "conflict.already_exists"
    hint = "Choose another name, or change the existing one."


class InUseError(ConflictError):
    """Something else depends on it; ``dependants`` names what."""

    code = "conflict.in_use"
    hint = "Change or delete what depends on it first."

    def __init__(self, message: str, dependants: tuple[str, ...]) -> None:
        super().__init__(f"{message}: {', '.join(dependants)}")
        self.dependants = dependants


class LastKeyError(ConflictError):
    """Without this key nobody in the tenant could make another one."""

    code = "conflict.last_key"
    hint = "Make another owner key first; then this one can be revoked."


class StaleVersionError(ConflictError):
    """Somebody changed it since it was read."""

    code = "conflict.stale_version"
    hint = "Read it again and apply the change to what it is now."


class ChainError(TocsinError):
    """A chain, or the nodes that tell us of it, did not do what a chain does."""

    code = "chain.error"


class RpcUnavailableError(ChainError):
    """No endpoint of the network gave a usable answer in time."""

    code = "chain.rpc_unavailable"
    retryable = True


class RpcRefusedError(RpcUnavailableError):
    """A node answered in proper form, and its answer is a JSON-RPC error object.

    ``rpc_code`` is the error's number (-32601: no such method). The node's own words are kept
    out: they may repeat what we sent.
    """

    code = "chain.rpc_refused"

    def __init__(self, message: str, *, rpc_code: int) -> None:
        super().__init__(message)
        self.rpc_code = rpc_code


class BlockNotFoundError(ChainError):
    """The node does not know the block (yet)."""

    code = "chain.block_not_found"
    retryable = True


class MalformedBlockError(ChainError):
    """What a node gave is not a complete, consistent block."""

    code = "chain.malformed_block"
    retryable = True


class WrongChainError(ChainError):
    """The endpoint serves another chain than the network's."""

    code = "chain.wrong_chain"
    retryable = True
    hint = "Correct the endpoint's URL or the network's chain identity."


class ReorgTooDeepError(ChainError):
    """The chain forked below everything we remember of it."""

    code = "chain.reorg_too_deep"
    hint = "Check the endpoints; the network stays stopped until its log is extended by hand."


class ChannelError(TocsinError):
    """A message was not taken."""

    code = "channel.error"


class ChannelUnavailableError(ChannelError):
    """The far side is busy, slow or down: worth another try.

    ``retry_after_seconds`` is what it asked for, or None.
    """

    code = "channel.unavailable"
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.retry_after_seconds = retry_after_seconds


class ChannelRejectedError(ChannelError):
    """The far side refused, and will refuse again."""

    code = "channel.rejected"

    def __init__(self, message: str, *, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class EgressRefusedError(ChannelError):
    """We do not connect there: not a public address, port or scheme."""

    code = "channel.egress_refused"
    hint = "The operator can allow a destination with TOCSIN_EGRESS__ALLOW."


class StorageError(TocsinError):
    """PostgreSQL did not do what we asked."""

    code = "storage.error"


class StorageUnavailableError(StorageError):
    """PostgreSQL does not answer, or broke off."""

    code = "storage.unavailable"
    retryable = True


class UnsafeRoleError(StorageError):
    """A database role could read past row-level security; we do not run with it."""

    code = "storage.unsafe_role"
    hint = "Give the role NOSUPERUSER NOBYPASSRLS and no membership in the tables' owner."


class LostOwnershipError(StorageError):
    """Another process holds the lease now; what we wanted to write was not written."""

    code = "storage.lost_ownership"
    retryable = True


class CacheUnavailableError(TocsinError):
    """Valkey does not answer. Nothing in it is needed to be right, only to be fast."""

    code = "cache.unavailable"
    retryable = True
