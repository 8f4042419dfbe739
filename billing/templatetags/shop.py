"""What was sold, in the reader's words."""

from decimal import Decimal
from fractions import Fraction

from django import template

from billing.models import AgentVendor, Order, Plan, Provider, Refund, Transfer, TransferChannel
from billing.services import packages, plans, transfers
from ledger.money import NANO_USD_PER_CREDIT, NanoUSD, as_usd

register = template.Library()


@register.filter
def coins(amount: Decimal | None) -> str:
    """Write an amount of coins in full, as a wallet takes it."""
    return f"{amount.normalize():f}" if amount is not None else ""


@register.filter
def sold_as(order: Order) -> str:
    """Write what ``order`` sold."""
    return packages.in_language(order.title, order.title_zh)


@register.filter
def named(channel: TransferChannel | AgentVendor) -> str:
    """Write the name of a channel or a vendor."""
    return packages.in_language(channel.name, channel.name_zh)


@register.filter
def units_per_usd(channel: TransferChannel) -> str:
    """Write how many units of a channel's currency count as one USD."""
    return transfers.shown_rate(channel)


@register.filter
def price_in_words(order: Order) -> str:
    """Write what ``order`` costs as plain text, for mails."""
    whole, cents = divmod(order.price_cents, 100)
    return f"{whole:,}.{cents:02} {order.currency}"


@register.filter
def instructions(channel: TransferChannel) -> str:
    """Write how a channel is used."""
    return packages.in_language(channel.instructions, channel.instructions_zh)


@register.filter
def state_told(order: Order) -> str:
    """Write how far ``order`` is, in a word or two; of money that is sent by hand, how far that is."""
    if order.provider == Provider.TRANSFER and not order.is_paid:
        return Transfer.objects.get(order=order).get_state_display()
    return order.get_state_display()


@register.filter
def amount_in_words(refund: Refund) -> str:
    """Write what goes back as a mail writes it, without marks."""
    return in_words(refund.amount_cents, refund.currency)


@register.filter
def in_words(cents: int, currency: str) -> str:
    """Write a sum, given in hundredths of ``currency``, as a mail writes it, without marks."""
    return f"{Decimal(cents).scaleb(-2):,.2f} {currency}"


@register.filter
def owed_in_words(refund: Refund) -> str:
    """Write what a refund left to be owed, in USD and to a hundredth of a cent."""
    return f"{as_usd(NanoUSD(refund.debt_nano_usd)):,.4f} USD"


@register.filter
def plan_name(plan: Plan) -> str:
    """Write what ``plan`` is called."""
    return plans.in_words(plan)


@register.filter
def in_credits(amount: NanoUSD) -> str:
    """Write an amount in credits, of which 100 are 1 USD; with decimals only if it is no whole number."""
    return f"{(Decimal(amount) / NANO_USD_PER_CREDIT).normalize():,f}"


@register.filter
def percent(share: Fraction) -> str:
    """Write a share in percent, exact to a hundredth, rounded to the nearest."""
    return f"{Decimal(round(share * 10_000)).scaleb(-2).normalize():f}%"
