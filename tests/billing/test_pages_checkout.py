"""From the price list to the provider's payment page, once."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from billing.models import Mode, Order, PackagePrice
from billing.services import checkouts, orders
from billing.services.orders import Buyer
from ledger.money import UnitRates
from tests.billing.shoppers import CHINESE, address, page_of, signed_in
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.factories.ledger import priced
from tests.portal.reading import english_left, words
from tests.sandbox.running_creem import RunningCreem
from tests.together import together

pytestmark = pytest.mark.django_db
EMAIL = "guest@example.com"


def hidden(page: str) -> dict[str, str]:
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return {name: value for name, value in fields.items() if name in {"word", "way"}}


def fill_in(client: Client, **fields: str) -> dict[str, str]:
    """Open the form of a checkout and return what it sends."""
    page = client.get("/checkout/standard").content.decode()
    return {"email": EMAIL, **hidden(page), **fields}


def send(client: Client, form: dict[str, str]) -> Any:
    return client.post("/checkout/standard", form)


def test_the_price_list_says_what_is_listed_and_what_is_charged() -> None:
    make.package(price_cents=813, badge="Most popular", purpose="Daily work")

    page = words(Client().get("/pricing").content.decode())

    for said in ("¥65.00", "Your card is charged", "$8.13", "17M", "$0.48", "Most popular", "Daily work"):
        assert said in page
    assert "17,000,000" in page


def test_a_price_list_names_the_model_that_it_counts_in_and_its_cache_price() -> None:
    make.package()
    priced(UnitRates(450_000_000, 9_000_000, 450_000_000, 450_000_000), name=settings.REFERENCE_MODEL)

    page = words(Client().get("/pricing").content.decode())

    assert "Tokens are counted as those of" in page
    assert "That is 1/50 of the price." in page


def test_an_empty_shop_says_what_will_stand_there() -> None:
    assert "Nothing for sale yet" in Client().get("/pricing").content.decode()


def test_the_price_list_speaks_chinese_alone() -> None:
    make.package(purpose_zh="日常工作")
    priced(UnitRates(450_000_000, 9_000_000, 450_000_000, 450_000_000), name=settings.REFERENCE_MODEL)

    page = Client().get("/pricing", headers=CHINESE).content.decode()

    assert english_left(page, settings.REFERENCE_MODEL, "USD", "CNY") == set()


def test_the_checkout_speaks_chinese_alone() -> None:
    make.package()

    page = Client().get("/checkout/standard", headers=CHINESE).content.decode()

    assert english_left(page, "Creem", "USD", "CNY") == set()


@pytest.mark.parametrize("slug", ["unknown", "withdrawn"])
def test_what_is_not_for_sale_cannot_be_checked_out(slug: str) -> None:
    make.package("withdrawn", is_offered=False)

    answer = Client().get(f"/checkout/{slug}")

    assert answer.status_code == 404
    assert "This is not for sale" in answer.content.decode()


def test_a_guest_gives_an_address_and_a_user_finds_theirs_filled_in() -> None:
    make.package()
    user = UserFactory.create()

    guest, member = Client().get("/checkout/standard"), signed_in(user).get("/checkout/standard")

    assert 'href="/login?next=/checkout/standard"' in guest.content.decode()
    assert f'value="{user.email}"' in member.content.decode()
    assert "the credit goes to your wallet" in words(member.content.decode())


def test_a_currency_is_chosen_only_where_there_is_a_choice() -> None:
    package = make.package()
    one = Client().get("/checkout/standard").content.decode()
    PackagePrice.objects.create(package=package, currency="EUR", price_cents=950, product_id="prod_eur")
    two = Client().get("/checkout/standard").content.decode()

    assert 'type="radio"' not in one
    assert two.count('type="radio" name="way"') == 2
    assert "€9.50" in words(two)


def test_a_purchase_leads_to_the_providers_page_and_opens_the_order_here(creem: RunningCreem) -> None:
    make.package()
    client = Client()

    answer = send(client, fill_in(client))

    order = Order.objects.get()
    between = client.get(answer.headers["Location"])
    assert answer.headers["Location"] == f"{address(order)}/pay"
    assert order.checkout_url
    assert f'content="0;url={order.checkout_url}"' in between.content.decode()
    assert between.headers["Referrer-Policy"] == "no-referrer"
    assert "Waiting for the payment" in page_of(client, order)
    assert (order.email, order.was_guest, order.state) == (EMAIL, True, Order.State.PENDING)


def test_a_users_order_is_theirs(creem: RunningCreem) -> None:
    make.package()
    user = UserFactory.create()
    client = signed_in(user)

    send(client, fill_in(client, email="Elsewhere@example.com"))

    order = Order.objects.get()
    assert (order.customer.user, order.email, order.was_guest) == (user, "elsewhere@example.com", False)


def test_the_chosen_currency_is_charged() -> None:
    package = make.package()
    PackagePrice.objects.create(package=package, currency="EUR", price_cents=950, product_id="prod_eur")
    client = Client()

    send(client, fill_in(client, way="creem-eur"))

    assert (Order.objects.get().currency, Order.objects.get().price_cents) == ("EUR", 950)


def test_a_form_that_is_sent_twice_is_one_order(creem: RunningCreem) -> None:
    make.package()
    client = Client()
    form = fill_in(client)

    first, second = send(client, form), send(client, form)

    assert Order.objects.count() == 1
    assert first.headers["Location"] == second.headers["Location"]


def test_another_form_or_another_address_is_another_order(creem: RunningCreem) -> None:
    make.package()
    client = Client()
    form = fill_in(client)

    for each in (form, form | {"email": "other@example.com"}, fill_in(client)):
        send(client, each)

    assert Order.objects.count() == 3


def test_the_word_of_a_form_is_worth_nothing_in_another_browser(creem: RunningCreem) -> None:
    make.package()
    client, thief = Client(), Client()
    form = fill_in(client)
    send(client, form)

    send(thief, fill_in(thief) | {"word": form["word"]})

    mine, theirs = Order.objects.order_by("pk")
    assert thief.get(address(mine)).status_code == 404
    assert thief.get(address(theirs)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_places_the_order() -> None:
    [price] = make.package().prices.all()
    buyer = Buyer(email=EMAIL, language="en")

    placed = together(
        4, lambda _: orders.place_once(orders.of_package(price), buyer, mode=Mode.TEST, form="f").pk
    )

    assert len(set(placed)) == 1
    assert Order.objects.count() == 1


def test_when_the_provider_does_not_answer_the_order_is_kept_and_can_be_tried_again(
    creem: RunningCreem,
) -> None:
    make.package()
    client = Client()
    creem.fail(mode="fail", status=503)
    answer = send(client, fill_in(client))
    order = Order.objects.get()
    page = page_of(client, order)
    creem.fail()

    again = client.post(f"{address(order)}/pay")

    assert answer.headers["Location"] == address(order)
    assert "The payment page could not be opened" in page
    assert f'action="{address(order)}/pay"' in page
    assert again.headers["Location"] == f"{address(order)}/pay"
    assert Order.objects.get().state == Order.State.PENDING


def test_whoever_has_paid_is_not_sent_to_pay_again(creem: RunningCreem) -> None:
    make.package()
    client = Client()
    form = fill_in(client)
    send(client, form)
    order = Order.objects.get()
    creem.control(f"/checkouts/{order.checkout_id}/pay", {"email": EMAIL})
    checkouts.ask(order.pk)

    for answer in (send(client, form), client.get(f"{address(order)}/pay")):
        assert answer.headers["Location"] == address(order)


def test_the_button_finds_a_payment_that_no_webhook_told(
    creem: RunningCreem, nudges: list[tuple[str, int]]
) -> None:
    make.package()
    client = Client()
    send(client, fill_in(client))
    order = Order.objects.get()
    creem.control(f"/checkouts/{order.checkout_id}/pay", {"email": EMAIL})

    client.post(f"{address(order)}/ask")

    assert Order.objects.get().state == Order.State.PAID
    assert ("billing.tasks.deliver_order", order.pk) in nudges


def test_the_button_says_when_there_is_no_payment_yet(creem: RunningCreem) -> None:
    make.package()
    client = Client()
    send(client, fill_in(client))
    order = Order.objects.get()

    part = client.post(f"{address(order)}/ask", headers={"HX-Request": "true"}).content.decode()
    client.post(f"{address(order)}/ask")
    page = page_of(client, order)

    for shown in (part, page):
        assert shown.count("no payment has arrived yet") == 1
        assert "Waiting for the payment" in shown


@pytest.mark.parametrize("wrong", [{"email": "nobody"}, {"way": "creem-gbp"}, {"word": "short"}])
def test_what_is_wrong_is_answered_by_the_form(wrong: dict[str, str]) -> None:
    make.package()
    client = Client()

    answer = send(client, fill_in(client, **wrong))

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Order.objects.exists()
