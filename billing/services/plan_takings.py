"""What goes back of a plan when its money does: what it brought to the wallet, and what was used of it.

The price of a period has three parts. What is unused expires with the plan. What was credited, because the
plan was left for another, is taken back from the wallets. What was used is owed, unless the shop gave the
money back by itself. Each refund of an order has its share of each, so that any of them may fail. The caller
holds the order's row.
"""

from django.db.models import Sum

from billing.models import Order, PlanSwitch, Refund, SubscriptionPeriod
from billing.services import paid_orders, plan_switch, sale_prices
from ledger.models import Entry, Lot
from ledger.money import NANO_USD_PER_CREDIT, NanoUSD
from ledger.services import accounts, credits, entries, takings  # noqa: A004 - the word of the house


def take(order: Order, refund: Refund, *, is_whole: bool) -> None:
    """Take back what the money that ``refund`` gives back has brought; nothing for an order without a period.

    When nothing is left of the payment, the plan is about to end, and its other parts are settled, too: for
    every refund of the order. The refund is not saved, the others are.
    """
    period = SubscriptionPeriod.objects.select_related("subscription").filter(order=order).first()
    if period is None:
        return
    _take_credit(order, refund, period)
    refund.credit_nano_usd = refund.taken_nano_usd + refund.debt_nano_usd
    if is_whole:
        _settle_rest(order, refund, period)


def give_back(order: Order, refund: Refund) -> None:
    """Undo what `take` did, as the money did not go. What has expired with the plan meanwhile is credited."""
    taken = Entry.objects.filter(reference=refund.entry_name("taken")).first()
    owed = Entry.objects.filter(reference=refund.entry_name("owed")).first()
    if taken is not None:
        known = [*_names_of_credit(order.period), *_names_of_failed(order, "given_back")]
        takings.give_back(taken, known, reference=refund.entry_name("given_back"), note=order.reference)
    if owed is not None:
        takings.owe_no_more(owed, reference=refund.entry_name("not_owed"), note=order.reference)
    if refund.withheld_nano_usd:
        credits.grant(
            accounts.open_for(order.customer),
            NanoUSD(refund.withheld_nano_usd),
            source=entries.PLANS,
            reference=refund.entry_name("unused"),
            kind=Entry.Kind.CREDIT_GIVEN_BACK,
            price=sale_prices.dollar_for_dollar(NanoUSD(refund.withheld_nano_usd)),
            note=order.reference,
        )


def _take_credit(order: Order, refund: Refund, period: SubscriptionPeriod) -> None:
    """Take the share of ``refund`` in what of the price has become credit, and has not gone back before."""
    names, others = _names_of_credit(period), _others(order, refund)
    before = sum(other.amount_cents for other in others)
    taken = takings.taken([other.entry_name("taken") for other in others])
    credited = _granted(names) - taken
    share = -(-credited * refund.amount_cents // (order.payment.whole_cents - before))
    if share > 0:
        back = takings.take(
            [*names, *_names_of_failed(order, "given_back")],
            NanoUSD(share),
            reference=refund.entry_name("taken"),
            note=order.reference,
            made_by=refund.made_by,
        )
        refund.taken_nano_usd, refund.debt_nano_usd = back.unspent, back.spent


def _settle_rest(order: Order, refund: Refund, period: SubscriptionPeriod) -> None:
    """Share what is unused and what was used of ``period`` among all refunds of its order."""
    price = period.price_cents * NANO_USD_PER_CREDIT
    unused = int(price * plan_switch.unused_share(period))
    left, cents = unused, order.payment.whole_cents
    for each in [*_others(order, refund), refund]:
        share, cents = left * each.amount_cents // cents, cents - each.amount_cents
        left -= share
        each.withheld_nano_usd += share
        _let_owe(order, each)
        each.credit_nano_usd = each.withheld_nano_usd + each.taken_nano_usd + each.debt_nano_usd
        if each != refund:
            each.save()


def _let_owe(order: Order, refund: Refund) -> None:
    """Let the customer owe what is neither unused nor credited, if the bank or the provider took it back."""
    if refund.origin != Refund.Origin.PROVIDER:
        return
    gone = order.payment.amount_cents * NANO_USD_PER_CREDIT * refund.amount_cents // order.payment.whole_cents
    used = gone - refund.withheld_nano_usd - refund.taken_nano_usd - refund.debt_nano_usd
    if used > 0:
        account = accounts.open_for(order.customer)
        takings.owe(account, NanoUSD(used), reference=refund.entry_name("owed"), note=order.reference)
        refund.debt_nano_usd += used


def _others(order: Order, refund: Refund) -> list[Refund]:
    """Return the other refunds of ``order`` that stand and have taken their credit, the first first."""
    standing = Refund.objects.standing().filter(order=order).exclude(pk=refund.pk)
    return list(standing.exclude(taken_at=None).order_by("pk"))


def _names_of_credit(period: SubscriptionPeriod) -> list[str]:
    """Return the names of the entries that may have made credit of the price of ``period``.

    A switch, or an end, before it began; what was paid beyond it; and what was unused, when its money had
    not gone back after all.
    """
    assert period.order is not None  # noqa: S101 - the caller found it by its order
    switches = PlanSwitch.objects.filter(period=period, credited_nano_usd__gt=0).select_related("order")
    return [
        *(plan_switch.reference_of(switch.order) for switch in switches),
        plan_switch.reference_of_waiting(period),
        paid_orders.reference_of_surplus(period.order),
        *_names_of_failed(period.order, "unused"),
    ]


def _names_of_failed(order: Order, what: str) -> list[str]:
    failed = Refund.objects.filter(order=order, state=Refund.State.FAILED).order_by("pk")
    return [refund.entry_name(what) for refund in failed]


def _granted(references: list[str]) -> int:
    lots = Lot.objects.filter(entry__reference__in=references, moved_from=None)
    return int(lots.aggregate(sum=Sum("amount_nano_usd", default=0))["sum"])
