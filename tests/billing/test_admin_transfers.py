"""The queue of the transfer desk: worked through by those with the right, the oldest first."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from billing.models import Order, Transfer, TransferChannel, TransferDecision, TransferScreenshot
from billing.services import transfers
from tests.billing.staff import staff_who_may
from tests.factories import billing as make

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE = "admin:billing_transfer_changelist"
PAGE = "admin:billing_transfer_change"
ACTS = {
    "approve": {"amount": "80", "reference": "TX-1234"},
    "reject": {"reason": "not_arrived", "message": ""},
    "question": {"message": "Which bank?"},
}


@pytest.fixture
def clerk(nudges: list[tuple[str, int]]) -> Client:
    return staff_who_may("view_transfer", "view_order", "decide_transfer")


def press(client: Client, order: Order, act: str, **typed: str) -> Any:
    address = reverse(f"admin:billing_transfer_{act}", args=[order.transfer.pk])
    return client.post(address, {**ACTS[act], **typed}, follow=True)


def test_the_queue_shows_what_waits_the_oldest_first_and_marks_doubles(clerk: Client) -> None:
    alipay = make.channel()
    first = make.submitted_order(alipay)
    second = make.submitted_order(make.channel("wechat"))
    make.transfer_order(alipay)

    answer = clerk.get(reverse(QUEUE))

    assert [row.order for row in answer.context["cl"].result_list] == [first, second]
    assert answer.text.count("Another transfer names this reference") == 2


@pytest.mark.parametrize(("asked", "count"), [("waiting", 1), ("all", 2), ("rejected", 0)])
def test_other_states_are_found_by_the_filter(clerk: Client, asked: str, count: int) -> None:
    channel = make.channel()
    make.submitted_order(channel)
    make.transfer_order(channel)

    assert len(clerk.get(reverse(QUEUE), {"state": asked}).context["cl"].result_list) == count


def test_a_memo_finds_its_transfer_in_any_state(clerk: Client) -> None:
    order = make.transfer_order()

    found = clerk.get(reverse(QUEUE), {"q": order.transfer.memo}).context["cl"].result_list

    assert [row.order for row in found] == [order]


def test_approving_delivers(clerk: Client, nudges: list[tuple[str, int]]) -> None:
    order = make.submitted_order()

    answer = press(clerk, order, "approve")

    assert "The transfer is approved" in answer.text
    assert nudges == [("billing.tasks.deliver_order", order.pk)]
    assert Transfer.objects.get().state == "approved"
    assert LogEntry.objects.get().change_message == "Approved the transfer."


def test_the_form_offers_what_was_asked_and_typed(clerk: Client) -> None:
    order = make.submitted_order()

    page = clerk.get(reverse("admin:billing_transfer_approve", args=[order.transfer.pk])).text

    assert 'value="80' in page
    assert 'value="TX-1234"' in page


def test_rejecting_and_asking_write_down_why(clerk: Client) -> None:
    channel = make.channel()
    first, second = make.submitted_order(channel), make.submitted_order(channel)

    press(clerk, first, "reject")
    press(clerk, second, "question")

    assert [made.kind for made in TransferDecision.objects.all()] == ["rejected", "asked"]
    assert "rejected" in clerk.get(reverse(PAGE, args=[first.transfer.pk])).text


def test_the_second_of_two_is_told_that_it_is_settled(clerk: Client) -> None:
    order = make.submitted_order()
    press(clerk, order, "reject")

    answers = [press(clerk, order, act) for act in ACTS]

    assert all("This was settled meanwhile." in answer.text for answer in answers)
    assert TransferDecision.objects.count() == 1


def test_a_transaction_that_has_paid_is_told_by_the_form(clerk: Client) -> None:
    channel = make.channel()
    first, second = make.submitted_order(channel), make.submitted_order(channel)
    press(clerk, first, "approve")

    assert "has paid another order" in press(clerk, second, "approve").text


@pytest.mark.parametrize("act", ACTS)
def test_acts_need_their_right(act: str) -> None:
    order = make.submitted_order()

    assert press(staff_who_may("view_transfer", "change_transfer"), order, act).status_code == 403
    assert Transfer.objects.get().state == "submitted"


@pytest.mark.parametrize("act", ACTS)
def test_an_empty_form_decides_nothing(clerk: Client, act: str) -> None:
    order = make.submitted_order()
    empty = dict.fromkeys(ACTS[act], "")

    assert press(clerk, order, act, **empty).status_code == 200
    assert not TransferDecision.objects.exists()


def test_screenshots_are_for_those_who_decide(clerk: Client) -> None:
    order = make.transfer_order()
    transfers.submit(order, reference="TX-1234", screenshot=make.picture(), address="a")
    picture = TransferScreenshot.objects.get()
    address = reverse("admin:billing_transfer_screenshot", args=[picture.transfer_id, picture.pk])

    answer = clerk.get(address)

    assert answer["Content-Type"] == "image/jpeg"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert staff_who_may("view_transfer").get(address).status_code == 403
    assert Client().get(address).status_code == 302
    assert address in clerk.get(reverse(PAGE, args=[picture.transfer_id])).text


def test_the_story_of_the_order_tells_of_the_decision(clerk: Client) -> None:
    order = make.submitted_order()
    press(clerk, order, "reject", message="No trace.")

    page = clerk.get(reverse("admin:billing_order_change", args=[order.pk])).text

    assert "No trace." in page
    assert "Buyer told of the transfer" in page


def test_staff_open_a_channel_with_a_picture() -> None:
    make.rate()
    browser = staff_who_may("view_transferchannel", "add_transferchannel", "change_transferchannel")
    typed = {
        "slug": "alipay", "name": "Alipay", "name_zh": "支付宝", "currency": "CNY", "account": "somewhere",
        "minimum_cents": "10", "position": "0", "is_open": "on",
    }  # fmt: skip

    answer = browser.post(
        reverse("admin:billing_transferchannel_add"), {**typed, "picture": make.picture()}, follow=True
    )

    channel = TransferChannel.objects.get()
    assert answer.status_code == 200
    assert (channel.minimum_cents, channel.has_qr) == (1000, True)
    again = browser.post(reverse("admin:billing_transferchannel_change", args=[channel.pk]), typed)
    channel.refresh_from_db()
    assert (again.status_code, channel.has_qr) == (302, True)


def test_a_file_that_is_no_picture_opens_no_channel() -> None:
    make.rate()
    browser = staff_who_may("view_transferchannel", "add_transferchannel")
    file = make.picture()
    file.seek(30)

    answer = browser.post(reverse("admin:billing_transferchannel_add"), {"picture": file})

    assert "This file is no picture that can be read." in answer.text
    assert not TransferChannel.objects.exists()
