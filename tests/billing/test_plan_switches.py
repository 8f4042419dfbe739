"""Leaving a plan for another: what is shown before, and what is credited when the new one is paid."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import customers
from billing.errors import QuoteExpired
from billing.models import Order, PlanSwitch, Subscription
from billing.services import plan_switch
from ledger.money import usd
from tests.billing.plan_shop import account_of, age, books_agree, pay, spend, take
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.sandbox.running_creem import RunningCreem

# Nothing is to wait for a broker.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudges")]


def test_another_plan_that_was_paid_at_once_takes_the_place_of_the_first(
    creem: RunningCreem, member: Client, user: User
) -> None:
    """Two orders without a quote: what counts is computed when the second is paid."""
    make.plan()
    make.plan("pro", dollars=50)
    first, second = take(member, "starter"), take(member, "pro")
    pay(first)

    second = pay(second)

    assert [each.end for each in Subscription.objects.order_by("pk")] == ["switched", ""]
    assert account_of(user).main_balance_nano_usd == usd("60")
    assert account_of(user).wallet_balance_nano_usd == usd("9")  # a tenth of 10 USD counts as consumed
    assert books_agree()


def test_a_switch_shows_its_terms_and_credits_the_unused_part(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()
    make.plan("pro", dollars=50)
    age(pay(take(member, "starter")).subscription, 7)

    page = member.get("/plans/pro").content.decode()
    order = pay(take(member, "pro"))

    switch = PlanSwitch.objects.get()
    assert page.count("<dd>25%</dd>") == 2  # a week is a quarter, and more than what was used
    assert usd("7.499") < (switch.credited_nano_usd or 0) <= switch.quoted_nano_usd <= usd("7.5")
    assert account_of(user).wallet_balance_nano_usd == switch.credited_nano_usd
    assert account_of(user).main_balance_nano_usd == usd("60")
    assert (order.subscription.plan.slug, order.subscription.ended_at) == ("pro", None)
    assert books_agree()


def test_nobody_is_credited_more_than_was_quoted_nor_for_what_was_spent_meanwhile(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()
    make.plan("pro", dollars=50)
    pay(take(member, "starter"))
    order = take(member, "pro")
    spend(user, main=usd("6"))  # half of it

    pay(order)

    switch = PlanSwitch.objects.get()
    assert switch.quoted_nano_usd == usd("9")
    assert switch.credited_nano_usd == usd("6.25")  # 0.75 x 0.5 = 37.5 percent consumed


def test_a_switch_that_is_not_paid_changes_nothing(creem: RunningCreem, member: Client, user: User) -> None:
    make.plan()
    make.plan("pro", dollars=50)
    pay(take(member, "starter"))

    take(member, "pro")

    assert Subscription.objects.get().ended_at is None
    assert account_of(user).main_balance_nano_usd == usd("12")
    assert account_of(user).wallet_balance_nano_usd == 0
    assert books_agree()


def test_a_downgrade_is_credited_up_to_the_difference_of_the_prices(
    creem: RunningCreem, member: Client, user: User
) -> None:
    make.plan()
    make.plan("premium", dollars=15)
    pay(take(member, "premium"))

    pay(take(member, "starter"))

    assert account_of(user).wallet_balance_nano_usd == usd("5")
    assert account_of(user).main_balance_nano_usd == usd("12")
    assert books_agree()


@pytest.mark.parametrize("word", ["", "forged", "late", "of another plan"])
def test_terms_that_do_not_hold_are_shown_anew(
    creem: RunningCreem, member: Client, user: User, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.plan()
    make.plan("pro", dollars=50)
    make.plan("ultra", dollars=200)
    pay(take(member, "starter"))
    form = member.get("/plans/pro").context["form"].initial
    if word == "late":
        monkeypatch.setattr(plan_switch, "QUOTE_LASTS", timedelta(seconds=-1))
    quotes = {
        "late": form["quote"],
        "of another plan": member.get("/plans/ultra").context["form"].initial["quote"],
    }

    answer = member.post("/plans/pro", {**form, "way": "creem", "quote": quotes.get(word, word)})

    assert answer.status_code == 409
    assert "hold no more" in answer.content.decode()
    assert Order.objects.count() == 1


def test_somebody_elses_quote_is_none(creem: RunningCreem, member: Client, user: User) -> None:
    pro = make.plan("pro", dollars=50)
    make.plan()
    pay(take(member, "starter"))
    word = member.get("/plans/pro").context["form"].initial["quote"]

    with pytest.raises(QuoteExpired):
        plan_switch.confirmed(word, plan=pro, customer=customers.of_user(UserFactory.create()))
