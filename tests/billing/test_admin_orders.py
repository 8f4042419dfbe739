"""An order in the admin: its whole story in one list, and the acts that hurry it."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import KeyIntent, Order, OrderMail, Review
from billing.services import checkouts, delivery, inbox, mailing, reviews
from tests.billing import paying
from tests.billing.creem_said import unheard_of
from tests.billing.staff import a_sale, staff_who_may
from tests.factories import billing as make
from tests.factories.accounts import StaffFactory
from tests.sandbox.running_creem import RunningCreem

PAGE = "admin:billing_order_change"
ASK, DELIVER = "admin:billing_order_ask", "admin:billing_order_deliver"

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return staff_who_may("view_order", "ask_provider")


def test_the_page_tells_the_whole_story_in_its_order(browser: Client) -> None:
    order = a_sale()
    order.events.update(body=unheard_of(order.reference))
    inbox.handle(order.events.get().pk)
    KeyIntent.objects.create(order=order, quota=1, last_error="ProviderUnavailable")
    mailing.send_due()

    story = story_of(browser, order)

    assert [line.split(" | ")[0] for line in story[:4]] == [
        "order created",
        "payment recorded",
        "mail promised",
        "paid",
    ]
    assert "webhook received | checkout.completed · kept, nothing to do" in story
    assert "payment recorded | " in " ".join(story)
    assert any(line.startswith("mail promised | order received · sent ") for line in story)
    assert "mail sent | received" in story
    assert "key console asked | waits · ProviderUnavailable" in story
    assert "review opened | paid a second time · open" in story


def test_a_review_that_was_closed_says_by_whom_and_how(browser: Client) -> None:
    order, person = a_sale(), StaffFactory.create()

    reviews.close(Review.objects.get(), by=person, note="Refunded at Creem.")

    assert any(line.endswith(f"by {person}: Refunded at Creem.") for line in story_of(browser, order))


def test_a_key_that_a_console_did_not_make_is_part_of_the_story(browser: Client) -> None:
    order = a_sale()

    KeyIntent.objects.create(order=order, quota=1, ended_at="2100-01-01 00:00+00:00", is_given_up=True)

    assert "key console asked | given up" in story_of(browser, order)


def test_a_mail_that_was_given_up_says_why(browser: Client) -> None:
    order = a_sale()

    OrderMail.objects.update(send_at=None, last_error="SMTPRecipientsRefused")

    assert "mail promised | order received · given up · SMTPRecipientsRefused" in story_of(browser, order)


@pytest.mark.parametrize(("name", "said"), [("delivery", "paid"), ("payment", "unpaid")])
def test_orders_that_wait_are_found_by_what_they_wait_for(browser: Client, name: str, said: str) -> None:
    paying.paid(make.package("paid"))
    unpaid = make.order(make.package("unpaid"))
    Order.objects.filter(pk=unpaid.pk).update(ask_at=timezone.now())
    make.order(make.package("through"))

    found = browser.get(reverse("admin:billing_order_changelist"), {"waits": name}).context["cl"].result_list

    assert [order.package.slug for order in found] == [said]


def test_asking_brings_a_payment_that_no_webhook_told(
    browser: Client, creem: RunningCreem, nudges: list[tuple[str, int]]
) -> None:
    order = make.order()
    page = checkouts.open_page(order)
    creem.submit({"checkout_url": page})

    answer = browser.post(reverse(ASK, args=[order.pk]), follow=True)

    order.refresh_from_db()
    assert order.state == Order.State.PAID
    assert nudges == [("billing.tasks.deliver_order", order.pk)]
    assert "The provider was asked. The order is: paid." in answer.text
    assert LogEntry.objects.get().change_message == "Asked the provider."


def test_asking_about_an_open_page_changes_nothing(
    browser: Client, creem: RunningCreem, nudges: list[tuple[str, int]]
) -> None:
    order = make.order()
    checkouts.open_page(order)

    answer = browser.post(reverse(ASK, args=[order.pk]), follow=True)

    assert "The order is: waiting for payment." in answer.text
    assert nudges == []


def test_asking_while_the_provider_is_away_is_no_fault(browser: Client, creem: RunningCreem) -> None:
    order = make.order()
    checkouts.open_page(order)
    creem.fail(mode="fail", status=503)

    answer = browser.post(reverse(ASK, args=[order.pk]), follow=True)

    assert "The order is: waiting for payment." in answer.text


def test_a_delivery_is_tried_again_at_once(browser: Client, nudges: list[tuple[str, int]]) -> None:
    order = paying.paid()
    Order.objects.filter(pk=order.pk).update(deliver_at="2100-01-01 00:00+00:00")

    browser.post(reverse(DELIVER, args=[order.pk]))

    assert delivery.due() == [order.pk]
    assert nudges == [("billing.tasks.deliver_order", order.pk)]
    assert LogEntry.objects.get().change_message == "Tried the delivery again."


def test_an_order_that_is_delivered_is_not_delivered_again(
    browser: Client, nudges: list[tuple[str, int]]
) -> None:
    order = paying.paid()
    delivery.deliver(order.pk)
    order.refresh_from_db()

    browser.post(reverse(DELIVER, args=[order.pk]))
    delivery.deliver(order.pk)

    assert Order.objects.get() == order
    assert (Order.objects.get().api_key_id, Order.objects.get().deliver_at) == (order.api_key_id, None)


def test_an_order_offers_only_what_can_help_it(browser: Client) -> None:
    unpaid = make.order()
    Order.objects.filter(pk=unpaid.pk).update(checkout_id="ch_1")
    paid = paying.paid(make.package("paid"))
    done = paying.paid(make.package("done"))
    delivery.deliver(done.pk)

    offered = [acts_of(browser, order) for order in (unpaid, paid, done)]

    assert offered == [["ask"], ["deliver"], []]


@pytest.mark.parametrize("act", [ASK, DELIVER])
def test_acts_need_their_right_and_a_button(act: str) -> None:
    order = a_sale()

    assert staff_who_may("view_order").post(reverse(act, args=[order.pk])).status_code == 403
    assert staff_who_may("ask_provider").get(reverse(act, args=[order.pk])).status_code == 405
    assert staff_who_may("ask_provider").post(reverse(act, args=[0])).status_code == 404
    assert acts_of(staff_who_may("view_order"), order) == []


def story_of(browser: Client, order: Order) -> list[str]:
    lines: list[Any] = browser.get(reverse(PAGE, args=[order.pk])).context["timeline"]
    return [f"{line.what} | {line.detail}" for line in lines]


def acts_of(browser: Client, order: Order) -> list[str]:
    page = browser.get(reverse(PAGE, args=[order.pk])).text
    return [name for name in ("ask", "deliver") if f'/{order.pk}/{name}/"' in page]


def test_coins_are_part_of_the_story(browser: Client) -> None:
    order = a_sale()

    assert "coins told of | 0 ltc · none came" in story_of(browser, order)
