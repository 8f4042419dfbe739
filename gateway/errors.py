"""Why a call is refused or breaks off. Each carries facts: `api/error_table.py` has the sentences."""

from dataclasses import dataclass

from ledger.services.holds import RateStanding


class CallerGone(Exception):
    """The caller closed the connection: there is nobody left to answer."""


class CallRefused(Exception):
    """A call that does not get what it asked for."""


@dataclass(eq=False)
class UrlUnknown(CallRefused):
    """Nothing answers at this method and path."""

    method: str
    path: str


@dataclass(eq=False)
class EndpointNotOffered(CallRefused):
    """OpenAI answers here; we do not, because it has no price yet."""

    path: str


class KeyMissing(CallRefused):
    """The call carries no API key."""


class KeyMalformed(CallRefused):
    """What the call carries as its key cannot be one: its shape or its checksum is wrong."""


@dataclass(eq=False)
class BodyTooLarge(CallRefused):
    """The body is longer than the gateway reads."""

    limit_bytes: int


class BodyEncoded(CallRefused):
    """The body is compressed: its true size is unknown until it is unpacked."""


class BodyUnreadable(CallRefused):
    """The body is not a JSON object."""


@dataclass(eq=False)
class FieldInvalid(CallRefused):
    """A field that the gateway has to understand is not what is `expected`."""

    param: str
    expected: str


@dataclass(eq=False)
class FieldNotOffered(CallRefused):
    """A field asks for something that has no price here, or that would choose the upstream."""

    param: str


@dataclass(eq=False)
class Untranslatable(CallRefused):
    """A field asks for what cannot be said in the protocol of the model's upstream."""

    param: str


@dataclass(eq=False)
class ModelUnknown(CallRefused):
    """No model of this name is offered."""

    model: str


@dataclass(eq=False)
class NotServed(CallRefused):
    """The model is offered, but no channel of it can take a call of this kind."""

    model: str


class ReceiptUnknown(CallRefused):
    """The asking key has made no call of this id."""


@dataclass(eq=False)
class LedgerRefused(CallRefused):
    """The ledger sets nothing aside for this caller and this model; `reason` says why."""

    reason: str
    model: str = ""
    retry_after_seconds: int | None = None
    rate: RateStanding | None = None


class NotReady(CallRefused):
    """The database is away, or the gateway starts or stops: nothing can be decided now."""


class CallFailed(CallRefused):
    """The call was accepted, and could not be served to its end."""


@dataclass(eq=False)
class UpstreamUnavailable(CallFailed):
    """The upstream did not answer, or not for a fault of the caller; `reason` is for our log alone."""

    reason: str


@dataclass(eq=False)
class UpstreamBusy(CallFailed):
    """The upstream takes no more calls for now."""

    retry_after_seconds: int


class UpstreamTooSlow(CallFailed):
    """The upstream was silent, or busy with its answer, for longer than a call may take."""


class AnswerBroken(CallFailed):
    """The upstream began an answer and did not bring it to its end."""


class Stopped(CallFailed):
    """The gateway is stopping, and this call outlasted its patience."""


@dataclass(eq=False)
class UpstreamObjected(CallFailed):
    """The upstream says what is wrong with the call: in its own words, without anything secret."""

    status: int
    message: str
    kind: str
    param: str | None
    code: str | None
