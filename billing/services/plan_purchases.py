"""Buying a plan: what somebody is shown before, and the order that they place."""

from dataclasses import dataclass

from accounts.models import User
from accounts.services import customers
from billing.errors import AlreadySubscribed, QuoteExpired
from billing.models import Order, Plan, Provider, Subscription
from billing.services import orders, plan_switch, plans, subscriptions, wiring
from billing.services.orders import Buyer
from billing.services.plan_switch import Quote


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pay a plan: through whom, and whether it renews by itself."""

    provider: Provider
    renews: bool

    @property
    def name(self) -> str:
        """Return the word for it in a form."""
        return f"{self.provider.value}-monthly" if self.renews else self.provider.value


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

    @property
    def renews_by_itself(self) -> bool:
        """Tell whether what the reader has of this plan goes on without them."""
        has = self.current
        return has is not None and (has.is_open or has.renewal == Subscription.Renewal.INVOICE)

    @property
    def ways(self) -> tuple[Way, ...]:
        """Return the ways in which the reader may pay; of the plan that they have, those that continue it."""
        every = [
            *(Way(provider, renews=True) for provider in plans.ways_to_renew(self.plan)),
            *(Way(provider, renews=False) for provider in plans.ways(self.plan)),
        ]
        return tuple(way for way in every if self._is_open(way))

    def _is_open(self, way: Way) -> bool:
        current = self.current if self.is_theirs else None
        by_card = way.renews and way.provider == Provider.CREEM
        return current is None or subscriptions.takes_more(current, by_card=by_card)


def current(user: User) -> Subscription | None:
    """Return the plan that ``user`` has now."""
    return subscriptions.live_of(customers.of_user(user))


def propose(slug: str, user: User) -> Proposal:
    """Return the plan ``slug`` as it is offered to ``user`` now; raises NotForSale if it is not."""
    plan, has = plans.find(slug), current(user)
    if has is None or has.plan_id == plan.pk:
        return Proposal(plan, has, None)
    return Proposal(plan, has, plan_switch.quote(subscriptions.current_period(has), plan))


def place(proposal: Proposal, buyer: Buyer, *, way: Way, quote: str, form: str) -> Order:
    """Place the order for 30 days or the first month, once for each ``form``; with ``quote``, as a switch.

    A pass of the plan that the buyer has goes on where it ends. Raises AlreadySubscribed where the plan goes
    on by itself, and QuoteExpired when a plan would be left on terms that were not confirmed, or not in time.
    """
    sale = plans.sale(proposal.plan, way.provider, renews=way.renews)
    if way not in proposal.ways:
        raise AlreadySubscribed
    assert buyer.user is not None  # noqa: S101 - guests are not let in
    mode = wiring.mode(way.provider)
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
