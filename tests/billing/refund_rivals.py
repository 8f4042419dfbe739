"""Whatever may be done to an order while an operator refunds it."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

from accounts.models import User
from accounts.services import customers
from billing import tasks
from billing.errors import RefundTooLarge
from billing.models import InboxEvent, Order, Package, Refund
from billing.services import claims, delivery, refunds, taking_back
from ledger.errors import AccountFrozen
from ledger.models import Account, Entry, LanguageModel
from ledger.money import NanoUSD, UnitRates
from ledger.services import entries, holds
from ledger.services.entries import Movement
from ledger.services.holds import ReleaseRequest, Reserved
from redemption.errors import CodeUnusable
from redemption.services import wallets
from tests.billing import creem_said, paying
from tests.billing.shoppers import again, secret_of
from tests.factories import billing as make
from tests.factories import ledger as books
from tests.factories.accounts import UserFactory
from tests.meeting import Act

numbers = itertools.count(1)
# A call sets 2 USD aside and costs 1: three of them fit into what an order brings.
DEAR = UnitRates(input=10**13, cached_input=0, cache_write=10**13, output=2 * 10**13)
CALLS = 3


class Rivalry(NamedTuple):
    """An order, what somebody else does about it, and how that may be refused."""

    order: Order
    act: Act
    refusals: tuple[type[Exception], ...] = ()
    topped_up: int = 0
    spent: int = 0


def operators_refund(order: Order, cents: int) -> Callable[[], Refund]:
    operator = UserFactory.create(is_staff=True)
    return lambda: refunds.refund(order, cents, origin=Refund.Origin.OPERATOR, reason="", made_by=operator)


def spending() -> Rivalry:
    order = sold(user=UserFactory.create())
    account = account_of(order)
    return Rivalry(order, lambda: _call(account))


def delivering() -> Rivalry:
    order = paying.paid(package(), user=UserFactory.create())
    return Rivalry(order, lambda: delivery.deliver(order.pk))


def redeeming() -> Rivalry:
    order, redeemer = sold("code"), customers.of_user(UserFactory.create())
    text, address = secret_of(order), f"2001:db8::{next(numbers):x}"
    return Rivalry(
        order,
        lambda: wallets.redeem(typed_code=text, customer=redeemer, address=address),
        (CodeUnusable,),
    )


def claiming() -> Rivalry:
    """Claim the order of a guest who has spent a part."""
    order, person = sold(), UserFactory.create()
    spent = spend(order)
    return Rivalry(order, lambda: claims.claim(order, person), (AccountFrozen,), spent=spent)


def topping_up() -> Rivalry:
    """Bring credit to a wallet of which a part is spent: it pays what is owed."""
    user = UserFactory.create()
    order = sold(user=user)
    spent = spend(order)
    other = paying.paid(package(), user=user)
    return Rivalry(order, lambda: delivery.deliver(other.pk), topped_up=other.credit_nano_usd, spent=spent)


def refunding() -> Rivalry:
    order = sold(user=UserFactory.create())
    spent = spend(order)
    return Rivalry(order, operators_refund(order, 700), (RefundTooLarge,), spent=spent)


def refund_event() -> Rivalry:
    return _event(creem_said.REFUND)


def dispute_event() -> Rivalry:
    return _event(creem_said.DISPUTE)


RIVALS = [
    spending, delivering, redeeming, claiming, topping_up, refunding, refund_event, dispute_event
]  # fmt: skip


def package(kind: str = "auto") -> Package:
    return Package.objects.filter(slug=kind).first() or make.package(kind, delivery=kind)


def sold(kind: str = "auto", *, user: User | None = None) -> Order:
    """Return an order that Creem told was paid, and that is delivered."""
    order = make.order(package(kind), user=user)
    handle(creem_said.completed(order.reference, tag=order.reference))()
    return again(order)


def handle(body: bytes) -> Act:
    """Have Creem tell something, and return the work that is to be done about it."""
    assert creem_said.tell(body) == 200
    event = InboxEvent.objects.latest("pk")
    return lambda: tasks.handle_event(event.pk)


def account_of(order: Order) -> Account:
    account = taking_back.account_of(order)
    assert account is not None
    return account


def spend(order: Order) -> int:
    """Spend a third of what the order brought."""
    amount = order.credit_nano_usd // 3
    movement = Movement(entries.wallet(account_of(order)), entries.REVENUE, NanoUSD(amount))
    entries.post(reference=f"spent:{order.pk}", kind=Entry.Kind.CORRECTION, movements=[movement])
    return amount


def _event(template: dict[str, Any]) -> Rivalry:
    order = sold(user=UserFactory.create())
    spent = spend(order)
    said = creem_said.taken_back(template, order.reference, tag=order.reference)
    return Rivalry(order, handle(said), spent=spent)


def _call(account: Account) -> None:
    """Make calls, as many as may: one of them is released, and the others are settled."""
    key, model = books.spender(account), LanguageModel.objects.get()
    wanted = [books.call(key, model) for _ in range(CALLS)]
    begun = [call for call in wanted if isinstance(holds.reserve([call])[0], Reserved)]
    if begun:
        holds.release([ReleaseRequest(begun.pop().request_id)])
    for call in begun:
        holds.settle([books.report(call)])
