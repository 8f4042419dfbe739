"""What a paid order turns into. Each is done in the caller's transaction, which holds the order's row.

Credit and result are committed together: an order that is delivered has its credit in the books, and one
that is not has moved nothing.
"""

from fractions import Fraction

from django.conf import settings
from django.utils import timezone

from billing.models import KeyIntent, Order, OrderMail, OrderStep, Provider
from billing.providers.key_issuer import ForeignKey
from billing.services import (
    mails,
    order_secrets,
    orders,
    paid_orders,
    renewals,
    sale_prices,
    subscriptions,
    taking_back,
)
from ledger.models import Account, Entry
from ledger.money import NANO_USD_PER_CREDIT, NanoUSD
from ledger.services import accounts, credits, entries, spending_keys  # noqa: A004 - the word of the house
from redemption.services import sold_codes


def to_wallet(order: Order) -> None:
    """Grant the credit to the buyer's own account."""
    _grant(order)
    _close(order, Order.Result.WALLET)


def as_own_key(order: Order) -> None:
    """Grant the credit to the guest's account, and make the key that spends it."""
    _grant(order)
    issued = spending_keys.create(order.customer, name=order.title)
    order.api_key = issued.api_key
    order.sealed_secret = order_secrets.seal(order, issued.secret_text)
    _close(order, Order.Result.KEY)


def as_foreign_key(order: Order, key: ForeignKey) -> None:
    """Hand over a key that the console made.

    The books get no entry: its credit lives at the console, as the quota of the key, and none of ours can
    spend it. What came in for it stands on the payment.
    """
    order.foreign_key_id = key.id
    order.foreign_base_url = settings.KEY_CONSOLE_BASE_URL
    order.sealed_secret = order_secrets.seal(order, key.text)
    KeyIntent.objects.filter(order=order).update(ended_at=timezone.now())
    _close(order, Order.Result.KEY)


def as_code(order: Order) -> None:
    """Sell a code for the credit; whoever redeems it gets the credit with its price facts."""
    order.code, text = sold_codes.issue(
        NanoUSD(order.credit_nano_usd),
        sale_prices.price_facts(order),
        provider=order.provider,
        name=order.reference,
    )
    order.sealed_secret = order_secrets.seal(order, text)
    _close(order, Order.Result.CODE)


def as_plan(order: Order) -> None:
    """Begin the plan in the books, or go on with it.

    Whoever has that plan already gets what was paid as credit in the wallet, and so does everybody with what
    was paid beyond the price. A card that was charged for a plan that was left gets its money back.
    """
    if subscriptions.begin(order) is not None:
        _grant_surplus(order)
        _close(order, Order.Result.PLAN)
    elif order.renewal_of is not None and order.provider == Provider.CREEM:
        renewals.give_back(order)
    else:
        subscriptions.cancel_needless(order)
        paid_orders.sell_as_credit(order, Fraction(order.payment.amount_cents, order.price_cents))
        to_wallet(order)


def by_hand(order: Order) -> None:
    """Close an order whose job staff have done; the books get no entry, as no credit of ours was sold."""
    _close(order, Order.Result.MANUAL)


def _grant(order: Order) -> Account:
    account = accounts.open_for(order.customer)
    credits.grant(
        account,
        NanoUSD(order.credit_nano_usd),
        source=entries.cash(order.provider),
        reference=f"order:{order.pk}:credit",
        kind=Entry.Kind.ORDER_DELIVERED,
        price=sale_prices.price_facts(order),
        note=order.reference,
    )
    return account


def _grant_surplus(order: Order) -> None:
    surplus = NanoUSD((order.payment.amount_cents - order.price_cents) * NANO_USD_PER_CREDIT)
    if surplus > 0:
        credits.grant(
            accounts.open_for(order.customer),
            surplus,
            source=entries.cash(order.provider),
            reference=paid_orders.reference_of_surplus(order),
            kind=Entry.Kind.ORDER_DELIVERED,
            price=sale_prices.dollar_for_dollar(surplus),
            note=order.reference,
        )


def _close(order: Order, result: Order.Result) -> None:
    now = timezone.now()
    order.state, order.result, order.delivered_at, order.deliver_at = Order.State.DELIVERED, result, now, None
    order.save(
        update_fields=[
            "state", "result", "delivered_at", "deliver_at", "sealed_secret", "api_key", "code",
            "foreign_key_id", "foreign_base_url",
        ]
    )  # fmt: skip
    # Whatever else was delivered in place of a key that a console may have made: that key is to be deleted.
    KeyIntent.objects.filter(order=order, ended_at=None).update(ended_at=now, is_given_up=True, go_on_at=now)
    is_renewal = order.renewal_of_id is not None and result == Order.Result.PLAN
    mails.owe(order, OrderMail.Kind.PLAN_RENEWED if is_renewal else OrderMail.Kind.DELIVERED)
    orders.note(order, OrderStep.Kind.DELIVERED, detail=result.value)
    taking_back.take_waiting(order)
