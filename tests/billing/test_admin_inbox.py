"""The inbox, reviews and mails in the admin: what they show, and their acts."""

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client
from django.urls import reverse

from billing.models import InboxEvent, Order, OrderMail, Review
from billing.services import inbox, mailing, mails, reviews
from tests.billing.creem_said import completed, signature_of
from tests.billing.staff import a_sale, staff_who_may
from tests.factories import billing as make
from tests.factories.accounts import StaffFactory

EVENT, REPLAY = "admin:billing_inboxevent_change", "admin:billing_inboxevent_replay"
EVENTS, REVIEWS = "admin:billing_inboxevent_changelist", "admin:billing_review_changelist"
CLOSE, SEND = "admin:billing_review_close", "admin:billing_ordermail_send"

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    rights = ["view_inboxevent", "replay_event", "view_review", "change_review", "change_ordermail"]
    return staff_who_may(*rights)


def told(order: Order) -> InboxEvent:
    """Return the stored webhook of the payment of ``order``."""
    body = completed(order.reference, amount=order.price_cents)
    inbox.receive("creem", body, {"creem-signature": signature_of(body)})
    return InboxEvent.objects.latest("pk")


def test_the_page_of_an_event_shows_what_was_said_in_lines(browser: Client) -> None:
    event = told(make.order())

    page = browser.get(reverse(EVENT, args=[event.pk])).text

    assert "&quot;eventType&quot;: &quot;checkout.completed&quot;,\n" in page


@pytest.mark.parametrize("body", [b"", b"\xff\xfe<script>", b"[" * 60_000, b'{"n": NaN}'])
def test_a_body_that_is_no_json_is_shown_as_it_came_and_runs_nothing(browser: Client, body: bytes) -> None:
    event = InboxEvent.objects.create(provider="creem", event_id="evt_odd", kind="odd", body=body)

    answer = browser.get(reverse(EVENT, args=[event.pk]))

    assert answer.status_code == 200
    assert "<script>" not in answer.text.split('class="told"')[1].split("</pre>")[0]


def test_an_event_that_waits_is_found_among_those_that_do_not(browser: Client) -> None:
    handled = told(make.order())
    inbox.handle(handled.pk)
    waits = InboxEvent.objects.create(provider="creem", event_id="evt_waits", kind="odd", body=b"")

    found = browser.get(reverse(EVENTS), {"handled": "no"}).context["cl"].result_list

    assert list(found) == [waits]


def test_an_event_that_failed_can_be_handled_again(browser: Client, nudges: list[tuple[str, int]]) -> None:
    event = told(make.order())
    InboxEvent.objects.update(handle_at="2100-01-01 00:00+00:00", attempts=9, last_error="KeyError")

    browser.post(reverse(REPLAY, args=[event.pk]))

    assert list(InboxEvent.objects.waiting()) == [event]
    assert nudges == [("billing.tasks.handle_event", event.pk)]
    assert LogEntry.objects.get().change_message == "Handled again."


def test_handling_an_applied_event_again_changes_nothing(
    browser: Client, nudges: list[tuple[str, int]]
) -> None:
    order = make.order()
    event = told(order)
    inbox.handle(event.pk)
    before = Order.objects.values().get()

    browser.post(reverse(REPLAY, args=[event.pk]))
    inbox.handle(event.pk)

    event.refresh_from_db()
    assert event.outcome == InboxEvent.Outcome.NOTHING_NEW
    assert Order.objects.values().get() == before
    assert (OrderMail.objects.count(), Review.objects.count()) == (1, 0)


def test_reviews_begin_with_the_open_ones_and_a_search_finds_all(browser: Client) -> None:
    a_sale("open")
    order = a_sale("closed")
    reviews.close(order.reviews.get(), by=StaffFactory.create(), note="Done.")

    def found(**asked: str) -> list[str]:
        rows = browser.get(reverse(REVIEWS), asked).context["cl"].result_list
        return sorted(review.order.package.slug for review in rows)

    assert found() == ["open"]
    assert found(closed="yes") == ["closed"]
    assert found(closed="all") == ["closed", "open"]
    assert found(q=order.reference) == ["closed"]


def test_a_review_is_closed_with_a_note_once(browser: Client) -> None:
    review = a_sale().reviews.get()

    browser.post(reverse(CLOSE, args=[review.pk]), {"note": "Refunded at Creem."})
    late = browser.post(reverse(CLOSE, args=[review.pk]), {"note": "Another."})

    assert "Somebody has resolved this review meanwhile." in late.text
    review.refresh_from_db()
    assert (review.note, review.closed_at is not None) == ("Refunded at Creem.", True)
    assert review.closed_by is not None


def test_the_review_of_a_paid_order_leads_to_its_refund_for_whoever_may() -> None:
    order = a_sale()
    address = reverse("admin:billing_review_change", args=[order.reviews.get().pk])

    pages = {
        right: staff_who_may("view_review", right).get(address).text
        for right in ("refund_order", "change_review")
    }

    refund = reverse("admin:billing_order_refund", args=[order.pk])
    assert [right for right, page in pages.items() if refund in page] == ["refund_order"]


def test_the_review_of_an_unpaid_order_leads_to_no_refund() -> None:
    order = make.order()
    review = reviews.open(Review.Reason.NOT_DELIVERED, subject="x", order=order)

    page = staff_who_may("view_review", "refund_order").get(
        reverse("admin:billing_review_change", args=[review.pk])
    )

    assert reverse("admin:billing_order_refund", args=[order.pk]) not in page.text


def test_a_review_is_not_closed_without_a_note(browser: Client) -> None:
    review = a_sale().reviews.get()

    asked = browser.get(reverse(CLOSE, args=[review.pk]))
    refused = browser.post(reverse(CLOSE, args=[review.pk]), {"note": ""})

    assert "it moves no money" in asked.text
    assert "This field is required." in refused.text
    assert Review.objects.open().exists()


def test_a_mail_can_be_sent_again(browser: Client, nudges: list[tuple[str, int]]) -> None:
    order = make.order()
    mails.owe(order, OrderMail.Kind.DELIVERED)
    owed = order.mails.get()
    mailing.send(owed.pk)

    browser.post(reverse(SEND, args=[owed.pk]))
    mailing.send(owed.pk)

    assert nudges == [("billing.tasks.send_mail", owed.pk)]
    assert len(mail.outbox) == 2
    assert LogEntry.objects.get().change_message == "Sent the mail again."


@pytest.mark.parametrize("act", [REPLAY, CLOSE, SEND])
def test_acts_need_their_right(act: str) -> None:
    order = a_sale()
    rows = {REPLAY: order.events.get().pk, CLOSE: order.reviews.get().pk, SEND: order.mails.get().pk}
    address = reverse(act, args=[rows[act]])

    looking = staff_who_may("view_inboxevent", "view_review", "view_ordermail")

    assert looking.post(address, {"note": "Done."}).status_code == 403
    assert Review.objects.open().exists()


@pytest.mark.parametrize("act", [REPLAY, SEND])
def test_an_address_alone_does_nothing(browser: Client, act: str) -> None:
    assert browser.get(reverse(act, args=[1])).status_code == 405
