"""The whole story of an order in one list: what we did, what was told, paid, mailed and looked at."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from billing.admin.pages import moment
from billing.admin.prices import Price, shown
from billing.models import Deposit, KeyIntent, Order, OrderMail, Payment, Review, TransferDecision


class Line(NamedTuple):
    """Something that happened: when, what, more about it, and the page that has all of it."""

    at: datetime
    what: "str | Promise"
    detail: str
    page: str = ""


def of(order: Order) -> list[Line]:
    """Return everything that happened to ``order``, in the order in which it happened. Names no secret."""
    lines = chain(
        _steps(order), _events(order), _payments(order), _key_intents(order), _mails(order), _reviews(order),
        _decisions(order), _refunds(order), _deposits(order),
    )  # fmt: skip
    return sorted(lines, key=attrgetter("at"))


def _steps(order: Order) -> Iterator[Line]:
    for step in order.steps.all():
        yield Line(step.at, step.get_kind_display(), step.detail)


def _events(order: Order) -> Iterator[Line]:
    for event in order.events.defer("body").order_by("pk"):
        told = _("told %d times") % event.deliveries if event.deliveries > 1 else ""
        became = event.get_outcome_display() or _("waits")
        yield Line(
            event.received_at,
            _("webhook received"),
            _joined(event.kind, became, told),
            reverse("admin:billing_inboxevent_change", args=[event.pk]),
        )


def _payments(order: Order) -> Iterator[Line]:
    for payment in Payment.objects.filter(order=order):
        amount = shown(Price(payment.amount_cents, payment.currency))
        page = reverse("admin:billing_payment_change", args=[payment.pk])
        yield Line(payment.recorded_at, _("payment recorded"), amount, page)


def _deposits(order: Order) -> Iterator[Line]:
    for deposit in Deposit.objects.filter(order=order):
        coins = f"{deposit.arrived.normalize():f} {deposit.coin}"
        page = reverse("admin:billing_deposit_change", args=[deposit.pk])
        what = _("address for coins") if deposit.address else _("coins told of")
        yield Line(deposit.created_at, what, _joined(coins, deposit.get_use_display()), page)


def _key_intents(order: Order) -> Iterator[Line]:
    for intent in KeyIntent.objects.filter(order=order):
        if intent.ended_at is None:
            ended = _("waits")
        else:
            ended = _("given up") if intent.is_given_up else _("answered")
        yield Line(intent.asked_at, _("key console asked"), _joined(ended, intent.last_error))


def _mails(order: Order) -> Iterator[Line]:
    for mail in order.mails.order_by("pk"):
        page = reverse("admin:billing_ordermail_change", args=[mail.pk])
        yield Line(
            mail.created_at,
            _("mail promised"),
            _joined(mail.get_kind_display(), _became(mail), mail.last_error),
            page,
        )


def _became(mail: OrderMail) -> str:
    if mail.sent_at is not None:
        return _("sent %s") % moment(mail.sent_at)
    # Given up, when it is not to be tried again.
    return _("given up") if mail.send_at is None else _("waits")


def _reviews(order: Order) -> Iterator[Line]:
    for review in order.reviews.select_related("closed_by").order_by("pk"):
        yield Line(
            review.opened_at,
            _("review opened"),
            _joined(review.get_reason_display(), _closing(review)),
            reverse("admin:billing_review_change", args=[review.pk]),
        )


def _decisions(order: Order) -> Iterator[Line]:
    made = TransferDecision.objects.filter(transfer__order=order).select_related("by")
    for decision in made:
        yield Line(
            decision.at,
            _("transfer decided"),
            _joined(
                decision.get_kind_display(),
                str(decision.by),
                decision.get_reason_display(),
                decision.message,
            ),
            reverse("admin:billing_transfer_change", args=[decision.transfer_id]),
        )


def _refunds(order: Order) -> Iterator[Line]:
    for refund in order.refunds.order_by("pk"):
        amount = shown(Price(refund.amount_cents, refund.currency))
        yield Line(
            refund.made_at,
            refund.get_kind_display(),
            _joined(amount, refund.get_state_display(), refund.reason),
            reverse("admin:billing_refund_change", args=[refund.pk]),
        )


def _closing(review: Review) -> str:
    if review.closed_at is None:
        return _("open")
    closed = {"when": moment(review.closed_at), "who": review.closed_by, "note": review.note}
    return _("closed %(when)s by %(who)s: %(note)s") % closed


def _joined(*parts: "str | Promise") -> str:
    return " · ".join(str(part) for part in parts if part)
