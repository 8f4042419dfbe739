"""A machine that sells, delivers and takes back in any order, and counts what should be left."""

import itertools
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts.services import customers
from billing.errors import NothingToRefund, RefundEnded, RefundTooLarge
from billing.models import Order, Payment, Refund
from billing.providers.facts import Disputed, Mode, Refunded, RefundState
from billing.services import claims, delivery, payments, proof, refunds, taking_back
from ledger.errors import AccountFrozen
from ledger.models import Account, Entry, Posting
from ledger.money import NanoUSD
from ledger.services import debts, entries
from ledger.services import proof as ledger_proof
from ledger.services.entries import Movement
from redemption.models import Code
from redemption.services import proof as redemption_proof
from redemption.services import wallets
from tests.billing import paying
from tests.billing.shoppers import again, secret_of
from tests.factories import billing as make
from tests.factories import ledger as books
from tests.factories.accounts import UserFactory

PRICE = 1000
cents = st.one_of(st.integers(1, 1_200), st.sampled_from([PRICE, 400, 600]))
shares = st.integers(1, 100)
names = st.sampled_from(["ref_1", "ref_2", "ref_3"])
states = st.sampled_from(list(RefundState))


class RefundingMachine(RuleBasedStateMachine):
    """One order, sold as credit, as a key or as a code, and everything that happens to it."""

    orders = itertools.count(1)

    @initialize(sale=st.sampled_from(["wallet", "key", "code"]), begun=st.sampled_from([0, 1, 2, 2, 2]))
    def place(self, sale: str, begun: int) -> None:
        """Place the order; most often it is paid and delivered at once, as what is of interest follows."""
        self.number = next(self.orders)
        package = make.package(f"package-{self.number}", delivery="code" if sale == "code" else "auto")
        self.person, self.staff = UserFactory.create(), UserFactory.create(is_staff=True)
        self.order = make.order(package, user=self.person if sale == "wallet" else None)
        self.spent = self.topped_up = 0
        if begun:
            self.pay()
        if begun > 1:
            self.deliver()

    @rule()
    def pay(self) -> None:
        """Pay, also once more and late: it counts once."""
        self.order = paying.pay(self.order)

    @rule()
    def deliver(self) -> None:
        delivery.deliver(self.order.pk)

    @rule(amount=cents)
    def refund(self, amount: int) -> None:
        left = self._left()
        try:
            refunds.refund(self.order, amount, origin=Refund.Origin.OPERATOR, reason="", made_by=self.staff)
            assert amount <= left
        except (RefundTooLarge, NothingToRefund):
            assert amount > left

    @rule(name=names, amount=cents, state=states)
    def hear_of_a_refund(self, name: str, amount: int, state: RefundState) -> None:
        payments.apply(Refunded(**self._told(amount), refund_id=f"{name}_{self.number}", state=state))

    @rule(amount=cents)
    def hear_of_a_dispute(self, amount: int) -> None:
        payments.apply(Disputed(**self._told(amount), dispute_id=f"disp_{self.number}"))

    @rule(pick=shares, is_failure=st.booleans())
    def end_a_refund(self, pick: int, is_failure: bool) -> None:  # noqa: FBT001 - drawn
        every = list(Refund.objects.filter(order=self.order).order_by("pk"))
        if not every:
            return
        refund = every[pick % len(every)]
        try:
            refunds.give_up(refund, why="") if is_failure else refunds.enter_proof(refund, "by hand")
        except RefundEnded:
            assert refund.state != Refund.State.AWAITING

    @rule(percent=shares)
    def spend(self, percent: int) -> None:
        account = self._account()
        amount = account.wallet_balance_nano_usd * percent // 100 if account is not None else 0
        if account is None or amount == 0 or account.is_frozen:
            return
        movement = Movement(entries.wallet(account), entries.REVENUE, NanoUSD(amount))
        reference = f"spent:{self.number}:{Entry.objects.count()}"
        entries.post(reference=reference, kind=Entry.Kind.CORRECTION, movements=[movement])
        self.spent += amount

    @rule(amount=st.integers(1, 10_000_000_000))
    def top_up(self, amount: int) -> None:
        account = self._account()
        if account is not None:
            books.give(account, amount)
            self.topped_up += amount

    @precondition(lambda self: self.order.delivery == Order.Delivery.CODE)
    @rule()
    def redeem(self) -> None:
        order = again(self.order)
        if order.code is None or order.code.state != Code.State.LIVE:
            return
        address = f"2001:db8::{self.number:x}"
        wallets.redeem(
            typed_code=secret_of(order), customer=customers.of_user(UserFactory.create()), address=address
        )

    @precondition(lambda self: self.order.was_guest)
    @rule()
    def claim(self) -> None:
        try:
            claims.claim(again(self.order), self.person)
        except AccountFrozen:
            account = self._account()
            assert account is not None
            assert account.is_frozen

    @rule()
    def pay_debts(self) -> None:
        debts.pay_all()

    @invariant()
    def never_more_goes_back_than_was_paid(self) -> None:
        if not hasattr(self, "order"):
            return
        gone = sum(refund.amount_cents for refund in Refund.objects.standing().filter(order=self.order))
        assert gone == PRICE - self._left() if again(self.order).is_paid else gone == 0
        assert gone <= PRICE

    @invariant()
    def credit_goes_back_in_the_share_of_the_money(self) -> None:
        if not hasattr(self, "order"):
            return
        order, gone = again(self.order), PRICE - self._left()
        every = Refund.objects.filter(order=order)
        credit = sum(refund.credit_nano_usd for refund in every.standing())
        share = order.credit_nano_usd * gone // PRICE if order.is_paid else 0
        # Each that failed may leave the others cut at another nano-USD.
        assert abs(credit - share) <= every.filter(state=Refund.State.FAILED).count()
        assert gone != PRICE or not order.is_paid or credit == order.credit_nano_usd

    @invariant()
    def what_was_granted_is_what_was_paid_for(self) -> None:
        """Compare all that the buyers have, spent and owe with what was paid and did not go back."""
        if not hasattr(self, "order"):
            return
        order = again(self.order)
        standing = Refund.objects.standing().filter(order=order)
        kept = order.credit_nano_usd - sum(refund.credit_nano_usd for refund in standing if refund.taken_at)
        account = self._account()
        wallet = account.wallet_balance_nano_usd - account.debt_nano_usd if account is not None else 0
        code = order.code.value_nano_usd if order.code and order.code.state == Code.State.LIVE else 0
        granted = kept if order.delivered_at else 0
        assert wallet + code == granted + self.topped_up - self.spent
        assert self._grants(order) == (order.delivered_at is not None)

    def teardown(self) -> None:
        found = [*ledger_proof.discrepancies(), *proof.discrepancies(), *redemption_proof.discrepancies()]
        assert found == []

    def _grants(self, order: Order) -> int:
        """Return how often the order's credit was granted, or issued as its first code."""
        sold = Posting.objects.filter(
            source="cash:creem", entry__kind__in=["order_delivered", "codes_issued"]
        )
        granted = sold.filter(entry__reference=f"order:{order.pk}:credit").count()
        return granted or int(order.code_id is not None)

    def _account(self) -> Account | None:
        order = again(self.order)
        if order.delivered_at is None:
            return None
        return taking_back.account_of(order)

    def _left(self) -> int:
        payment = Payment.objects.filter(order=self.order).first()
        return refunds.left_cents(payment) if payment is not None else 0

    def _told(self, amount: int) -> dict[str, Any]:
        return {
            "provider": "creem",
            "mode": Mode.TEST,
            "reference": self.order.reference,
            "transaction_id": f"tran_{self.order.reference}",
            "currency": "USD",
            "amount_cents": amount,
        }
