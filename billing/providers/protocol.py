"""The payment provider as the shop sees it: what it is asked, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from billing.providers.facts import Fact, Mode


class CheckoutStatus(StrEnum):
    """How far a checkout got. A word that we do not know counts as OPEN: it is asked about again."""

    OPEN = "open"
    COMPLETED = "completed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutRequest:
    """What to sell, and for which order of ours.

    `reference` is the order's, saved before the provider is asked; it comes back in every fact. `email` only
    fills in the buyer's. `success_url` must carry no query of its own. `amount_cents` of `currency` is the
    price of all units, for a provider that knows nothing of our products.
    """

    reference: str
    product_id: str
    units: int
    success_url: str
    email: str | None = None
    amount_cents: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCheckout:
    """A checkout that was just made: its id there, and the page to send the buyer to."""

    id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutState:
    """What has become of a checkout. Once COMPLETED, `fact` is the one that its webhook tells, too."""

    id: str
    status: CheckoutStatus
    fact: Fact | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """A verified webhook: what the inbox has to know of it. A repetition has the same `id`."""

    id: str
    kind: str
    sent_at: datetime | None


class PaymentProvider(Protocol):
    """A company that takes money for us.

    It raises nothing but the classes of `errors`. The methods that ask it (the first two, and `confirm`) take
    seconds: never call them inside a transaction.
    """

    @property
    def name(self) -> str:
        """The word for it in tables, addresses and logs."""
        ...

    @property
    def mode(self) -> Mode:
        """Whether our key there moves real money."""
        ...

    def create_checkout(self, request: CheckoutRequest) -> NewCheckout:
        """Make a page to pay on.

        It is asked once. After ProviderUnavailable there may be a checkout that nobody was sent to; it costs
        nothing, and another may be made.
        """
        ...

    def get_checkout(self, checkout_id: str) -> CheckoutState:
        """Ask what has become of a checkout; asked again by itself when the answer does not come."""
        ...

    def read_webhook(self, body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """Verify a webhook as received; raises InvalidSignature, always when our secret is empty.

        Whatever is signed is accepted, however odd, so that nothing that was said gets lost.
        """
        ...

    def read_fact(self, body: bytes) -> Fact:
        """Translate a webhook that was verified when it came; what cannot be understood is Unknown.

        So is what a signature alone does not prove at this provider: `confirm` tells that.
        """
        ...

    def confirm(self, body: bytes) -> Fact:
        """Return what a webhook that was verified is about, as it may be believed.

        Where the signature is no proof, or the webhook only names what was paid, the provider is asked for
        the thing itself. Ask again after an error: nothing that was told is lost.
        """
        ...
