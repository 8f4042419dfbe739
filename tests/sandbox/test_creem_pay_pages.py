"""The hosted pay page: a buyer pays, is declined, or leaves, and goes back to the shop."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.running_creem import SUCCESS_URL, RunningCreem, redirect_signature


def test_the_page_says_what_is_bought_and_knows_the_buyer(creem: RunningCreem) -> None:
    checkout = creem.checkout(units=3, customer={"email": "known@example.com"})

    page = creem.page(checkout)

    assert page.status_code == 200
    assert "3 × 10.00 USD" in page.text
    assert "30.00 USD" in page.text
    assert 'value="known@example.com"' in page.text


def test_a_known_customer_need_not_type_the_address_again(creem: RunningCreem) -> None:
    customer = creem.paid()["customer"]

    page = creem.page(creem.checkout(customer={"id": customer["id"]}))

    assert f'value="{customer["email"]}"' in page.text


def test_paying_leads_back_to_the_shop_by_a_signed_address(creem: RunningCreem) -> None:
    checkout = creem.checkout(request_id="ref-42")

    answer = creem.submit(checkout)

    paid = creem.get_checkout(checkout["id"])
    location = answer.headers["Location"]
    assert answer.status_code == 303
    assert location.startswith(f"{SUCCESS_URL}?")
    assert parse_qsl(urlsplit(location).query) == [
        ("checkout_id", checkout["id"]),
        ("order_id", paid["order"]["id"]),
        ("customer_id", paid["customer"]["id"]),
        ("product_id", "prod_standard"),
        ("request_id", "ref-42"),
        ("signature", redirect_signature(location)),
    ]


def test_a_reference_that_was_not_given_is_not_in_the_way_back(creem: RunningCreem) -> None:
    location = creem.submit(creem.checkout(request_id="")).headers["Location"]

    assert "request_id" not in location
    assert location.endswith(redirect_signature(location))


def test_paying_completes_the_checkout_with_order_product_and_customer(creem: RunningCreem) -> None:
    paid = creem.paid(units=2)

    order = paid["order"]
    assert (paid["status"], order["status"], order["type"]) == ("completed", "paid", "onetime")
    assert (order["amount"], order["amount_paid"], order["currency"]) == (2000, 2000, "USD")
    assert (order["product"], order["customer"]) == (paid["product"]["id"], paid["customer"]["id"])


def test_paying_twice_is_paying_once(creem: RunningCreem) -> None:
    checkout = creem.checkout()
    first = creem.submit(checkout)
    order = creem.get_checkout(checkout["id"])["order"]

    second = creem.submit(checkout)

    assert first.headers["Location"].replace("&", "&amp;") in second.text
    assert creem.get_checkout(checkout["id"])["order"] == order


def test_a_declined_card_costs_nothing_and_can_be_tried_again(creem: RunningCreem) -> None:
    checkout = creem.checkout()

    declined = creem.submit(checkout, "decline", email="typed@example.com", country="SG")

    assert declined.status_code == 402
    assert 'role="alert"' in declined.text
    assert 'value="typed@example.com"' in declined.text
    assert "<option selected>SG</option>" in declined.text
    assert creem.get_checkout(checkout["id"])["status"] == "pending"
    assert creem.submit(checkout).status_code == 303


def test_whoever_leaves_can_come_back(creem: RunningCreem) -> None:
    checkout = creem.checkout()

    left = creem.submit(checkout, "abandon")

    assert 'href="http://shop.example"' in left.text
    assert creem.get_checkout(checkout["id"])["status"] == "pending"
    assert creem.submit(checkout).status_code == 303


def test_an_expired_checkout_takes_no_money(creem: RunningCreem) -> None:
    checkout = creem.checkout()
    assert creem.control(f"/checkouts/{checkout['id']}/expire").ok

    answer = creem.submit(checkout)

    assert "has expired" in answer.text
    assert creem.get_checkout(checkout["id"])["status"] == "expired"


@pytest.mark.parametrize("typed", [{"email": "nobody"}, {"name": " "}, {"country": "XX"}])
def test_what_a_buyer_mistypes_is_said_and_costs_nothing(creem: RunningCreem, typed: dict[str, str]) -> None:
    checkout = creem.checkout()

    answer = creem.submit(checkout, **typed)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert creem.get_checkout(checkout["id"])["status"] == "pending"


@pytest.mark.parametrize(("country", "tax"), [("NL", 420), ("US", 0)])
def test_tax_is_added_to_an_exclusive_price(creem: RunningCreem, country: str, tax: int) -> None:
    checkout = creem.checkout(product_id="prod_taxed", units=2)

    creem.submit(checkout, country=country)

    order = creem.get_checkout(checkout["id"])["order"]
    assert (order["amount"], order["sub_total"], order["tax_amount"]) == (2000, 2000, tax)
    assert order["amount_due"] == order["amount_paid"] == 2000 + tax


def test_an_inclusive_price_is_what_is_paid_everywhere(creem: RunningCreem) -> None:
    checkout = creem.checkout()

    creem.submit(checkout, country="NL")

    order = creem.get_checkout(checkout["id"])["order"]
    assert (order["amount"], order["tax_amount"], order["amount_paid"]) == (1000, 0, 1000)


def test_the_page_says_how_often_is_charged_and_the_way_back_names_the_subscription(
    creem: RunningCreem,
) -> None:
    checkout = creem.checkout(product_id="prod_monthly")
    assert "5.00 USD every month" in creem.page(checkout).text
    assert "after 7 days for nothing" in creem.page(creem.checkout(product_id="prod_trial")).text

    location = creem.submit(checkout).headers["Location"]

    query = dict(parse_qsl(urlsplit(location).query))
    assert query["subscription_id"] == creem.get_checkout(checkout["id"])["subscription"]["id"]
    assert query["signature"] == redirect_signature(location)


def test_without_an_address_of_the_shop_the_buyer_stays(creem: RunningCreem) -> None:
    opened = creem.api("POST", "/checkouts", json={"product_id": "prod_standard"}).json()

    answer = creem.submit(opened)

    assert answer.status_code == 200
    assert "Thank you" in answer.text


def test_what_the_shop_and_the_buyer_say_is_shown_as_text(creem: RunningCreem) -> None:
    evil = "<script>alert(1)</script>"
    product = [{"id": "prod_evil", "name": evil, "price": 100, "currency": "USD"}]
    assert creem.control("/products", product).ok
    checkout = creem.checkout(product_id="prod_evil")

    declined = creem.submit(checkout, "decline", email=f'"{evil}', name=f'"{evil}')
    creem.submit(checkout, email=f'{evil}"@example.com')
    dashboard = creem.sandbox.request("GET", "/creem")

    assert evil not in declined.text
    assert evil not in dashboard.text
    assert "&lt;script&gt;" in dashboard.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_checkout_that_nobody_opened_has_no_page(creem: RunningCreem, method: str) -> None:
    answer = creem.sandbox.request(method, "/creem/test/checkout/prod_standard/ch_none", data={"act": "pay"})

    assert answer.status_code == 404


def test_a_button_that_is_not_there_does_nothing(creem: RunningCreem) -> None:
    checkout = creem.checkout()

    assert creem.submit(checkout, "steal").status_code == 400
    assert creem.get_checkout(checkout["id"])["status"] == "pending"
