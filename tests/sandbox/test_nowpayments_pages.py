"""The hosted pages: a coin is chosen, and everything that can happen to a payment is a button."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.receiver import Receiver
from tests.sandbox.running_nowpayments import RunningNowPayments, in_order


def open_page(nowpayments: RunningNowPayments, address: str) -> requests.Response:
    split = urlsplit(address)
    return nowpayments.sandbox.request("GET", f"{split.path}?{split.query}")


def press(nowpayments: RunningNowPayments, address: str, act: str, **typed: str) -> requests.Response:
    split = urlsplit(address)
    form = {"act": act, **typed}
    return nowpayments.sandbox.request(
        "POST", f"{split.path}?{split.query}", data=form, allow_redirects=False
    )


def chosen(nowpayments: RunningNowPayments, coin: str = "xrp", **fields: Any) -> str:
    """Open an invoice, choose a coin on its page, and return the address of the payment's page."""
    return press(nowpayments, nowpayments.invoice(**fields)["invoice_url"], "choose", coin=coin).headers[
        "Location"
    ]


def payment_id(address: str) -> str:
    return parse_qs(urlsplit(address).query)["paymentId"][0]


def test_the_page_of_an_invoice_says_what_is_to_be_paid(nowpayments: RunningNowPayments) -> None:
    invoice = nowpayments.invoice(order_description="<b>Standard</b>")

    page = open_page(nowpayments, invoice["invoice_url"])

    assert "25 USD" in page.text
    assert "&lt;b&gt;Standard&lt;/b&gt;" in page.text
    assert '<option value="btc">Bitcoin</option>' in page.text


def test_a_chosen_coin_has_an_address_an_amount_and_a_memo(nowpayments: RunningNowPayments) -> None:
    address = chosen(nowpayments)

    page = open_page(nowpayments, address)

    payment = nowpayments.get(payment_id(address))
    assert f"<code>{payment['pay_address']}</code>" in page.text
    assert f"<code>{payment['payin_extra_id']}</code>" in page.text
    assert f"<code>{payment['pay_amount']}</code>" in page.text


def test_a_coin_that_the_shop_chose_cannot_be_changed(nowpayments: RunningNowPayments) -> None:
    address = chosen(nowpayments, coin="btc", pay_currency="ltc")

    assert nowpayments.get(payment_id(address))["pay_currency"] == "ltc"


def test_another_coin_can_be_chosen_and_each_is_a_payment(nowpayments: RunningNowPayments) -> None:
    invoice = nowpayments.invoice()
    ids = [
        payment_id(press(nowpayments, invoice["invoice_url"], "choose", coin=coin).headers["Location"])
        for coin in ("xrp", "btc")
    ]

    page = open_page(nowpayments, invoice["invoice_url"])

    assert [f"Payment {each}: waiting" in page.text for each in ids] == [True, True]


@pytest.mark.parametrize(
    ("coin", "fields", "status"),
    [("doge", {}, 400), ("", {}, 400), ("btc", {"price_amount": 5}, 400), ("luna", {}, 400)],
)
def test_a_coin_that_cannot_be_paid_with_is_refused_on_the_page(
    nowpayments: RunningNowPayments, coin: str, fields: dict[str, Any], status: int
) -> None:
    answer = press(nowpayments, nowpayments.invoice(**fields)["invoice_url"], "choose", coin=coin)

    assert (answer.status_code, 'role="alert"' in answer.text) == (status, True)


def test_paying_on_the_page_finishes_the_payment_and_leads_back(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    address = chosen(nowpayments, success_url="https://shop.example/orders/ref-1")

    answer = press(nowpayments, address, "exact")

    nowpayments.notifications()
    page = open_page(nowpayments, address)
    assert answer.status_code == 303
    assert "finished" in page.text
    assert 'href="https://shop.example/orders/ref-1"' in page.text
    assert in_order(ipn_receiver.deliveries)[-1].event["payment_status"] == "finished"


def test_coins_that_are_sent_again_show_on_the_page_of_the_first(nowpayments: RunningNowPayments) -> None:
    address = chosen(nowpayments)
    press(nowpayments, address, "exact")
    press(nowpayments, address, "exact")
    nowpayments.notifications()

    page = open_page(nowpayments, address)

    [child_id] = nowpayments.get(payment_id(address))["payment_extra_ids"]
    assert f"Payment {child_id}: finished" in page.text


@pytest.mark.parametrize(
    "act", ["exact", "short", "over", "dust", "wrong", "expire", "fail", "refund", "finish", "cancel"]
)
def test_every_act_has_its_button(nowpayments: RunningNowPayments, act: str) -> None:
    page = open_page(nowpayments, chosen(nowpayments))

    assert f'<button name="act" value="{act}">' in page.text


def test_what_cannot_happen_now_is_said_on_the_page(nowpayments: RunningNowPayments) -> None:
    answer = press(nowpayments, chosen(nowpayments), "refund")

    assert (answer.status_code, "There is nothing to send back" in answer.text) == (400, True)


@pytest.mark.parametrize("query", ["", "?iid=1", "?paymentId=1"])
def test_a_page_of_nothing_is_not_there(nowpayments: RunningNowPayments, query: str) -> None:
    assert nowpayments.sandbox.request("GET", f"/nowpayments/payment/{query}").status_code == 404


def test_the_dashboard_lists_payments_and_resends(
    nowpayments: RunningNowPayments, ipn_receiver: Receiver
) -> None:
    payment = nowpayments.paid(order_id="<i>ref</i>")
    page = nowpayments.sandbox.request("GET", "/nowpayments")
    newest = re.findall("/nowpayments/notifications/[0-9]+/resend", page.text)[0]

    nowpayments.sandbox.request("POST", newest)

    nowpayments.notifications()
    told = [delivery.event["payment_status"] for delivery in in_order(ipn_receiver.deliveries)]
    assert str(payment["payment_id"]) in page.text
    assert "&lt;i&gt;ref&lt;/i&gt;" in page.text
    assert told == ["waiting", "confirming", "confirmed", "sending", "finished", "finished"]
