"""Plans in the admin: written in USD, refused when they make no sense, and who has which is seen there."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Plan, Subscription
from billing.services import delivery
from ledger.money import usd
from tests.billing import plan_shop
from tests.billing.staff import staff_who_may
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

ADD, PAGE, LIST = "admin:billing_plan_add", "admin:billing_plan_change", "admin:billing_plan_changelist"
PLAN = {
    "slug": "team", "name": "Team", "name_zh": "团队版", "price_cents": "40.00", "base_nano_usd": "40",
    "bonus_percent": "25", "backup_multiple": "2", "daily_cap_nano_usd": "", "weekly_cap_nano_usd": "12.5",
    "requests_per_day": "", "requests_per_minute": "50", "all_models": "on", "budget_multiple": "10",
    "pass_product_id": "prod_team", "position": "1", "is_offered": "on",
}  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return staff_who_may(
        "view_plan", "add_plan", "change_plan", "view_subscription", "view_subscriptionperiod"
    )


def test_a_plan_is_kept_in_hundredths_and_in_the_unit_of_the_books(browser: Client) -> None:
    browser.post(reverse(ADD), PLAN)

    plan = Plan.objects.get()
    assert (plan.name_zh, plan.price_cents, plan.base_nano_usd) == ("团队版", 4_000, usd("40"))
    assert (plan.main_nano_usd, plan.backup_nano_usd) == (usd("50"), usd("80"))
    assert (plan.daily_cap_nano_usd, plan.weekly_cap_nano_usd) == (None, usd("12.5"))


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("price_cents", "0.99"),
        ("base_nano_usd", "0"),
        ("weekly_cap_nano_usd", "0"),
        ("slug", "two words"),
        ("requests_per_minute", "0"),
        ("budget_multiple", "0"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_beside_its_field(
    browser: Client, field: str, typed: str
) -> None:
    answer = browser.post(reverse(ADD), PLAN | {field: typed})

    assert answer.status_code == 200
    assert not Plan.objects.exists()
    assert list(answer.context["adminform"].form.errors) == [field]


def test_whoever_may_only_look_adds_nothing() -> None:
    browser = staff_who_may("view_plan")

    assert browser.post(reverse(ADD), PLAN).status_code == 403
    assert browser.get(reverse(LIST)).status_code == 200


def test_a_changed_plan_changes_no_period_that_runs(browser: Client) -> None:
    order = plan_shop.paid("team", UserFactory.create(), dollars=40)
    delivery.deliver(order.pk)
    plan = Plan.objects.get()

    browser.post(reverse(PAGE, args=[plan.pk]), PLAN)

    period = Subscription.objects.get().periods.get()
    assert Plan.objects.get().main_nano_usd == usd("50")
    assert period.main_nano_usd == usd("48")


def test_the_list_says_who_has_which_plan(browser: Client) -> None:
    order = plan_shop.paid("starter", UserFactory.create(), dollars=10)
    delivery.deliver(order.pk)

    page = browser.get(reverse("admin:billing_subscription_changelist"), {"q": order.reference})
    assert order.reference in page.content.decode()

    subscription = Subscription.objects.get()
    shown = browser.get(reverse("admin:billing_subscription_change", args=[subscription.pk]))
    assert "Starter" in shown.content.decode()
    assert shown.status_code == 200


def test_nobody_writes_a_subscription_by_hand(browser: Client) -> None:
    make.plan()

    assert browser.get(reverse("admin:billing_subscription_add")).status_code == 403
