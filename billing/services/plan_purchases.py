"""Buying a plan: what somebody is shown before, and the order that they place."""

from dataclasses import dataclass

from accounts.models import User
from accounts.services import customers
from billing.errors import AlreadySubscribed, QuoteExpired
from billing.models import Order, Plan, Subscription
from billing.services import orders, plan_switch, plans, subscriptions, wiring
from billing.services.orders import Buyer
from billing.services.plan_switch import Quote


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan for one reader: what it gives, what they have now, and what leaving that comes to."""

    plan: Plan
    current: Subscription | None
    quote: Quote | None

    @property
    def is_theirs(self) -> bool:
        """Tell whether the reader has just this plan."""
        return self.current is not None and self.current.plan_id == self.plan.pk


def current(user: User) -> Subscription | None:
    """Return the plan that ``user`` has now."""
    return subscriptions.live_of(customers.of_user(user))


def propose(slug: str, user: User) -> Proposal:
    """Return the plan ``slug`` as it is offered to ``user`` now; raises NotForSale if it is not."""
    plan, has = plans.find(slug), current(user)
    if has is None or has.plan_id == plan.pk:
        return Proposal(plan, has, None)
    return Proposal(plan, has, plan_switch.quote(subscriptions.current_period(has), plan))


def place(proposal: Proposal, buyer: Buyer, *, provider: str, quote: str, form: str) -> Order:
    """Place the order for 30 days, once for each ``form``; with ``quote``, as a switch on those terms.

    Raises AlreadySubscribed for the plan that the buyer has, and QuoteExpired when a plan would be left on
    terms that were not confirmed, or not in time.
    """
    if proposal.is_theirs:
        raise AlreadySubscribed
    assert buyer.user is not None  # noqa: S101 - guests are not let in
    sale, mode = plans.sale(proposal.plan, provider, renews=False), wiring.mode(provider)
    if proposal.quote is None:
        if quote:
            raise QuoteExpired
        return orders.place_once(sale, buyer, mode=mode, form=form)
    customer = customers.of_user(buyer.user)
    confirmed = plan_switch.confirmed(quote, plan=proposal.plan, customer=customer)
    reference = orders.reference_of(form, sale, buyer)
    return orders.once(
        reference, lambda: plan_switch.place(sale, buyer, confirmed, mode=mode, reference=reference)
    )
