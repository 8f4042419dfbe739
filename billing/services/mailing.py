"""Mails that orders owe, as their readers see them; `accounts.services.outbox` takes them on their way."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation

from accounts.services import outbox
from accounts.services.outbox import Outbox
from billing.models import OrderMail, OrderStep, Payment, Refund, Subscription
from billing.services import openings, orders, packages


def send_due() -> None:
    """Send the mails of orders that are due, as far as time and the mail server allow."""
    outbox.send_due(OF_ORDERS)


def send(mail_pk: int) -> None:
    """Send this mail, unless it was sent, is not due, or is being sent by somebody else."""
    outbox.send(OF_ORDERS, mail_pk)


def send_again(mail: OrderMail) -> None:
    """Let a mail be sent once more, now, whatever became of it, with the tries of a new one."""
    outbox.send_again(mail)


def written(mail: OrderMail) -> EmailMultiAlternatives:
    """Return the mail in its reader's language.

    It leads to the order and holds no secret: neither the order's number nor what was delivered.
    """
    order = mail.order
    with translation.override(order.language):
        title = packages.in_language(order.title, order.title_zh)
    links = [openings.link(order), settings.PUBLIC_URL + reverse("order_lookup")]
    plans_url = settings.PUBLIC_URL + reverse("my_plans")
    context = {
        "order": order,
        "title": title,
        "when": mail.created_at,
        "link": links[0],
        "lookup_url": links[1],
        "links": [*links, plans_url],
        "plans_url": plans_url,
        "support_email": settings.SUPPORT_EMAIL,
        "refund": _refund_of(mail),
        "taxed": _taxed(mail),
        "subscription": _subscription_of(mail),
    }
    return outbox.message(
        f"billing/email/{mail.kind}",
        context,
        language=order.language,
        recipient=mail.recipient,
        name=f"{order.reference}.{mail.kind}.{mail.pk}",
    )


def _due() -> "QuerySet[OrderMail]":
    return OrderMail.objects.to_send().select_related("order")


def _refund_of(mail: OrderMail) -> Refund | None:
    """Return the refund that a mail tells of; its occasion is the refund's key."""
    if mail.kind not in {OrderMail.Kind.REFUND, OrderMail.Kind.DISPUTE}:
        return None
    return Refund.objects.get(pk=int(mail.occasion), order=mail.order)


def _subscription_of(mail: OrderMail) -> Subscription | None:
    """Return the plan that a mail tells of; its occasion is the key of the plan's period."""
    if mail.kind not in {OrderMail.Kind.RENEWAL_FAILED, OrderMail.Kind.PLAN_CANCELLED}:
        return None
    return Subscription.objects.get(periods=int(mail.occasion))


def _taxed(mail: OrderMail) -> Payment | None:
    """Return the payment to which tax was added, for a mail that tells of one."""
    paid = {OrderMail.Kind.RECEIVED, OrderMail.Kind.DELIVERED, OrderMail.Kind.PLAN_RENEWED}
    if mail.kind not in paid:
        return None
    return Payment.objects.filter(order=mail.order, tax_cents__gt=0).first()


def _note_sent(mail: OrderMail) -> None:
    orders.note(mail.order, OrderStep.Kind.MAILED, mail.kind)


OF_ORDERS = Outbox(_due, written, _note_sent)
