"""What can go wrong with a provider. Nothing here carries a key, a secret or a body."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a provider gave no usable answer."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed out"
    BUSY = "busy"
    FAILING = "failing"
    GARBLED = "garbled"


# Every field has a default, so that a worker can pickle these.
@dataclass(eq=False, kw_only=True)
class ProviderError(Exception):
    """A call to a provider that did not do what was asked.

    `operation` is method and path; `messages` are the provider's own words, for the operator. Its support
    asks for the `trace_id`.
    """

    operation: str = ""
    status: int | None = None
    trace_id: str | None = None
    messages: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f": {'; '.join(self.messages)}" if self.messages else ""
        return f"{self.operation} status={self.status} trace={self.trace_id}{said}"


@dataclass(eq=False, kw_only=True)
class ProviderUnavailable(ProviderError):
    """No usable answer came. Asking again may help; what was to be done may have been done all the same."""

    reason: Reason = Reason.UNREACHABLE
    retry_after_seconds: int | None = None

    def __str__(self) -> str:
        return f"{self.reason}, {ProviderError.__str__(self)}"


class ProviderRefused(ProviderError):
    """The provider understood and said no: asking again in the same way is useless."""


class KeyRefused(ProviderRefused):
    """The API key is missing, wrong, or of another environment."""


class NotKnownThere(ProviderRefused):
    """The provider has no such thing in the environment of our key."""


class AmountTooSmall(ProviderRefused):
    """The amount is below what the provider takes in this way at this moment."""


class WrongMode(ProviderError):
    """Something live was answered to a test key, or the other way round."""


class InvalidSignature(ProviderError):
    """The message cannot be proven to come from the provider."""
