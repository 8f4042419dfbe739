"""A paid order is delivered once: as credit, as a key, or as a code when no key can be made."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.services import api_keys
from billing.models import Order, OrderMail, Package, PackagePrice, Review
from billing.services import delivery, mails, order_secrets, proof, sale_prices
from ledger.models import Account, Entry, Lot
from ledger.services import proof as ledger_proof
from ledger.services import spending_keys
from redemption.models import Code
from redemption.services import codes
from redemption.services import proof as redemption_proof
from tests.billing.paying import paid
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

CREDIT = 7_650_000_000
State, Result = Order.State, Order.Result


def delivered(order: Order) -> Order:
    delivery.deliver(order.pk)
    order.refresh_from_db()
    return order


def steps(order: Order) -> list[str]:
    return list(order.steps.values_list("kind", flat=True))


def assert_books_verify() -> None:
    found = ledger_proof.discrepancies() + redemption_proof.discrepancies() + proof.discrepancies()
    assert found == []


def later(order: Order) -> None:
    """Let the time of the order's next try come."""
    Order.objects.filter(pk=order.pk).update(deliver_at=timezone.now() - timedelta(seconds=1))


def test_a_user_gets_the_credit_into_the_wallet() -> None:
    user = UserFactory.create()

    order = delivered(paid(user=user))

    account = Account.objects.get(customer__user=user)
    assert (order.state, order.result, order.deliver_at) == (State.DELIVERED, Result.WALLET, None)
    assert (order.sealed_secret, order.api_key, order.code) == (None, None, None)
    assert account.wallet_balance_nano_usd == CREDIT
    assert_books_verify()


def test_the_credit_comes_out_of_the_cash_of_the_provider_and_remembers_what_was_paid() -> None:
    order = delivered(paid(user=UserFactory.create()))

    entry = Entry.objects.get(reference=f"order:{order.pk}:credit")
    lot = Lot.objects.get()
    assert entry.kind == Entry.Kind.ORDER_DELIVERED
    assert [posting.source for posting in entry.postings.all()] == ["cash:creem"]
    assert (lot.paid_amount, lot.paid_currency, lot.paid_units_per_usd) == (Decimal(10), "USD", Decimal(1))


def test_a_currency_without_a_published_rate_takes_the_rate_of_the_sale() -> None:
    package = make.package(credit_nano_usd=7_000_000_000)
    PackagePrice.objects.update(currency="EUR", price_cents=920)

    facts = sale_prices.price_facts(paid(package))

    assert facts == (Decimal("9.20"), "EUR", Decimal("1.31428572"))


def test_a_guest_gets_a_key_that_spends_the_credit() -> None:
    order = delivered(paid())

    key = order_secrets.opened(order)
    assert key is not None
    assert order.api_key is not None
    assert (order.result, order.api_key.name) == (Result.KEY, "Standard")
    assert api_keys.parse(key).key_id == order.api_key.key_id
    assert order.api_key.allowance.account.wallet_balance_nano_usd == CREDIT
    assert_books_verify()


def test_what_was_delivered_is_told_by_mail_and_in_the_story() -> None:
    order = delivered(paid())

    assert steps(order) == ["created", "paid", "delivered"]
    assert OrderMail.objects.filter(order=order, kind=OrderMail.Kind.DELIVERED).count() == 1


@pytest.mark.parametrize("is_guest", [True, False])
def test_a_package_of_codes_is_delivered_as_a_code_to_anybody(is_guest: bool) -> None:  # noqa: FBT001
    package = make.package(delivery=Package.Delivery.CODE)

    order = delivered(paid(package, user=None if is_guest else UserFactory.create()))

    text = order_secrets.opened(order)
    assert text is not None
    assert order.result == Result.CODE
    assert codes.find(text) == order.code
    assert order.code is not None
    assert (order.code.value_nano_usd, order.code.state) == (CREDIT, Code.State.LIVE)
    assert "key_failed" not in steps(order)
    assert_books_verify()


