"""What goes back of a plan when its money does: what it brought to the wallet, and what was used of it.

The price of a period has three parts. What is unused expires with the plan. What was credited, because the
plan was left for another, is taken back from the wallets. What was used is owed, unless the shop gave the
money back by itself. The caller holds the order's row.
"""

from typing import NamedTuple

from billing.models import Order, PlanSwitch, Refund, SubscriptionPeriod
from billing.services import plan_switch, sale_prices
from ledger.models import Entry, Lot
from ledger.money import NANO_USD_PER_CREDIT, NanoUSD
from ledger.services import accounts, credits, entries, takings  # noqa: A004 - the word of the house


class Parts(NamedTuple):
    """What the price of a period is made of; `credited_by` names the entries of the credit.

    What was paid beyond the price was credited, too.
    """

    unused: NanoUSD
    credited: NanoUSD
    used: NanoUSD
    credited_by: tuple[str, ...] = ()


def parts(period: SubscriptionPeriod) -> Parts:
    """Return what the price of ``period`` is made of now."""
    price = period.price_cents * NANO_USD_PER_CREDIT
    left, surplus = _granted(*_names_of_left(period)), _granted(f"order:{period.order_id}:surplus")
    credited = sum(left.values())
    unused = 0 if credited else int(price * plan_switch.unused_share(period))
    return Parts(
        unused=NanoUSD(unused),
        credited=NanoUSD(credited + sum(surplus.values())),
        used=NanoUSD(price - credited - unused),
        credited_by=(*left, *surplus),
    )


def take(order: Order, refund: Refund) -> None:
    """Take back what all of the money of ``order`` has brought; nothing for an order that began no period.

    To be called before its plan ends. The refund is not saved.
    """
    period = SubscriptionPeriod.objects.select_related("subscription").filter(order=order).first()
    if period is None:
        return
    made_of = parts(period)
    refund.withheld_nano_usd = made_of.unused
    if made_of.credited:
        _take_credit(order, refund, made_of)
    if made_of.used and refund.origin == Refund.Origin.PROVIDER:
        gone = NanoUSD(refund.amount_cents * NANO_USD_PER_CREDIT)
        _let_owe(order, refund, min(made_of.used, gone))
    refund.credit_nano_usd = refund.withheld_nano_usd + refund.taken_nano_usd + refund.debt_nano_usd


def give_back(order: Order, refund: Refund) -> None:
    """Undo what `take` did, as the money did not go; the plan has ended, and its unused part is credited."""
    taken = Entry.objects.filter(reference=_name(refund, "taken")).first()
    owed = Entry.objects.filter(reference=_name(refund, "owed")).first()
    if taken is not None:
        credited_by = parts(order.period).credited_by
        takings.give_back(taken, credited_by, reference=_name(refund, "given_back"), note=order.reference)
    if owed is not None:
        takings.owe_no_more(owed, reference=_name(refund, "not_owed"), note=order.reference)
    if refund.withheld_nano_usd:
        credits.grant(
            accounts.open_for(order.customer),
            NanoUSD(refund.withheld_nano_usd),
            source=entries.PLANS,
            reference=_name(refund, "unused"),
            kind=Entry.Kind.CREDIT_GIVEN_BACK,
            price=sale_prices.dollar_for_dollar(NanoUSD(refund.withheld_nano_usd)),
            note=order.reference,
        )


def _names_of_left(period: SubscriptionPeriod) -> list[str]:
    """Return the names of the entries that may have credited ``period`` when its plan was left."""
    switches = PlanSwitch.objects.filter(period=period, credited_nano_usd__gt=0).select_related("order")
    by_switch = [plan_switch.reference_of(switch.order) for switch in switches]
    return [*by_switch, plan_switch.reference_of_waiting(period)]


def _granted(*references: str) -> dict[str, int]:
    """Return what each of these entries has granted, without those that are none."""
    lots = Lot.objects.filter(entry__reference__in=references, moved_from=None)
    return dict(lots.values_list("entry__reference", "amount_nano_usd"))


def _take_credit(order: Order, refund: Refund, made_of: Parts) -> None:
    taken = takings.take(
        made_of.credited_by,
        made_of.credited,
        reference=_name(refund, "taken"),
        note=order.reference,
        made_by=refund.made_by,
    )
    refund.taken_nano_usd, refund.debt_nano_usd = taken.unspent, taken.spent


def _let_owe(order: Order, refund: Refund, used: NanoUSD) -> None:
    account = accounts.open_for(order.customer)
    takings.owe(account, used, reference=_name(refund, "owed"), note=order.reference)
    refund.debt_nano_usd += used


def _name(refund: Refund, what: str) -> str:
    return f"refund:{refund.pk}:{what}"
