"""Resolutions of reviews: each is done once, moves what it says, and leaves books that agree."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing import tasks
from billing.admin import explanations
from billing.errors import CannotBeAccepted, CannotBeCredited, OrderNotFound, ReviewClosed
from billing.models import InboxEvent, Order, Review
from billing.services import proof, resolutions, reviews
from ledger.models import Account
from ledger.money import usd
from ledger.services import proof as ledger_proof
from tests.billing import creem_said, paying, shoppers
from tests.billing.staff import staff_who_may
from tests.factories import billing as make
from tests.factories.accounts import StaffFactory, UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

CREDIT = 7_650_000_000


@pytest.fixture(autouse=True)
def _nothing_goes_to_the_broker(nudges: list[tuple[str, int]]) -> None:
    """Let tests hand out the work themselves."""


@pytest.fixture
def by() -> User:
    return StaffFactory.create()


def told(order: Order, **changes: Any) -> Review:
    """Let Creem tell of a payment that does not fit ``order``; return the review that it comes to."""
    assert creem_said.tell(creem_said.completed(order.reference, **changes)) == 200
    tasks.handle_event(InboxEvent.objects.latest("pk").pk)
    return Review.objects.latest("pk")


def wallet_of(order: Order) -> int:
    return int(Account.objects.get(customer=order.customer).wallet_balance_nano_usd)


def assert_books_agree() -> None:
    with ledger_proof.snapshot():
        assert [*ledger_proof.discrepancies(), *proof.discrepancies()] == []


def test_a_payment_of_less_is_accepted_for_its_share_of_the_credit(by: User) -> None:
    order = make.order(user=UserFactory.create())
    review = told(order, amount=800)

    resolutions.accept(review, reference=order.reference, by=by)
    tasks.deliver_order(order.pk)

    order.refresh_from_db()
    assert (order.state, order.payment.amount_cents) == ("delivered", 800)
    assert wallet_of(order) == CREDIT * 8 // 10
    review.refresh_from_db()
    assert (review.closed_by, review.note) == (by, f"accepted for {order.reference}")
    assert_books_agree()


def test_a_payment_that_named_nothing_is_accepted_for_the_order_that_is_found(by: User) -> None:
    order = make.order()
    assert creem_said.tell(creem_said.completed("ord_nobodys")) == 200
    event = InboxEvent.objects.get()
    review = reviews.open(Review.Reason.UNKNOWN_ORDER, subject="creem tran_paid_1", event=event)

    resolutions.accept(review, reference=order.reference, by=by)

    order.refresh_from_db()
    review.refresh_from_db()
    assert order.state == Order.State.PAID
    assert review.order == order


@pytest.mark.parametrize("changes", [{"currency": "EUR"}, {"mode": "live"}])
def test_what_is_of_another_currency_or_mode_is_not_accepted(by: User, changes: dict[str, str]) -> None:
    order = make.order()
    review = told(order, **changes)

    with pytest.raises(CannotBeAccepted):
        resolutions.accept(review, reference=order.reference, by=by)
    assert not Order.objects.get().is_paid


def test_one_payment_pays_one_order(by: User) -> None:
    first = paying.paid()
    second = make.order(first.package)
    review = told(first, transaction="second")
    with pytest.raises(CannotBeAccepted):
        resolutions.accept(review, reference=first.reference, by=by)
    with pytest.raises(OrderNotFound):
        resolutions.accept(review, reference="ord_none", by=by)

    resolutions.accept(review, reference=second.reference, by=by)

    with pytest.raises(ReviewClosed):
        resolutions.accept(review, reference=second.reference, by=by)
    assert Order.objects.get(pk=second.pk).is_paid


def test_what_tells_of_no_payment_is_not_accepted(by: User) -> None:
    order = make.order()
    review = reviews.open(Review.Reason.NOT_DELIVERED, subject="x", order=order)

    with pytest.raises(CannotBeAccepted):
        resolutions.accept(review, reference=order.reference, by=by)


def test_of_many_who_accept_at_once_one_does(by: User) -> None:
    order = make.order()
    review = told(order, amount=800)

    def accept(_: object) -> str:
        try:
            resolutions.accept(review, reference=order.reference, by=by)
        except ReviewClosed:
            return "closed"
        return "accepted"

    assert sorted(map(str, together(4, accept))) == ["accepted", "closed", "closed", "closed"]


def test_a_second_payment_is_credited_once(by: User) -> None:
    order = shoppers.delivered(user=UserFactory.create())
    review = told(order, transaction="second")

    resolutions.credit(review, usd("5"), note="second payment", by=by)

    with pytest.raises(ReviewClosed):
        resolutions.credit(review, usd("5"), note="again", by=by)
    assert wallet_of(order) == CREDIT + usd("5")
    assert_books_agree()


def test_nothing_is_credited_where_nobody_could_spend_it(by: User) -> None:
    order = shoppers.delivered(as_code=True)
    review = told(order, transaction="second")

    with pytest.raises(CannotBeCredited):
        resolutions.credit(review, usd("5"), note="second payment", by=by)
    assert Review.objects.open().count() == 1


def test_every_reason_has_its_sentence() -> None:
    assert set(explanations.SENTENCES) == set(Review.Reason)


def test_staff_accept_and_credit_in_the_admin_as_far_as_they_may() -> None:
    order = make.order(user=UserFactory.create())
    review = told(order, amount=800)
    accept = reverse("admin:billing_review_accept", args=[review.pk])
    browser = staff_who_may("view_review", "resolve_review")

    page = browser.get(reverse("admin:billing_review_change", args=[review.pk])).text
    missed = browser.post(accept, {"reference": "ord_none"}).text
    done = browser.post(accept, {"reference": order.reference})

    assert "Another amount was paid than the order asks" in page
    assert "checkout.completed" in page
    assert "No order opens with this number" in missed
    assert done.status_code == 302
    assert LogEntry.objects.get().get_change_message() == "Accepted the payment."
    assert staff_who_may("view_review").get(accept).status_code == 403


def test_staff_credit_a_buyer_in_the_admin() -> None:
    order = shoppers.delivered(user=UserFactory.create())
    review = told(order, transaction="second")
    credit = reverse("admin:billing_review_credit", args=[review.pk])
    browser: Client = staff_who_may("view_review", "resolve_review")

    wrong = browser.post(credit, {"amount": "0", "note": "n"})
    done = browser.post(credit, {"amount": "2.5", "note": "second payment"})

    assert wrong.status_code == 200
    assert done.status_code == 302
    assert wallet_of(order) == CREDIT + usd("2.5")
    again = browser.post(credit, {"amount": "2.5", "note": "second payment"})
    assert "Somebody has resolved this review meanwhile." in again.text
