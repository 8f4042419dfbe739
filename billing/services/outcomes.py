"""What a fact of a provider's came to."""

from typing import NamedTuple

from billing.models import InboxEvent, Order


class Applied(NamedTuple):
    """What a fact came to, and its order. Without an outcome the order is not known: it may be, later."""

    outcome: InboxEvent.Outcome | None
    order: Order | None
