"""Refunds: the intent, the credit and the mail together; parts make the whole; what failed is undone."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import ApiKey, User
from accounts.services import customers
from billing.errors import NothingToRefund, RefundEnded, RefundTooLarge
from billing.models import Order, OrderMail, Payment, Refund
from billing.services import claims, delivery, proof, refund_quotes, refunds
from ledger.models import Account, Entry
from ledger.money import NanoUSD
from ledger.services import entries
from ledger.services import proof as ledger_proof
from ledger.services.entries import Movement
from redemption.models import Code
from redemption.services import proof as redemption_proof
from redemption.services import wallets
from tests.billing import paying, shoppers
from tests.billing.shoppers import again
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

WHOLE = 1000


@pytest.fixture(autouse=True)
def _proven(request: pytest.FixtureRequest) -> Any:
    request.getfixturevalue("db")
    yield
    found = [*ledger_proof.discrepancies(), *proof.discrepancies(), *redemption_proof.discrepancies()]
    assert found == []


@pytest.fixture
def operator() -> User:
    return UserFactory.create(is_staff=True)


def refund(order: Order, cents: int, by: User, **options: Any) -> Refund:
    return refunds.refund(
        order, cents, origin=Refund.Origin.OPERATOR, reason="asked for it", made_by=by, **options
    )


def account_of(user: User) -> Account:
    return Account.objects.get(customer__user=user)


def key_of(order: Order) -> ApiKey:
    key = again(order).api_key
    assert key is not None
    return key


def spend(account: Account, amount: int) -> None:
    movement = Movement(entries.wallet(account), entries.REVENUE, NanoUSD(amount))
    entries.post(reference=f"spent:{Entry.objects.count()}", kind=Entry.Kind.CORRECTION, movements=[movement])


def test_all_of_an_order_takes_back_all_of_its_credit(operator: User) -> None:
    buyer = UserFactory.create()
    order = shoppers.delivered(user=buyer)

    done = refund(order, WHOLE, operator)

    assert (done.taken_nano_usd, done.debt_nano_usd) == (order.credit_nano_usd, 0)
    assert account_of(buyer).wallet_balance_nano_usd == 0
    assert OrderMail.objects.filter(order=order, kind="refund", occasion=str(done.pk)).count() == 1


def test_parts_of_the_money_take_parts_of_the_credit_that_make_the_whole(operator: User) -> None:
    buyer = UserFactory.create()
    order = shoppers.delivered(user=buyer)

    parts = [refund(order, cents, operator) for cents in (333, 333, 334)]

    assert sum(part.credit_nano_usd for part in parts) == order.credit_nano_usd
    assert account_of(buyer).wallet_balance_nano_usd == 0
    with pytest.raises(RefundTooLarge):
        refund(order, 1, operator)


def test_what_was_spent_is_owed_and_the_quote_says_so_before(operator: User) -> None:
    buyer = UserFactory.create()
    order = shoppers.delivered(user=buyer)
    spend(account_of(buyer), order.credit_nano_usd // 4)

    quoted = refund_quotes.quote(order)
    done = refund(order, WHOLE, operator)

    assert quoted.fair_cents == 750
    assert quoted.spent_nano_usd == done.debt_nano_usd == order.credit_nano_usd // 4
    assert account_of(buyer).is_frozen


def test_never_more_goes_back_than_was_paid(operator: User) -> None:
    order = shoppers.delivered(user=UserFactory.create())
    refund(order, 400, operator)

    with pytest.raises(RefundTooLarge) as refusal:
        refund(order, 601, operator)
    assert refusal.value.left_cents == 600
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.update(refunded_cents=1001)


def test_an_order_that_nobody_paid_has_nothing_to_refund(operator: User) -> None:
    with pytest.raises(NothingToRefund):
        refund(make.order(), 1, operator)


def test_an_order_that_is_refunded_before_its_delivery_is_never_delivered(operator: User) -> None:
    order = paying.paid()

    done = refund(order, WHOLE, operator)
    delivery.deliver(order.pk)

    assert (again(order).state, again(order).deliver_at) == (Order.State.REFUNDED, None)
    assert done.withheld_nano_usd == order.credit_nano_usd
    assert Entry.objects.count() == 0


def test_an_order_is_delivered_after_all_when_its_refund_failed(operator: User) -> None:
    order = paying.paid()
    done = refund(order, WHOLE, operator)

    refunds.give_up(done, why="no such account")
    delivery.deliver(order.pk)

    assert again(order).state == Order.State.DELIVERED
    with pytest.raises(RefundEnded):
        refunds.give_up(done, why="no such account")


def test_a_part_that_is_refunded_before_the_delivery_is_taken_when_it_comes(operator: User) -> None:
    buyer = UserFactory.create()
    order = paying.paid(user=buyer)

    done = refund(order, 400, operator)
    assert done.taken_at is None
    delivery.deliver(order.pk)

    done.refresh_from_db()
    assert done.taken_nano_usd == order.credit_nano_usd * 4 // 10
    assert account_of(buyer).wallet_balance_nano_usd == order.credit_nano_usd * 6 // 10


def test_a_code_that_nobody_has_redeemed_is_void_after_the_whole_refund(operator: User) -> None:
    order = shoppers.delivered(as_code=True)

    done = refund(order, WHOLE, operator)

    kept = again(order)
    assert kept.code is not None
    assert (kept.code.state, kept.sealed_secret, done.code_nano_usd) == (
        Code.State.VOIDED,
        None,
        order.credit_nano_usd,
    )


def test_a_part_of_a_code_leaves_a_code_that_is_worth_the_rest(operator: User) -> None:
    order = shoppers.delivered(as_code=True)
    old = shoppers.secret_of(order)

    refund(order, 400, operator)

    new = shoppers.secret_of(again(order))
    buyer = UserFactory.create()
    assert new != old
    redeemed = wallets.redeem(typed_code=new, customer=customers.of_user(buyer), address="203.0.113.1")
    assert redeemed.amount == order.credit_nano_usd * 6 // 10


@pytest.mark.parametrize("cents", [400, WHOLE])
@pytest.mark.parametrize("is_redeemed", ["", "redeemed"])
def test_the_credit_of_a_code_comes_back_when_its_refund_failed(
    operator: User, cents: int, is_redeemed: str
) -> None:
    order = shoppers.delivered(as_code=True)
    done = refund(order, cents, operator)
    if is_redeemed and cents < WHOLE:
        redeemer = customers.of_user(UserFactory.create())
        wallets.redeem(typed_code=shoppers.secret_of(again(order)), customer=redeemer, address="203.0.113.1")

    refunds.give_up(done, why="it came back")

    kept = again(order)
    assert kept.code is not None
    if is_redeemed and cents < WHOLE:
        assert Account.objects.get().wallet_balance_nano_usd == order.credit_nano_usd
    else:
        assert (kept.code.state, kept.code.value_nano_usd) == (Code.State.LIVE, order.credit_nano_usd)


def test_a_redeemed_code_is_taken_from_its_redeemer(operator: User) -> None:
    order = shoppers.delivered(as_code=True)
    redeemer = customers.of_user(UserFactory.create())
    wallets.redeem(typed_code=shoppers.secret_of(order), customer=redeemer, address="203.0.113.1")

    refund(order, WHOLE, operator)

    assert Account.objects.get(customer=redeemer).wallet_balance_nano_usd == 0


def test_the_key_of_a_guest_is_stopped_and_goes_on_if_the_refund_failed(operator: User) -> None:
    order = shoppers.delivered()
    done = refund(order, WHOLE, operator)
    assert key_of(order).state == ApiKey.State.DISABLED

    refunds.give_up(done, why="it came back")

    assert key_of(order).state == ApiKey.State.ACTIVE
    assert Account.objects.get().wallet_balance_nano_usd == order.credit_nano_usd


def test_a_part_leaves_the_key_of_a_guest_alone(operator: User) -> None:
    order = shoppers.delivered()

    refund(order, 400, operator)

    assert key_of(order).state == ApiKey.State.ACTIVE


def test_credit_that_was_claimed_is_taken_from_its_new_owner(operator: User) -> None:
    order, person = shoppers.delivered(), UserFactory.create()
    claims.claim(order, person)

    refund(order, WHOLE, operator)

    assert account_of(person).wallet_balance_nano_usd == 0
    assert key_of(order).state == ApiKey.State.ACTIVE


@pytest.mark.parametrize("provider", ["creem", "nowpayments"])
def test_only_all_of_a_creem_payment_is_asked_for_at_the_provider(operator: User, provider: str) -> None:
    order = shoppers.delivered(user=UserFactory.create())
    Payment.objects.update(provider=provider)

    part = refund(order, 400, operator)
    refunds.give_up(part, why="a mistake")
    whole = refund(order, WHOLE, operator)

    assert part.ask_at is None
    assert (whole.ask_at is not None) == (provider == "creem")
    assert part.is_done_by_hand


def test_a_refund_by_hand_ends_with_its_reference(operator: User) -> None:
    order = shoppers.delivered(user=UserFactory.create())
    part = refund(order, 400, operator)

    refunds.enter_proof(part, "bank 77")

    part.refresh_from_db()
    assert (part.state, part.proof) == (Refund.State.DONE, "bank 77")
    with pytest.raises(RefundEnded):
        refunds.enter_proof(part, "bank 78")


def test_a_refund_after_one_that_failed_takes_the_credit_that_came_back(operator: User) -> None:
    buyer = UserFactory.create()
    order = shoppers.delivered(user=buyer)
    spend(account_of(buyer), order.credit_nano_usd // 4)

    refunds.give_up(refund(order, WHOLE, operator), why="it came back")
    done = refund(order, WHOLE, operator)

    assert (done.debt_nano_usd, account_of(buyer).debt_nano_usd) == (
        order.credit_nano_usd // 4,
        order.credit_nano_usd // 4,
    )
