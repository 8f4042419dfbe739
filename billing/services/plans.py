"""Plans: what is offered by the month, in the reader's words, and how a pass of 30 days is paid."""

from dataclasses import dataclass

from billing.errors import NotForSale
from billing.models import Order, Plan, Provider
from billing.services import packages, wiring
from billing.services.orders import Sale
from ledger.money import NANO_USD_PER_CREDIT, NanoUSD
from ledger.services import periods
from ledger.services.periods import PlanAllowance

CURRENCY = "USD"
_PROVIDERS = (Provider.CREEM, Provider.NOWPAYMENTS)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the comparison: a plan, or what everybody may do without one."""

    plan: Plan | None
    allowance: PlanAllowance
    ways: tuple[Provider, ...] = ()
    ways_to_renew: tuple[Provider, ...] = ()


def comparison() -> list[Column]:
    """Return the columns of the comparison: what is free first, then the plans in the shop's order."""
    return [Column(None, periods.free_allowance()), *map(_column, Plan.objects.offered())]


def find(slug: str) -> Plan:
    """Return one of the plans that can be bought now; raises NotForSale for any other."""
    plan = Plan.objects.offered().filter(slug=slug).first()
    if plan is None or not (ways(plan) or ways_to_renew(plan)):
        raise NotForSale
    return plan


def ways(plan: Plan) -> tuple[Provider, ...]:
    """Return the ways in which a pass of ``plan`` is paid, in the order of the page."""
    return tuple(provider for provider in _PROVIDERS if _is_sold(plan, provider, renews=False))


def ways_to_renew(plan: Plan) -> tuple[Provider, ...]:
    """Return the ways in which ``plan`` renews by itself: by card, or by an invoice in coins before."""
    return tuple(provider for provider in _PROVIDERS if _is_sold(plan, provider, renews=True))


def allowance(plan: Plan) -> PlanAllowance:
    """Return what ``plan`` lets an account do while its period runs."""
    return PlanAllowance(
        all_models=plan.all_models,
        requests_per_minute=plan.requests_per_minute,
        requests_per_day=plan.requests_per_day,
        daily_cap_nano_usd=_amount(plan.daily_cap_nano_usd),
        weekly_cap_nano_usd=_amount(plan.weekly_cap_nano_usd),
        budget_nano_usd=NanoUSD(plan.budget_multiple * plan.price_cents * NANO_USD_PER_CREDIT),
    )


def sale(plan: Plan, provider: str, *, renews: bool) -> Sale:
    """Return the sale of 30 days of ``plan``, or of the first month of one that renews.

    Raises NotForSale where it is not sold like that.
    """
    if not _is_sold(plan, provider, renews=renews):
        raise NotForSale
    return Sale(
        kind=Order.Kind.PLAN,
        plan=plan,
        delivery=Order.Delivery.PLAN,
        title=plan.name,
        title_zh=plan.name_zh,
        provider=provider,
        product_id=_product(plan, renews=renews) if provider == Provider.CREEM else "",
        renews=renews,
        price_cents=plan.price_cents,
        currency=CURRENCY,
        credit_nano_usd=0,
    )


def _is_sold(plan: Plan, provider: str, *, renews: bool) -> bool:
    if provider == Provider.CREEM:
        return bool(_product(plan, renews=renews))
    return provider in _PROVIDERS and wiring.is_wired(provider)


def _product(plan: Plan, *, renews: bool) -> str:
    return plan.recurring_product_id if renews else plan.pass_product_id


def in_words(plan: Plan) -> str:
    """Return what ``plan`` is called in the reader's language."""
    return packages.in_language(plan.name, plan.name_zh)


def _column(plan: Plan) -> Column:
    return Column(plan, allowance(plan), ways(plan), ways_to_renew(plan))


def _amount(nano_usd: int | None) -> NanoUSD | None:
    return None if nano_usd is None else NanoUSD(nano_usd)
