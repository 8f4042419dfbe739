"""The transfer desk from the buyer's side: what an order asks for, and what a buyer may say of the money."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.errors import TooManyAttempts
from billing.errors import (
    AmountTooSmall,
    ChannelClosed,
    ReferenceUnreadable,
    ScreenshotRefused,
    TransferSettled,
)
from billing.models import Order, OrderMail, Transfer, TransferScreenshot
from billing.services import orders, proof, rates, transfers
from billing.services.orders import Buyer
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

GUEST = Buyer(email="guest@example.com", language="en")


def test_an_order_of_credit_is_worth_its_amount_at_the_published_rate() -> None:
    order = make.transfer_order(cents=8000)

    assert (order.kind, order.credit_nano_usd, order.units_per_usd) == ("credit", 10_000_000_000, Decimal(8))
    assert (order.state, order.delivery, order.mode) == ("pending", "code", "live")
    assert order.transfer.memo == f"P{order.reference[-8:].upper()}"
    assert [mail.kind for mail in OrderMail.objects.all()] == ["transfer_details"]
    assert proof.discrepancies() == []


def test_who_is_signed_in_gets_credit_in_the_wallet() -> None:
    assert make.transfer_order(user=UserFactory.create()).delivery == Order.Delivery.AUTO


@pytest.mark.parametrize(("currency", "cents"), [("CNY", 6500), ("USDT", 813)])
def test_a_package_costs_its_list_price_in_the_currency_of_the_channel(currency: str, cents: int) -> None:
    package, channel = make.package(), make.channel(currency=currency)

    sale = transfers.of_package(channel, package, GUEST)

    assert (sale.price_cents, sale.currency, sale.credit_nano_usd) == (cents, currency, 7_650_000_000)


def test_a_later_rate_changes_no_quote() -> None:
    order = make.transfer_order(cents=8000)

    rates.publish("CNY", Decimal(4), by=None)

    order.refresh_from_db()
    assert (order.credit_nano_usd, order.units_per_usd) == (10_000_000_000, Decimal(8))


def test_an_amount_below_the_smallest_is_refused() -> None:
    with pytest.raises(AmountTooSmall) as refused:
        make.transfer_order(cents=999)

    assert refused.value.least == "10.00 CNY"


@pytest.mark.parametrize("facts", [{"is_open": False}, {"currency": "XYZ"}])
def test_a_closed_channel_and_one_without_a_rate_take_nothing(facts: dict[str, object]) -> None:
    channel = make.channel()
    type(channel).objects.update(**facts)

    assert transfers.channels() == []
    with pytest.raises(ChannelClosed):
        transfers.find_channel("alipay")


def test_the_same_form_is_one_order() -> None:
    channel = make.channel()
    sale, form = transfers.of_amount(channel, 8000, GUEST), uuid4().hex

    first, second = (
        transfers.place_once(channel, sale, GUEST, form=form, address="192.0.2.1") for _ in range(2)
    )

    assert first == second
    assert Transfer.objects.count() == 1


def test_an_address_cannot_place_orders_without_end() -> None:
    channel = make.channel()
    sale = transfers.of_amount(channel, 8000, GUEST)
    for _ in range(transfers.PER_MINUTE):
        transfers.place_once(channel, sale, GUEST, form=uuid4().hex, address="192.0.2.1")

    with pytest.raises(TooManyAttempts):
        transfers.place_once(channel, sale, GUEST, form=uuid4().hex, address="192.0.2.1")


def test_what_a_buyer_submits_waits_for_a_decision() -> None:
    order = make.transfer_order()

    transfers.submit(order, reference=" tx-9 99 8 ", screenshot=make.picture(), address="a")

    transfer = Transfer.objects.get()
    assert (transfer.state, transfer.transaction_reference) == ("submitted", "tx-9 99 8")
    assert transfer.lapse_at is None
    assert list(Transfer.objects.submitted()) == [transfer]
    assert TransferScreenshot.objects.get().transfer == transfer


@pytest.mark.parametrize("typed", ["", "abc", "- - - -", "x" * 81])
def test_what_cannot_be_a_reference_is_refused(typed: str) -> None:
    with pytest.raises(ReferenceUnreadable):
        transfers.submit(make.transfer_order(), reference=typed, screenshot=None, address="a")


def test_a_file_that_is_no_picture_changes_nothing() -> None:
    order, file = make.transfer_order(), make.picture()
    file.seek(30)

    with pytest.raises(ScreenshotRefused):
        transfers.submit(order, reference="tx-1234", screenshot=file, address="a")

    assert Transfer.objects.get().state == "waiting"


def test_a_transfer_is_submitted_once() -> None:
    order = make.submitted_order()

    with pytest.raises(TransferSettled):
        transfers.submit(order, reference="another", screenshot=None, address="a")


@pytest.mark.parametrize("other", ["tx 1234", "ＴＸ－１２３４", "TX1234"])
def test_the_same_reference_in_a_currency_is_marked_on_both(other: str) -> None:
    alipay, wechat = make.channel("alipay"), make.channel("wechat")
    first = make.submitted_order(alipay, reference="tx-1234")
    second = make.submitted_order(wechat, reference=other)
    third = make.submitted_order(make.channel("okx", currency="USDT"), reference="tx-1234")

    marked = {row.order: row.is_doubled for row in Transfer.objects.with_doubles()}  # type: ignore[attr-defined]

    assert marked == {first: True, second: True, third: False}


def test_two_that_name_no_transaction_are_no_doubles() -> None:
    channel = make.channel()
    make.transfer_order(channel)
    make.transfer_order(channel)

    assert not any(row.is_doubled for row in Transfer.objects.with_doubles())  # type: ignore[attr-defined]


def test_what_nobody_submits_lapses_and_can_still_be_submitted() -> None:
    order = make.transfer_order()
    Transfer.objects.update(lapse_at=timezone.now() - timedelta(seconds=1))

    transfers.lapse_due()

    order.refresh_from_db()
    assert (order.state, Transfer.objects.get().state) == ("expired", "lapsed")
    transfers.submit(order, reference="late-1234", screenshot=None, address="a")
    order.refresh_from_db()
    assert (order.state, Transfer.objects.get().state) == ("pending", "submitted")


def test_what_was_submitted_does_not_lapse() -> None:
    make.submitted_order()

    transfers.lapse_due()

    assert Transfer.objects.get().state == "submitted"


def test_no_memo_says_more_than_the_public_reference() -> None:
    assert transfers.memo_of(orders.new_reference())[1:].isalnum()
