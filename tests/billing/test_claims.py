"""A guest's order is claimed once, with its key, its credit and what was paid for it."""

import pytest
from pytest_django import Settings

from accounts.models import User
from billing.errors import AlreadyClaimed
from billing.models import Order
from billing.services import claims, delivery, showing
from ledger.errors import AccountFrozen
from ledger.models import Account, Lot
from ledger.services import accounts, proof
from redemption.services import proof as redemption_proof
from tests.billing.consoles import RunningConsole
from tests.billing.paying import paid, pay
from tests.billing.test_delivery import CREDIT, delivered, steps
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(db: None) -> User:
    return UserFactory.create()


def account_of(user: User) -> Account:
    return Account.objects.get(customer__user=user)


def test_the_key_lives_on_in_the_account_of_the_user(user: User) -> None:
    order = delivered(paid())

    claims.claim(order, user)

    assert order.api_key is not None
    assert (order.customer.user, order.api_key.customer) == (user, order.customer)
    assert order.api_key.allowance.account == account_of(user)
    assert account_of(user).wallet_balance_nano_usd == CREDIT
    assert proof.discrepancies() == []


def test_what_was_paid_comes_along(user: User) -> None:
    order = delivered(paid())
    paid_lot = Lot.objects.get()

    claims.claim(order, user)

    lot = Lot.objects.get(account=account_of(user))
    assert lot.moved_from == paid_lot
    assert (lot.amount_nano_usd, lot.paid_amount, lot.acquired_at) == (
        CREDIT,
        paid_lot.paid_amount,
        paid_lot.acquired_at,
    )


def test_the_text_of_the_key_is_forgotten(user: User) -> None:
    order = delivered(paid())

    claims.claim(order, user)

    assert showing.secret_of(order) is None
    assert order.claimed_at is not None
    assert steps(order)[-1] == "claimed"


def test_claiming_it_again_changes_nothing(user: User) -> None:
    order = delivered(paid())
    claims.claim(order, user)
    claimed_at = order.claimed_at

    claims.claim(order, user)

    assert order.claimed_at == claimed_at
    assert steps(order).count("claimed") == 1


def test_an_order_of_somebody_else_cannot_be_claimed(user: User) -> None:
    package = make.package()
    bought, claimed = delivered(paid(package, user=UserFactory.create())), delivered(paid(package))
    claims.claim(claimed, UserFactory.create())

    with pytest.raises(AlreadyClaimed):
        claims.claim(bought, user)
    with pytest.raises(AlreadyClaimed):
        claims.claim(claimed, user)


def test_a_code_comes_along_and_stays_to_be_redeemed(user: User, settings: Settings) -> None:
    settings.KEY_ISSUER = "off"
    order = delivered(paid())

    claims.claim(order, user)

    assert order.customer.user == user
    assert showing.secret_of(order) is not None
    assert proof.discrepancies() + redemption_proof.discrepancies() == []


def test_what_is_claimed_before_its_delivery_goes_to_the_wallet(user: User) -> None:
    order = paid()

    claims.claim(order, user)
    delivered(order)

    assert order.result == Order.Result.WALLET
    assert account_of(user).wallet_balance_nano_usd == CREDIT


def test_what_is_claimed_before_its_payment_goes_to_the_wallet(user: User) -> None:
    order = make.order()

    claims.claim(order, user)
    delivered(pay(order))

    assert order.result == Order.Result.WALLET


def test_a_frozen_key_is_not_thawed_by_claiming_it(user: User) -> None:
    order = delivered(paid())
    accounts.freeze(Account.objects.get(customer=order.customer))

    with pytest.raises(AccountFrozen):
        claims.claim(order, user)

    order.refresh_from_db()
    assert order.customer.user is None


@pytest.mark.django_db(transaction=True)
def test_a_key_of_a_console_stays_shown_until_it_is_saved(console: RunningConsole, user: User) -> None:
    order = delivered(paid())

    claims.claim(order, user)

    assert showing.secret_of(order) is not None
    showing.save(order)
    assert showing.secret_of(order) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_browsers_one_claims() -> None:
    user, order = UserFactory.create(), delivered(paid())

    results = together(8, lambda _: claims.claim(Order.objects.get(pk=order.pk), user))

    assert results == [None] * 8
    assert steps(order).count("claimed") == 1
    assert account_of(user).wallet_balance_nano_usd == CREDIT
    assert proof.discrepancies() == []


@pytest.mark.django_db(transaction=True)
def test_of_many_users_one_claims() -> None:
    order = delivered(paid())
    users = UserFactory.create_batch(6)

    results = together(6, lambda number: claims.claim(Order.objects.get(pk=order.pk), users[number]))

    assert sorted(type(result).__name__ for result in results) == ["AlreadyClaimed"] * 5 + ["NoneType"]
    assert proof.discrepancies() == []


@pytest.mark.django_db(transaction=True)
def test_delivery_and_claim_at_once_end_in_the_same_account() -> None:
    user, order = UserFactory.create(), paid()

    def act(number: int) -> None:
        if number % 2:
            claims.claim(Order.objects.get(pk=order.pk), user)
        else:
            delivery.deliver(order.pk)

    assert together(8, act) == [None] * 8
    assert account_of(user).wallet_balance_nano_usd == CREDIT
    assert proof.discrepancies() == []
