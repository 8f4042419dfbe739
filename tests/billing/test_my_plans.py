"""A member's own plans: what comes next, cancelling and resuming, the history, statements and mails."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone, translation

from accounts.models import User
from billing import tasks
from billing.models import OrderMail, Subscription, SubscriptionPeriod
from billing.services import mailing, plan_history, proof
from ledger.models import Account, LanguageModel
from ledger.money import usd
from ledger.services import accounts, holds
from ledger.services import proof as ledger_proof
from tests.billing import plan_shop
from tests.billing.plan_shop import account_of
from tests.billing.renewing import CardPlan, begun, hear, taken
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.factories.ledger import call, priced, report, spender
from tests.portal.reading import english_left, words
from tests.sandbox.running_creem import RunningCreem

# The journal of calls outlives a transactional test.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges")]

MINE = "/dashboard/plans"


def page(member: Client, path: str = MINE) -> str:
    answer = member.get(path)
    assert answer.status_code == 200
    return words(answer.content.decode())


@pytest.fixture
def plan(user: User) -> CardPlan:
    """A plan by card, whose second month runs."""
    plan = begun(user=user, days_ago=40)
    hear(plan.paid(1))
    return plan


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("active", "Renews by card on"),
        ("trialing", "In its trial until"),
        ("scheduled_cancel", "nothing is charged any more"),
        ("cancelled", "nothing is charged any more"),
        ("past_due", "could not be paid"),
        ("paused", "Paused: runs until"),
    ],
)
def test_the_dashboard_says_what_comes_next(member: Client, plan: CardPlan, state: str, said: str) -> None:
    Subscription.objects.update(state=state)

    for path in ("/dashboard", MINE):
        assert said in page(member, path)


def test_a_suspended_plan_says_what_to_do(member: Client, user: User) -> None:
    plan = begun(user=user, days_ago=40)
    hear(plan.says("unpaid", "unpaid"))

    assert "is suspended" in page(member)
    assert "is suspended" in page(member, "/dashboard")


def test_a_plan_by_invoice_says_when_the_invoice_comes_and_then_where_it_is_paid(
    member: Client, user: User
) -> None:
    order = plan_shop.paid("starter", user, dollars=10)
    tasks.deliver_order(order.pk)
    Subscription.objects.update(renewal="invoice")
    assert "We mail the invoice" in page(member)

    invoice = make.order(user=user)
    invoice.renewal_of = Subscription.objects.get()
    invoice.kind, invoice.package, invoice.plan = "plan", None, invoice.renewal_of.plan
    invoice.delivery, invoice.tokens, invoice.credit_nano_usd = "plan", 0, 0
    invoice.save()

    assert "Pay the invoice" in page(member)
    assert f"/orders/{invoice.reference}" in member.get(MINE).content.decode()


def test_cancel_and_resume_by_card(creem: RunningCreem, member: Client, user: User) -> None:
    make.plan(dollars=5, recurring_product_id="prod_monthly")
    known = creem.subscribed()
    plan = taken(user=user)
    plan.id = known["id"]
    hear(plan.paid())
    assert "Cancel the renewal" in page(member)

    answer = member.post(f"{MINE}/cancel", follow=True)
    assert "Cancelled: nothing is charged any more." in words(answer.content.decode())
    assert creem.subscription(plan.id)["status"] == "scheduled_cancel"
    assert "does not renew" in words(member.post(f"{MINE}/cancel", follow=True).content.decode())

    answer = member.post(f"{MINE}/resume", follow=True)
    assert "The plan renews again." in words(answer.content.decode())
    assert "cannot be taken up again" in words(member.post(f"{MINE}/resume", follow=True).content.decode())
    assert creem.subscription(plan.id)["status"] == "active"


def test_a_wish_can_be_taken_back_before_it_is_heard(
    creem: RunningCreem, member: Client, plan: CardPlan
) -> None:
    hear(plan.says("scheduled_cancel", "scheduled_cancel"))
    creem.fail(mode="fail", status=500)
    said = words(member.post(f"{MINE}/resume", follow=True).content.decode())
    assert "Being taken up again" in said
    assert plan.ours.wish == "resume"

    said = words(member.post(f"{MINE}/cancel", follow=True).content.decode())
    creem.fail()

    assert "Being cancelled at the payment provider" in said
    assert plan.ours.wish == "cancel"


def test_what_the_provider_does_not_know_is_never_charged_again(
    creem: RunningCreem, member: Client, plan: CardPlan
) -> None:
    said = words(member.post(f"{MINE}/cancel", follow=True).content.decode())

    assert (plan.ours.state, plan.ours.wish) == ("cancelled", "")
    assert "Cancelled: runs until" in said


def test_whoever_cancels_in_the_grace_is_told_that_the_plan_ends_at_once(member: Client, user: User) -> None:
    begun(user=user, days_ago=32)
    Subscription.objects.update(renewal="invoice", closes_at=timezone.now() + timedelta(days=1))
    assert "ends at once" in page(member)

    said = words(member.post(f"{MINE}/cancel", follow=True).content.decode())

    assert "Without a plan" in said
    assert Subscription.objects.get().end == "ran_out"


@pytest.mark.parametrize("path", ["cancel", "resume", "card"])
def test_whoever_comes_back_from_signing_in_lands_on_the_page(member: Client, path: str) -> None:
    assert member.get(f"{MINE}/{path}")["Location"] == MINE


@pytest.mark.parametrize("state", ["scheduled_cancel", "cancelled"])
def test_a_cancelled_plan_is_not_said_to_renew(member: Client, plan: CardPlan, state: str) -> None:
    Subscription.objects.update(state=state)

    assert "You can take it again when it has ended." in page(member, "/plans/starter")


def test_the_order_of_a_period_that_is_over_says_so(member: Client, plan: CardPlan) -> None:
    assert "This period is over" in page(member, f"/orders/{plan.order.reference}")


def test_whoever_is_paused_is_told_so(member: Client, user: User) -> None:
    paused = begun(user=user, days_ago=10)
    hear(paused.says("paused", "paused"))
    assert "Paused: runs until" in page(member)

    plan_shop.age(paused.ours, 30)
    assert "is paused, and what was paid is over" in page(member)


def test_a_wish_that_is_not_heard_is_recorded_and_says_so(
    creem: RunningCreem, member: Client, plan: CardPlan
) -> None:
    creem.fail(mode="fail", status=500)
    answer = member.post(f"{MINE}/cancel", follow=True)
    creem.fail()

    said = words(answer.content.decode())
    assert "Your wish is recorded" in said
    assert "Being cancelled at the payment provider" in said
    assert plan.ours.wish == "cancel"


def test_the_providers_page_is_opened_for_the_owner(
    creem: RunningCreem, member: Client, plan: CardPlan
) -> None:
    customer = creem.subscribed()["customer"]["id"]
    Subscription.objects.update(provider_customer_id=customer)

    answer = member.post(f"{MINE}/card")

    assert f"/creem/my-orders/login/{customer}" in answer.content.decode()
    assert answer["Referrer-Policy"] == "no-referrer"


def test_history_has_every_period_and_switch_and_nobody_elses(
    member: Client, user: User, plan: CardPlan
) -> None:
    begun("master", user=UserFactory.create(), dollars=100)
    hear(taken("pro", user=user, dollars=50).paid())

    shown = page(member)

    assert shown.count("Starter") >= 3
    assert "Pro" in shown
    assert "Master" not in shown
    assert "Switches" in shown


def use(user: User, model: LanguageModel, times: int) -> None:
    by = spender(account_of(user))
    for _time in range(times):
        request = call(by, model)
        holds.reserve([request])
        holds.settle([report(request, input_tokens=100, output_tokens=50)])


def test_a_statement_agrees_with_the_books(member: Client, user: User, plan: CardPlan) -> None:
    model = priced()
    use(user, model, times=3)
    period = plan.ours.periods.get(number=2)

    statement = plan_history.statement(account_of(user).customer, period.pk)
    assert statement is not None
    account = Account.objects.get(pk=account_of(user).pk)
    assert statement.use.requests == 3
    assert statement.main_left == account.main_balance_nano_usd
    assert statement.backup_left == account.backup_balance_nano_usd == usd("30")
    assert statement.main_left + statement.use.main == usd("12")
    shown = page(member, f"{MINE}/{period.pk}")
    assert model.name in member.get(f"{MINE}/{period.pk}").content.decode()
    assert "Not used of it" in shown
    lines = list(csv.DictReader(StringIO(member.get(f"{MINE}/{period.pk}.csv").content.decode())))
    assert [(line["model"], line["requests"]) for line in lines] == [(model.name, "3")]
    assert usd(lines[0]["main_usd"]) == statement.use.main
    assert [*ledger_proof.discrepancies(), *proof.discrepancies()] == []


def test_a_name_is_no_formula_in_a_spreadsheet(member: Client, user: User, plan: CardPlan) -> None:
    use(user, priced(name="=cmd()"), times=1)

    sheet = member.get(f"{MINE}/{plan.ours.periods.get(number=2).pk}.csv").content.decode()

    assert "'=cmd()" in sheet


def test_a_statement_of_somebody_else_or_of_what_has_not_begun_is_none(
    member: Client, plan: CardPlan
) -> None:
    other = begun("pro", user=UserFactory.create(), dollars=50)
    hear(plan.paid(2))
    waiting = SubscriptionPeriod.objects.get(begun_at=None)

    for period in (other.ours.periods.get(), waiting):
        assert member.get(f"{MINE}/{period.pk}").status_code == 404
        assert member.get(f"{MINE}/{period.pk}.csv").status_code == 404


def test_the_orders_of_a_renewal_and_of_what_waits_tell_of_their_period(
    member: Client, plan: CardPlan
) -> None:
    hear(plan.paid(2))
    [waiting, running] = [period.order for period in plan.ours.periods.all()[:2]]

    assert running is not None
    assert waiting is not None
    assert "Your plan is running" in page(member, f"/orders/{running.reference}")
    assert "begins on" in page(member, f"/orders/{waiting.reference}")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_mail_of_a_plan_says_until_when(user: User, plan: CardPlan, language: str) -> None:
    hear(plan.says("past_due", "past_due"), plan.says("scheduled_cancel", "scheduled_cancel"))
    plan.order.__class__.objects.update(language=language)
    kinds = ["plan_renewed", "renewal_failed", "plan_cancelled"]

    for told in OrderMail.objects.filter(kind__in=kinds):
        with translation.override("en"):
            message = mailing.written(told)
        assert str(timezone.localdate(plan.ours.ends_at).year) in message.body
        assert not (language == "zh-hans" and english_left(str(message.subject), "Starter"))
    assert set(OrderMail.objects.filter(kind__in=kinds).values_list("kind", flat=True)) == set(kinds)


def test_mails_are_sent(user: User, plan: CardPlan) -> None:
    mailing.send_due()

    assert any("renewed" in sent.subject for sent in mail.outbox)
    assert accounts.open_for(plan.order.customer).pk
    assert plan.ours.ends_at - timezone.now() > timedelta(days=1)
