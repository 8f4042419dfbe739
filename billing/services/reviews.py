"""Reviews: what credited nothing and waits for a person."""

from billing.models import InboxEvent, Order, OrderStep, Review
from billing.services import orders


def open(  # noqa: A001 - the word of the shop
    reason: Review.Reason,
    *,
    subject: str,
    detail: str = "",
    order: Order | None = None,
    event: InboxEvent | None = None,
) -> Review:
    """Have a person look at what ``subject`` names, in the caller's transaction.

    The same reason and subject are one review however often they are told, also after it was closed.
    ``detail`` must name no secret.
    """
    review, is_new = Review.objects.get_or_create(
        reason=reason,
        subject=subject[:160],
        defaults={"order": order, "event": event, "detail": detail[:300]},
    )
    if is_new and order is not None:
        orders.note(order, OrderStep.Kind.TO_REVIEW, f"{reason.value} {detail}".strip())
    return review