def test_a_guest_gets_a_code_when_nobody_makes_keys(settings: Settings) -> None:
    settings.KEY_ISSUER = "off"

    order = delivered(paid())

    assert (order.result, order.api_key) == (Result.CODE, None)
    assert steps(order) == ["created", "paid", "key_failed", "delivered"]


def test_a_second_delivery_changes_nothing() -> None:
    order = delivered(paid())

    delivery.deliver(order.pk)

    assert Entry.objects.count() == 1
    assert steps(order) == ["created", "paid", "delivered"]


def test_an_unpaid_order_is_not_delivered() -> None:
    order = make.order()

    delivery.deliver(order.pk)

    order.refresh_from_db()
    assert (order.state, order.delivery_attempts) == (State.CREATED, 0)


def test_an_order_that_was_claimed_before_its_delivery_goes_to_the_wallet() -> None:
    order, user = paid(), UserFactory.create()
    order.customer.user = user
    order.customer.save(update_fields=["user"])

    delivered(order)

    assert order.result == Result.WALLET


def test_a_fault_leaves_nothing_behind_but_the_count_of_the_try(monkeypatch: pytest.MonkeyPatch) -> None:
    order = paid()
    monkeypatch.setattr(mails, "owe", broken)

    with pytest.raises(ZeroDivisionError):
        delivery.deliver(order.pk)

    order.refresh_from_db()
    assert (order.state, order.delivery_attempts, order.sealed_secret) == (State.DELIVERING, 1, None)
    assert order.deliver_at is not None
    assert order.deliver_at > timezone.now()
    assert not Entry.objects.exists()


def test_a_try_that_is_under_way_is_not_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    order = paid()
    monkeypatch.setattr(spending_keys, "create", broken)
    with pytest.raises(ZeroDivisionError):
        delivery.deliver(order.pk)

    delivery.deliver(order.pk)

    order.refresh_from_db()
    assert order.delivery_attempts == 1


def test_keys_that_cannot_be_made_become_a_code_after_some_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    order = paid()
    monkeypatch.setattr(spending_keys, "create", broken)
    for _try in range(delivery.KEY_TRIES):
        later(order)
        with pytest.raises(ZeroDivisionError):
            delivery.deliver(order.pk)
    later(order)

    delivered(order)

    assert order.result == Result.CODE
    assert steps(order)[-2:] == ["key_failed", "delivered"]
    assert_books_verify()


def test_an_operator_can_have_it_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    order = paid()
    with monkeypatch.context() as patch:
        patch.setattr(spending_keys, "create", broken)
        with pytest.raises(ZeroDivisionError):
            delivery.deliver(order.pk)

    delivery.hurry(order)

    assert delivery.due() == [order.pk]
    assert delivered(order).result == Result.KEY


def test_what_is_due_is_what_is_paid_and_not_delivered() -> None:
    package = make.package()
    waiting, _done, _unpaid = paid(package), delivered(paid(package)), make.order(package)

    assert delivery.due() == [waiting.pk]


def test_an_order_that_takes_long_is_told_to_a_person_once_and_still_tried() -> None:
    order, _fresh = paid(), paid(make.package("other"))
    Order.objects.filter(pk=order.pk).update(paid_at=timezone.now() - delivery.OVERDUE * 2)

    delivery.report_overdue()
    delivery.report_overdue()

    assert [(review.reason, review.order) for review in Review.objects.all()] == [("not_delivered", order)]
    assert steps(order)[-1] == "to_review"
    assert delivered(order).state == State.DELIVERED


def test_the_pauses_of_the_tries_for_a_key_take_about_a_minute() -> None:
    pauses = [delivery._pause_after(attempts) for attempts in range(1, delivery.KEY_TRIES + 1)]

    assert sum(pauses, timedelta()) == timedelta(seconds=62)
    assert delivery._pause_after(32_767) == delivery.LONGEST_PAUSE


def broken(*_args: object, **_facts: object) -> None:
    raise ZeroDivisionError
