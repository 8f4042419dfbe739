"""The report of each day, and the alarms above the admin: money that brought nothing cannot be missed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Order, Provider, Reconciliation, Review
from billing.services import daily_report, reviews, transfer_decisions
from billing.services.daily_report import Figures, Line
from tests.billing import paying, shoppers
from tests.billing.staff import staff_who_may
from tests.factories import billing as make
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db

REPORT = "admin:billing_report"


def test_a_day_says_what_was_ordered_paid_and_delivered() -> None:
    package = make.package()
    make.order(package)
    paying.paid(package)
    today = timezone.localdate()

    assert daily_report.lines() == [(Line(today, "creem", "USD"), Figures(2, 1, 0, 1000, 0))]


def test_nothing_to_tell_is_no_alarm() -> None:
    shoppers.delivered()

    assert not daily_report.alarms().is_any


def test_what_was_paid_and_not_delivered_for_long_is_an_alarm() -> None:
    paying.paid()
    Order.objects.update(paid_at=timezone.now() - timedelta(hours=1))

    assert daily_report.alarms().undelivered == 1


@pytest.mark.django_db(transaction=True)
def test_transfers_and_jobs_that_wait_for_staff_are_alarms() -> None:
    make.submitted_order()
    job = make.agent_order()
    transfer_decisions.approve(
        job.pk, by=StaffFactory.create(), amount_cents=job.price_cents, reference=job.reference
    )

    page = staff_who_may("view_review").get(reverse("admin:index")).text

    assert "1 transfer waits for a decision" in page
    assert "1 agent job is paid and waits to be done" in page


def test_a_comparison_that_failed_or_is_overdue_is_an_alarm() -> None:
    long_ago = timezone.now() - timedelta(days=1)
    Reconciliation.objects.create(
        provider=Provider.CREEM, since=long_ago, began_at=long_ago, ended_at=long_ago
    )
    Reconciliation.objects.create(
        provider=Provider.NOWPAYMENTS, since=long_ago, ended_at=timezone.now(), error="away"
    )

    assert {each.provider for each in daily_report.alarms().troubled} == {
        Provider.CREEM, Provider.NOWPAYMENTS,
    }  # fmt: skip


def test_staff_see_the_alarms_at_the_top_and_the_report() -> None:
    order = paying.paid()
    reviews.open(Review.Reason.PAID_TWICE, subject="creem tran_1", order=order)
    browser = staff_who_may("view_review", "view_reconciliation")

    index = browser.get(reverse("admin:index")).text
    report = browser.get(reverse(REPORT)).text

    assert "1 review is open" in index
    assert "1 review is open" in report
    assert "$10.00" in report


def test_who_may_not_look_sees_neither(client: Client) -> None:
    reviews.open(Review.Reason.PAID_TWICE, subject="creem tran_1")
    browser = staff_who_may("view_order")

    assert "shop-alarms" not in browser.get(reverse("admin:index")).text
    assert browser.get(reverse(REPORT)).status_code == 403
    assert client.get(reverse(REPORT)).status_code == 302
