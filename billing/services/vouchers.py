"""Vouchers: a code that somebody has becomes credit in the wallet, or days of a plan; each once."""

from dataclasses import dataclass

from django.db import transaction

from accounts.models import Customer
from billing.errors import PlanOfCodeGone
from billing.models import Plan, SubscriptionPeriod
from billing.services import subscriptions
from redemption.errors import CodeUnusable
from redemption.models import Code
from redemption.services import codes, wallets
from redemption.services.wallets import Redeemed


@dataclass(frozen=True, slots=True)
class RedeemedPlan:
    """What a code of a plan has brought."""

    plan: Plan
    period: SubscriptionPeriod


def redeem(*, typed_code: str, customer: Customer, address: str) -> Redeemed | RedeemedPlan:
    """Turn a code into what it is good for, exactly once, for ``customer``.

    Refuses as `wallets.redeem` does, with the same limits. A code of a plan raises PlanInTheWay for whoever
    has a plan that it cannot add to, and PlanOfCodeGone if the shop knows that plan no more: it stays good.
    After any refusal nothing has moved.
    """
    try:
        return wallets.redeem(typed_code=typed_code, customer=customer, address=address)
    except CodeUnusable:  # or of a plan, which the wallet knows nothing of
        return _redeem_plan(typed_code, customer)


@transaction.atomic(durable=True)
def _redeem_plan(typed_code: str, customer: Customer) -> RedeemedPlan:
    benefit = codes.claim(typed_code, customer=customer, of_plan=True)
    plan = Plan.objects.filter(slug=benefit.plan_slug).first()
    if plan is None or benefit.plan_days is None:
        raise PlanOfCodeGone
    code = Code.objects.get(pk=benefit.code_id)
    period = subscriptions.begin_by_code(customer, plan, days=benefit.plan_days, code=code)
    return RedeemedPlan(plan, period)
