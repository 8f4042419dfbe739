"""Reviews: what credited nothing and waits for a person."""

from django.utils import timezone

from accounts.models import User
from billing.errors import ReviewClosed
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


def close(review: Review, *, by: User, note: str) -> None:
    """Say that a person has looked and what was done.

    Raises ReviewClosed when somebody did so before: their note stays.
    """
    closed = Review.objects.open().filter(pk=review.pk)
    if not closed.update(closed_at=timezone.now(), closed_by=by, note=note):
        raise ReviewClosed
