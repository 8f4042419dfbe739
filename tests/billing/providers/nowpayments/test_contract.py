"""The sandbox's NowPayments and the real one, as far as it is on record, are one and the same to us."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.providers.errors import InvalidSignature
from billing.providers.facts import CoinState, Mode, PaymentSucceeded
from billing.providers.nowpayments import translation
from billing.providers.nowpayments.answers import read_payment
from billing.providers.nowpayments.client import NowPayments
from billing.providers.protocol import CheckoutStatus, PaymentProvider
from tests.billing.providers.nowpayments.accounts import wish
from tests.billing.providers.nowpayments.conftest import Wire


def test_nowpayments_is_a_payment_provider(provider: NowPayments) -> None:
    as_provider: PaymentProvider = provider

    assert (as_provider.name, as_provider.mode) == ("nowpayments", Mode.TEST)


def test_a_new_invoice_has_an_id_and_a_page_to_pay_on(both: Wire) -> None:
    checkout = both.provider.create_checkout(wish())

    assert checkout.id.isdecimal()
    assert checkout.url.endswith(f"/payment/?iid={checkout.id}")


def test_a_new_payment_has_an_address_an_amount_and_a_memo_if_it_needs_one(both: Wire) -> None:
    payment = both.provider.create_payment(wish(amount_cents=2500), coin="xrp")

    assert (payment.state, payment.coin, payment.price, payment.currency) == (
        CoinState.WAITING,
        "xrp",
        Decimal(25),
        "USD",
    )
    assert (payment.asked, payment.to_send()) == (Decimal("19.36121163"), Decimal("19.361212"))
    assert payment.address
    assert payment.memo
    assert payment.valid_until is not None
    assert payment.estimate_until is not None


def test_a_payment_that_nobody_paid_is_open_and_tells_nothing(both: Wire) -> None:
    state = both.provider.get_checkout(both.open_payment_id)

    assert (state.id, state.status, state.fact) == (both.open_payment_id, CheckoutStatus.OPEN, None)


def test_a_paid_payment_tells_the_same_when_asked_as_its_notification_is_confirmed(both: Wire) -> None:
    asked = both.provider.get_checkout(both.paid_payment_id)
    confirmed = both.provider.confirm(both.ipn_body)

    assert asked.status is CheckoutStatus.COMPLETED
    assert isinstance(confirmed, PaymentSucceeded)
    assert asked.fact == confirmed
    assert confirmed.transaction_id == both.paid_payment_id
    assert confirmed.happened_at is not None


def test_what_a_notification_told_is_what_it_is_confirmed_as(both: Wire) -> None:
    payment = both.provider.get_payment(both.paid_payment_id)
    confirmed = both.provider.confirm(both.ipn_body)

    fact = translation.of_payment(payment, mode=Mode.TEST)

    assert replace(fact, happened_at=None) == replace(confirmed, happened_at=None)


def test_a_notification_is_known_by_what_it_tells(both: Wire) -> None:
    event = both.provider.read_webhook(both.ipn_body, both.ipn_headers)

    assert event.id.startswith(f"{both.paid_payment_id}:finished:")
    assert event.kind == "payment.finished"
    assert event.sent_at is not None


def test_a_notification_that_was_touched_is_refused(both: Wire) -> None:
    touched = both.ipn_body.replace(b'"finished"', b'"refunded"')

    with pytest.raises(InvalidSignature):
        both.provider.read_webhook(touched, both.ipn_headers)


def test_coins_say_where_they_are_sent_and_how_finely(both: Wire) -> None:
    coins = {coin.code: coin for coin in both.provider.coins()}

    assert (coins["btc"].places, coins["xrp"].places, coins["usdttrc20"].places) == (8, 6, 6)
    assert (coins["xrp"].needs_memo, coins["btc"].needs_memo) == (True, False)
    assert coins["usdttrc20"].name == "Tether USD (Tron)"


def test_the_minimum_is_an_amount_of_the_coin_and_its_worth(both: Wire) -> None:
    minimum = both.provider.get_minimum("btc")

    assert minimum.amount == pytest.approx(Decimal("0.00017"), abs=Decimal("0.00001"))
    assert minimum.worth_cents == 1291


def test_an_estimate_is_an_amount_of_the_coin(both: Wire) -> None:
    estimated = both.provider.estimate(amount_cents=2500, currency="USD", coin="xrp")

    assert estimated == Decimal("19.36121163")


def test_a_list_has_payments_and_their_children(both: Wire) -> None:
    payments = list(both.provider.list_payments())

    moments = [payment.created_at for payment in payments if payment.created_at]
    assert moments == sorted(moments, reverse=True)
    assert len(moments) == len(payments) >= 2


def test_the_api_is_up(both: Wire) -> None:
    assert both.provider.is_up()


def test_what_is_not_there_is_not_a_payment(both: Wire) -> None:
    assert read_payment({}) is None
