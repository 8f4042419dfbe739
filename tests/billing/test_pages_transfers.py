"""The pages of the transfer desk: who may see what, and what a form answers."""

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from billing.models import Order, Transfer, TransferScreenshot
from tests.billing import shoppers
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

WORD = "a-word-that-is-long-enough"


def place(client: Client, *, slug: str = "alipay", **typed: str) -> Any:
    form = {"word": WORD, "email": "guest@example.com", "package": "", "amount": "80", **typed}
    return client.post(f"/transfers/{slug}", form)


def submit(client: Client, order: Order, **typed: object) -> Any:
    return client.post(f"/orders/{order.reference}/transfer", {"transaction_reference": "TX-1234", **typed})


def test_the_desk_lists_open_channels_with_rate_and_smallest_amount(client: Client) -> None:
    make.channel()
    make.channel("closed", is_open=False)

    page = client.get("/transfers").text

    assert "Alipay" in page
    assert "8 CNY = 1 USD" in page
    assert "Closed" not in page


def test_a_desk_without_channels_says_so(client: Client) -> None:
    assert "No channel is open" in client.get("/transfers").text


@pytest.mark.parametrize("path", ["/pricing", "/checkout/standard"])
def test_the_desk_is_found_where_people_pay(client: Client, path: str) -> None:
    make.package()

    assert 'href="/transfers' in client.get(path).text


def test_a_closed_channel_is_no_page(client: Client) -> None:
    make.channel(is_open=False)

    assert client.get("/transfers/alipay").status_code == 404


def test_a_guest_places_an_order_for_an_amount(client: Client) -> None:
    make.channel()

    answer = place(client)

    order = Order.objects.get()
    assert answer.url == f"/orders/{order.reference}"
    page = client.get(answer.url).text
    assert "account of the shop" in page
    assert order.transfer.memo in page
    assert order.credit_nano_usd == 10_000_000_000


def test_a_package_is_bought_at_its_price_in_the_currency(client: Client) -> None:
    make.package()
    make.channel()

    place(client, package="standard", amount="")

    order = Order.objects.get()
    assert (order.kind, order.price_cents, order.tokens) == ("package", 6500, 17_000_000)


def test_the_package_of_the_checkout_is_chosen_already(client: Client) -> None:
    make.package()
    make.channel()

    assert '<option value="standard" selected>' in client.get("/transfers/alipay?package=standard").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount": ""}, "Say how much you want to transfer."),
        ({"amount": "-5"}, "Say how much you want to transfer."),
        ({"amount": "9.99"}, "The smallest amount of this channel is 10.00 CNY."),
        ({"amount": "1.234"}, "no more than 2 decimal"),
        ({"email": "nobody"}, "valid email"),
        ({"package": "unheard-of"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_with_the_form_is_told_by_its_field(
    client: Client, typed: dict[str, str], said: str
) -> None:
    make.channel()

    answer = place(client, **typed)

    assert answer.status_code == 422
    assert said in answer.text
    assert not Order.objects.exists()


def test_too_many_forms_are_refused_for_a_while(client: Client) -> None:
    make.channel()
    answers = [place(client, word=f"{WORD}-{number}") for number in range(11)]

    assert [answer.status_code for answer in answers] == [302] * 10 + [429]


def test_the_page_asks_for_the_reference_and_takes_a_screenshot() -> None:
    order = make.transfer_order()
    buyer = shoppers.buyer_of(order)

    answer = submit(buyer, order, screenshot=make.picture())

    assert answer.status_code == 302
    page = shoppers.page_of(buyer, order)
    assert "We are checking your transfer" in page
    assert "TX-1234" in page
    assert 'id="submission"' not in page


def test_a_bad_file_is_answered_by_its_field_and_the_text_is_kept() -> None:
    order = make.transfer_order()

    answer = submit(shoppers.buyer_of(order), order, screenshot=BytesIO(b"<svg/>"))

    assert answer.status_code == 422
    assert "no picture that we can read" in answer.content.decode()
    assert 'value="TX-1234"' in answer.content.decode()
    assert Transfer.objects.get().state == "waiting"


def test_a_short_reference_is_answered_by_its_field() -> None:
    order = make.transfer_order()

    answer = submit(shoppers.buyer_of(order), order, transaction_reference="ab")

    assert (answer.status_code, Transfer.objects.get().state) == (422, "waiting")


def test_nobody_else_submits_or_looks() -> None:
    order = make.transfer_order()
    submit(shoppers.buyer_of(order), order, screenshot=make.picture())
    picture = TransferScreenshot.objects.get()
    stranger = shoppers.browser("another browser")

    assert submit(stranger, order).status_code == 404
    assert stranger.get(f"/orders/{order.reference}/screenshots/{picture.pk}").status_code == 404


def test_the_holder_sees_the_picture_as_nothing_but_a_picture() -> None:
    order, other = make.transfer_order(), make.transfer_order(make.channel("wechat"))
    buyer = shoppers.buyer_of(order)
    submit(buyer, order, screenshot=make.picture())
    picture = TransferScreenshot.objects.get()

    answer = buyer.get(f"/orders/{order.reference}/screenshots/{picture.pk}")

    assert Image.open(BytesIO(answer.content)).format == "JPEG"
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert (
        shoppers.buyer_of(other).get(f"/orders/{other.reference}/screenshots/{picture.pk}").status_code == 404
    )


def test_the_owner_sees_how_far_it_is_in_the_list_of_orders() -> None:
    user = UserFactory.create()
    make.submitted_order(user=user)

    assert "being checked" in shoppers.signed_in(user).get("/dashboard").text


def test_a_qr_code_is_drawn_from_text_or_is_the_picture_of_the_operator(client: Client) -> None:
    make.channel(qr_text="address")
    make.channel("wechat", qr_image=make.picture("JPEG").getvalue())
    make.channel("okx")

    kinds = [client.get(f"/transfers/{slug}/qr").headers["Content-Type"] for slug in ("alipay", "wechat")]

    assert kinds == ["image/svg+xml", "image/jpeg"]
    assert client.get("/transfers/okx/qr").status_code == 404


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("asked", "We have a question about your transfer"),
        ("rejected", "Your transfer was not accepted"),
        ("lapsed", "it still counts"),
    ],
)
def test_the_page_says_what_became_of_the_transfer(state: str, said: str) -> None:
    order = make.submitted_order()
    Transfer.objects.update(
        state=state,
        reason="not_arrived" if state == "rejected" else "",
        lapse_at="2100-01-01T00:00Z" if state == "asked" else None,
    )

    assert said in shoppers.page_of(shoppers.buyer_of(order), order)
