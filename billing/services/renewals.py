"""What pays the next period of a plan: a card that its provider charges, or an invoice that we send before.

Each renewal is an order of its own with its payment, so that it is delivered, refunded and looked up like any
other.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.errors import NotForSale
from billing.models import Mode, Order, OrderMail, Plan, Provider, Refund, Subscription
from billing.providers.facts import PaymentSucceeded
from billing.services import mails, orders, paid_orders, plans, refunds, subscriptions, wiring
from billing.services.orders import Buyer, Sale

AT_ONCE = 500


def record(fact: PaymentSucceeded, subscription: Subscription) -> Order:
    """Write down the order that ``fact`` has paid for the next period; the caller holds the customer's row.

    It is to be delivered now. One for a plan that was left is given back then.
    """
    first = subscription.order
    assert first is not None  # noqa: S101 - what renews by card was bought by one
    sale = _again(first, plan=subscription.plan)
    order = orders.write(sale, _buyer(subscription), mode=Mode(first.mode), reference=orders.new_reference())
    _name(order, subscription)
    paid_orders.record(fact, order)
    return order


def invoices_due() -> list[int]:
    """Return the subscriptions that are to be sent an invoice, those that end first first, not too many."""
    soon = timezone.now() + timedelta(days=settings.PLAN_INVOICE_DAYS)
    return list(Subscription.objects.to_invoice(soon).values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic(durable=True)
def send_invoice(subscription_pk: int) -> Order | None:
    """Write the order for the next period and promise its mail.

    None if that was done, nothing renews, or coins are not taken now. It costs what the plan costs now,
    and is paid in coins on its own page until the grace is over.
    """
    subscription = _locked(subscription_pk)
    soon = timezone.now() + timedelta(days=settings.PLAN_INVOICE_DAYS)
    if not Subscription.objects.to_invoice(soon).filter(pk=subscription_pk).exists():
        return None
    try:
        sale = plans.sale(subscription.plan, Provider.NOWPAYMENTS, renews=True)
    except NotForSale:  # coins are not taken at the moment
        return None
    mode = wiring.mode(Provider.NOWPAYMENTS)
    order = orders.write(sale, _buyer(subscription), mode=mode, reference=orders.new_reference())
    _name(order, subscription)
    subscription.invoiced_for = subscription.ends_at
    subscription.save(update_fields=["invoiced_for"])
    mails.owe(order, OrderMail.Kind.INVOICE)
    return order


def give_back(order: Order) -> None:
    """Give all back that a card was charged for a plan that was left; the caller holds the order's row.

    The plan is cancelled at its provider once more, should that not have been heard.
    """
    left = order.renewal_of
    assert left is not None  # noqa: S101 - the caller asked
    if left.ended_at is not None:
        subscriptions.wish_away(left)
        left.save()
    refunds.refund(
        order,
        order.payment.whole_cents,
        origin=Refund.Origin.RENEWAL,
        reason="the plan had been left",
    )


def _again(first: Order, *, plan: Plan) -> Sale:
    """Return the sale of another period at the price that was agreed when the plan was bought."""
    return Sale(
        kind=Order.Kind.PLAN,
        plan=plan,
        renews=True,
        delivery=Order.Delivery.PLAN,
        title=first.title,
        title_zh=first.title_zh,
        provider=first.provider,
        product_id=first.product_id,
        price_cents=first.price_cents,
        currency=first.currency,
        credit_nano_usd=0,
    )


def _buyer(subscription: Subscription) -> Buyer:
    first, user = subscription.order, subscription.customer.user
    assert first is not None and user is not None  # noqa: S101, PT018 - guests are sold no plan
    return Buyer(email=user.email, language=first.language, user=user)


def _name(order: Order, subscription: Subscription) -> None:
    order.renewal_of = subscription
    order.save(update_fields=["renewal_of"])


def _locked(subscription_pk: int) -> Subscription:
    customer_pk = Subscription.objects.values_list("customer_id", flat=True).get(pk=subscription_pk)
    subscriptions.lock(customer_pk)
    return Subscription.objects.select_related("plan", "order", "customer__user").get(pk=subscription_pk)
