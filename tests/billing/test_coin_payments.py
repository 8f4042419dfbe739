"""Payments in coins, as the sandbox's NowPayments tells of them through the real webhook view."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing import tasks
from billing.errors import CheckoutUnavailable, CoinTooSmall, NotForSale, NothingToDecide
from billing.models import Deposit, InboxEvent, Order, OrderMail, Payment, Review
from billing.services import checkouts, coin_payments, deposits, proof, standings
from ledger.models import Account
from ledger.services import proof as ledger_proof
from tests.billing.coin_shop import CoinShop, tell
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

Use = Deposit.Use
CREDIT = 7_650_000_000


@pytest.fixture(autouse=True)
def _nothing_goes_to_the_broker(nudges: list[tuple[str, int]]) -> None:
    """Let tests hand out the work themselves."""


def assert_books_agree() -> None:
    with ledger_proof.snapshot():
        assert [*ledger_proof.discrepancies(), *proof.discrepancies()] == []


def wallet_of(order: Order) -> int:
    return int(Account.objects.get(customer=order.customer).wallet_balance_nano_usd)


def test_exactly_what_was_asked_for_pays_and_is_delivered(coins: CoinShop) -> None:
    order = coins.bought("exact")

    assert (order.state, order.result, wallet_of(order)) == ("delivered", "key", CREDIT)
    assert (order.payment.amount_cents, order.payment.currency) == (2500, "USD")
    assert order.deposits.get().use == Use.PAID
    assert_books_agree()


def test_too_many_coins_bring_more_credit_in_the_same_delivery(coins: CoinShop) -> None:
    order = coins.bought("over")

    assert order.payment.amount_cents == 2750
    assert wallet_of(order) == CREDIT * 11 // 10
    assert_books_agree()


def test_too_few_coins_wait_for_their_buyer_who_is_told_once(coins: CoinShop) -> None:
    order = coins.bought("short")
    tasks.ask_open_orders()

    assert (order.state, order.is_paid) == (Order.State.PENDING, False)
    assert order.deposits.get().use == Use.HELD
    assert round(order.deposits.get().worth or 0, 2) == 15
    assert OrderMail.objects.get().kind == OrderMail.Kind.INCOMPLETE
    assert_books_agree()


def test_the_rest_completes_the_price(coins: CoinShop) -> None:
    order = coins.bought("short")
    rest = deposits.standing(order).rest_to_send

    coins.send(order.deposits.get(), f"{rest:f}")
    coins.told()

    order.refresh_from_db()
    assert (order.state, wallet_of(order), order.payment.amount_cents) == ("delivered", CREDIT, 2500)
    assert set(order.deposits.values_list("use", flat=True)) == {Use.PAID}
    assert_books_agree()


def test_what_came_is_credited_by_its_share_of_the_price(coins: CoinShop) -> None:
    order = coins.bought("short")

    coin_payments.accept(order)
    tasks.deliver_order(order.pk)

    order.refresh_from_db()
    worth = order.deposits.get().worth
    assert worth is not None
    assert order.credit_nano_usd == int(CREDIT * worth / 25)
    assert (order.state, wallet_of(order)) == ("delivered", order.credit_nano_usd)
    with pytest.raises(NothingToDecide):
        coin_payments.accept(order)
    assert_books_agree()


def test_coins_that_are_asked_back_go_to_a_person(coins: CoinShop) -> None:
    order = coins.bought("short")

    coin_payments.ask_back(order)

    assert Review.objects.get().reason == Review.Reason.REFUND_ASKED
    assert order.deposits.get().use == Use.REFUND_ASKED
    with pytest.raises(NothingToDecide):
        coin_payments.accept(order)


def test_after_days_without_a_decision_a_person_looks(coins: CoinShop) -> None:
    coins.bought("short")
    Deposit.objects.update(held_at=timezone.now() - timedelta(days=4))

    tasks.tend_coins()
    tasks.tend_coins()

    assert Review.objects.get().reason == Review.Reason.COINS_UNDECIDED
    assert standings.of(Order.objects.get()).stage == standings.Stage.TOO_FEW_COINS


def test_another_coin_counts_by_its_worth(coins: CoinShop) -> None:
    order = coins.bought("wrong")

    deposit = order.deposits.exclude(parent_payment_id="").get()
    assert deposit.coin == "usdtbsc"
    assert order.is_paid
    assert order.payment.amount_cents == int((deposit.worth or 0) * 100)
    assert_books_agree()


def test_coins_that_come_once_more_are_credited_beside_the_order(coins: CoinShop) -> None:
    order = coins.bought("exact", user=UserFactory.create())

    coins.send(order.deposits.get(), "10")
    coins.told()

    spare = order.deposits.exclude(parent_payment_id="").get()
    assert spare.use == Use.CREDITED
    assert spare.credit_nano_usd == int(CREDIT * (spare.worth or 0) / 25)
    assert wallet_of(order) == CREDIT + spare.credit_nano_usd
    assert_books_agree()


@pytest.mark.parametrize(("limit_cents", "delivery"), [(500, "auto"), (10_000, "code")])
def test_where_it_is_unclear_a_person_decides_about_coins_to_spare(
    coins: CoinShop, settings: Settings, limit_cents: int, delivery: str
) -> None:
    settings.SPARE_COINS_LIMIT_CENTS = limit_cents
    order = coins.bought("exact", delivery=delivery)

    coins.send(order.deposits.get(), "10")
    coins.told()

    assert Review.objects.get().reason == Review.Reason.COINS_TO_SPARE
    assert order.deposits.filter(use=Use.REVIEW).count() == 1
    assert_books_agree()


def test_a_second_address_that_is_paid_in_full_is_spare(coins: CoinShop) -> None:
    order = coins.order(user=UserFactory.create())
    first, second = coins.chosen(order), coins.chosen(order, coin="ltc")

    coins.act(first, "exact")
    coins.act(second, "exact")
    coins.told()

    order.refresh_from_db()
    assert {each.use for each in order.deposits.all()} == {Use.PAID, Use.CREDITED}
    assert wallet_of(order) == 2 * CREDIT
    assert_books_agree()


def test_coins_below_the_minimum_go_to_a_person(coins: CoinShop) -> None:
    order = coins.bought("dust")

    assert Review.objects.get().reason == Review.Reason.COINS_UNCLEAR
    assert not order.is_paid


def test_coins_that_come_after_the_time_is_over_still_pay(coins: CoinShop) -> None:
    order = coins.bought("expire")
    checkouts.ask(order.pk)
    assert Order.objects.get().state == Order.State.EXPIRED

    coins.act(order.deposits.get(), "exact")
    coins.told()

    assert Order.objects.get().state == Order.State.DELIVERED
    assert_books_agree()


def test_what_nobody_told_is_found_by_asking(coins: CoinShop) -> None:
    order = coins.order()
    deposit = coins.chosen(order)
    coins.act(deposit, "short")
    coins.send(deposit, f"{(deposit.to_send or 0) * Decimal('0.4'):.6f}")

    checkouts.ask(order.pk)
    tasks.deliver_order(order.pk)

    assert Order.objects.get().state == Order.State.DELIVERED
    assert wallet_of(order) == CREDIT
    assert_books_agree()


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_and_twice_it_comes_to_the_same(coins: CoinShop, seed: int) -> None:
    order = coins.order(user=UserFactory.create())
    deposit = coins.chosen(order)
    coins.act(deposit, "short")
    coins.send(deposit, f"{deposits.worth_at_price(order, arrived=Decimal(11), asked=Decimal(25)):f}")

    coins.told(shuffled=random.Random(seed))

    order.refresh_from_db()
    assert order.state == Order.State.DELIVERED
    assert Payment.objects.count() == 1
    assert wallet_of(order) == order.credit_nano_usd
    assert not InboxEvent.objects.filter(handled_at=None).exists()
    assert_books_agree()


def test_while_the_provider_is_away_what_it_told_waits(coins: CoinShop) -> None:
    order = coins.order()
    coins.act(coins.chosen(order), "exact")
    coins.running.fail(mode="fail", status=503)

    assert set(coins.told()) == {200}
    assert not Order.objects.get().is_paid
    waiting = InboxEvent.objects.filter(handled_at=None)
    assert "ProviderUnavailable" in waiting[0].last_error

    coins.running.fail()
    coins.work()
    assert Order.objects.get().state == Order.State.DELIVERED


def test_a_forged_notification_is_refused_and_a_strangers_goes_to_a_person(coins: CoinShop) -> None:
    coins.running.paid(order_id="nobody's", ipn_callback_url="http://127.0.0.1:9/")

    assert tell(b"{}", "0" * 128) == 401
    assert set(coins.told()) == {200}
    InboxEvent.objects.update(received_at=timezone.now() - timedelta(days=2))
    coins.work()

    assert Review.objects.get().reason == Review.Reason.UNKNOWN_ORDER


def test_a_coin_whose_minimum_is_above_the_price_is_refused(coins: CoinShop) -> None:
    order = coins.order(price_cents=300)

    with pytest.raises(CoinTooSmall):
        coins.chosen(order)
    with pytest.raises(NotForSale):
        coins.chosen(order, coin="shells")
    assert not order.deposits.exists()


def test_a_provider_that_does_not_answer_leaves_the_order_as_it_was(coins: CoinShop) -> None:
    order = coins.order()
    coins.chosen(order, coin="ltc")
    coins.running.fail(mode="fail", status=500)

    with pytest.raises(CheckoutUnavailable):
        deposits.open_address(order, coin_code="usdttrc20")

    assert [each.coin for each in order.deposits.all()] == ["ltc"]


def test_an_address_is_opened_once_however_often_its_coin_is_chosen(coins: CoinShop) -> None:
    order = coins.order()

    assert coins.chosen(order) == coins.chosen(order)
    assert order.deposits.count() == 1


def test_a_page_that_was_begun_before_coins_came_asks_nobody_to_choose_a_coin(coins: CoinShop) -> None:
    """Its order was read unpaid; what else it reads is of after the payment."""
    order = coins.order(user=UserFactory.create())
    deposit = coins.chosen(order)
    begun = Order.objects.get()

    coins.act(deposit, "exact")
    coins.told()

    assert standings.of(begun).stage == standings.Stage.WALLET
    assert begun.is_paid
