"""The sandbox's Creem and the real one, as far as it is on record, are one and the same to us."""

from dataclasses import replace

import pytest

from billing.providers.creem.answers import TransactionStatus
from billing.providers.creem.client import Creem
from billing.providers.errors import InvalidSignature
from billing.providers.facts import Mode, PaymentSucceeded
from billing.providers.protocol import CheckoutRequest, CheckoutStatus, PaymentProvider
from tests.billing.providers.conftest import Wire


def test_creem_is_a_payment_provider(provider: Creem) -> None:
    as_provider: PaymentProvider = provider

    assert (as_provider.name, as_provider.mode) == ("creem", Mode.TEST)


def test_a_new_checkout_has_an_id_and_a_page_to_pay_on(wire: Wire) -> None:
    request = CheckoutRequest(
        reference="ref-1",
        product_id=wire.product_id,
        units=2,
        success_url="https://shop.example/orders/ref-1",
        email="buyer@example.com",
    )

    checkout = wire.provider.create_checkout(request)

    assert checkout.id.startswith("ch_")
    assert checkout.url.endswith(checkout.id)


def test_a_checkout_that_nobody_paid_is_open_and_tells_nothing(wire: Wire) -> None:
    state = wire.provider.get_checkout(wire.open_checkout_id)

    assert (state.id, state.status, state.fact) == (wire.open_checkout_id, CheckoutStatus.OPEN, None)


def test_a_paid_checkout_tells_the_same_when_asked_as_its_webhook_told(wire: Wire) -> None:
    asked = wire.provider.get_checkout(wire.paid_checkout_id)
    told = wire.provider.read_fact(wire.webhook_body)

    assert asked.status is CheckoutStatus.COMPLETED
    assert isinstance(told, PaymentSucceeded)
    assert isinstance(asked.fact, PaymentSucceeded)
    assert replace(asked.fact, happened_at=told.happened_at) == told
    assert told.checkout_id == wire.paid_checkout_id
    assert told.happened_at is not None
    assert asked.fact.happened_at is not None


def test_a_webhook_is_confirmed_by_its_signature_alone(wire: Wire) -> None:
    assert wire.provider.confirm(wire.webhook_body) == wire.provider.read_fact(wire.webhook_body)


def test_a_webhook_is_known_by_its_event(wire: Wire) -> None:
    event = wire.provider.read_webhook(wire.webhook_body, {"Creem-Signature": wire.webhook_signature})

    assert event.id.startswith("evt_")
    assert event.kind == "checkout.completed"
    assert event.sent_at is not None


def test_a_webhook_that_was_touched_is_refused(wire: Wire) -> None:
    touched = wire.webhook_body.replace(b'"USD"', b'"EUR"')

    with pytest.raises(InvalidSignature):
        wire.provider.read_webhook(touched, {"creem-signature": wire.webhook_signature})


def test_a_product_has_a_price_in_the_mode_of_the_key(wire: Wire) -> None:
    product = wire.provider.get_product(wire.product_id)

    assert (product.id, product.mode, product.currency) == (wire.product_id, Mode.TEST, "USD")
    assert product.is_active
    assert not product.adds_tax
    assert product.price_cents in {1000, 4900}


def test_transactions_come_newest_first(wire: Wire) -> None:
    transactions = list(wire.provider.search_transactions())

    moments = [each.created_at for each in transactions if each.created_at]
    assert moments == sorted(moments, reverse=True)
    assert len(moments) == len(transactions) >= 1
    assert transactions[0].status is TransactionStatus.PAID
    assert transactions[0].paid_cents == transactions[0].amount_cents
