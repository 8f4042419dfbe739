"""Top-ups of a wallet: any whole amount in USD, dollar for dollar, by card or in coins."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from billing import tasks
from billing.errors import NotForSale
from billing.models import InboxEvent, Order, Review
from billing.services import price_check, topups
from ledger.models import Account
from ledger.money import usd
from tests.billing import creem_said
from tests.sandbox.running_creem import RunningCreem

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/wallet/topup"
DOLLAR_PRODUCT = "prod_dollar"


@pytest.fixture(autouse=True)
def _sold_by_card(settings: Settings, nudges: list[tuple[str, int]]) -> None:
    settings.CREEM_TOPUP_PRODUCT_ID = DOLLAR_PRODUCT


def ask(member: Client, dollars: str, way: str = "creem") -> "object":
    word = member.get(PAGE).context["form"].initial["word"]
    return member.post(PAGE, {"dollars": dollars, "way": way, "word": word})


def pay(order: Order, **changes: object) -> None:
    """Let Creem tell that ``order`` was paid, and have that handled."""
    told = {"product_id": order.product_id, "units": order.units, "amount": order.price_cents, **changes}
    assert creem_said.tell(creem_said.completed(order.reference, **told)) == 200  # type: ignore[arg-type]
    for event in InboxEvent.objects.filter(handled_at=None):
        tasks.handle_event(event.pk)


def test_a_dollar_paid_is_a_dollar_of_credit(creem: RunningCreem, member: Client, user: User) -> None:
    ask(member, "37")
    order = Order.objects.get()

    pay(order)

    order.refresh_from_db()
    assert (order.kind, order.units, order.price_cents) == ("credit", 37, 3700)
    assert (order.state, order.result) == ("delivered", "wallet")
    assert Account.objects.get(customer__user=user).wallet_balance_nano_usd == usd("37")


@pytest.mark.parametrize("wrong", [{"units": 36}, {"amount": 3600}, {"product_id": "prod_other"}])
def test_what_differs_from_the_order_credits_nothing(
    creem: RunningCreem, member: Client, wrong: dict[str, object]
) -> None:
    ask(member, "37")

    pay(Order.objects.get(), **wrong)

    assert Review.objects.count() == 1
    assert not Order.objects.get().is_paid


def test_by_card_it_leads_to_the_payment_page_of_so_many_dollars(creem: RunningCreem, member: Client) -> None:
    answer = ask(member, "12")

    order = Order.objects.get()
    assert order.state == Order.State.PENDING
    assert answer.url == reverse("order_pay", args=[order.reference])  # type: ignore[attr-defined]


def test_in_coins_it_leads_to_the_page_of_the_order(member: Client) -> None:
    answer = ask(member, "25", "nowpayments")

    order = Order.objects.get()
    assert (order.provider, order.product_id, order.units, order.price_cents) == ("nowpayments", "", 1, 2500)
    assert answer.url == reverse("order", args=[order.reference])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("dollars", "way", "complaint"),
    [
        ("4", "creem", "At least 5 USD"),
        ("19", "nowpayments", "At least 20 USD"),
        ("2001", "creem", "At most 2000 USD"),
        ("12.50", "creem", "whole number"),
        ("-3", "creem", "greater than or equal to 1"),
        ("", "creem", "required"),
        ("50", "gold", "Reload the page"),
    ],
)
def test_an_amount_that_is_not_taken_is_told_why(
    member: Client, dollars: str, way: str, complaint: str
) -> None:
    answer = ask(member, dollars, way)

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert complaint in answer.content.decode()  # type: ignore[attr-defined]
    assert not Order.objects.exists()


def test_what_is_not_sold_is_refused_by_the_service_too(settings: Settings) -> None:
    settings.CREEM_TOPUP_PRODUCT_ID = ""

    assert [way.provider for way in topups.ways()] == ["nowpayments"]
    with pytest.raises(NotForSale):
        topups.sale(50, "creem")
    with pytest.raises(NotForSale):
        topups.sale(2, "nowpayments")


def test_where_no_way_is_left_the_page_leads_to_packages(member: Client, settings: Settings) -> None:
    settings.CREEM_TOPUP_PRODUCT_ID = settings.NOWPAYMENTS_API_KEY = ""

    page = member.get(PAGE).content.decode()

    assert "The wallet cannot be topped up by any amount here." in page
    assert 'id="topup"' not in page


def test_a_form_that_is_sent_twice_is_one_order(creem: RunningCreem, member: Client) -> None:
    word = member.get(PAGE).context["form"].initial["word"]
    fields = {
        "dollars": "10",
        "way": "nowpayments",
        "word": word,
    }

    member.post(PAGE, fields | {"dollars": "30"})
    member.post(PAGE, fields | {"dollars": "30"})

    assert Order.objects.count() == 1


def test_guests_are_asked_to_sign_in(client: Client) -> None:
    answer = client.get(PAGE)

    assert answer.status_code == 302
    assert "/login" in answer.url  # type: ignore[attr-defined]


def test_the_doctor_looks_at_the_product_of_top_ups(creem: RunningCreem, settings: Settings) -> None:
    assert price_check.faults_at_creem() == []

    settings.CREEM_TOPUP_PRODUCT_ID = "prod_standard"
    assert "top-ups, USD 1.00, product prod_standard: Creem charges 1000" in price_check.faults_at_creem()[0]
