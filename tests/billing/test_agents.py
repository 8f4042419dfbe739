"""Agent top-ups: the price in its parts, the job that a payment opens, and what staff make of it."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.errors import AmountOutOfRange, BillingError, JobTaken, ScreenshotRefused
from billing.models import AgentJob, Order, OrderMail, Refund
from billing.services import agent_jobs, agents, delivery, mailing, proof, refunds, transfer_decisions
from tests.billing import shoppers
from tests.billing.staff import staff_who_may
from tests.factories import billing as make
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db(transaction=True)

TYPED = {
    "word": "a-word-that-is-long-enough", "vendor": "openai", "account_email": "me@example.org",
    "amount": "20", "channel": "alipay", "email": "guest@example.com",
}  # fmt: skip


@pytest.fixture
def clerk() -> User:
    return StaffFactory.create()


def paid(clerk: User, **facts: Any) -> Order:
    order = make.agent_order(**facts)
    transfer_decisions.approve(order.pk, by=clerk, amount_cents=order.price_cents, reference=order.reference)
    return Order.objects.get(pk=order.pk)


def claimed(clerk: User) -> Order:
    order = paid(clerk)
    agent_jobs.claim(order.pk, by=clerk)
    return order


def test_a_price_is_the_amount_at_the_rate_and_the_fee() -> None:
    make.rate()
    vendor = make.vendor(fee_percent=Decimal("2.5"), fee_cents=30)

    quote = agents.quote(vendor, 1999)

    assert (quote.base_cents, quote.fee_cents, quote.total_cents) == (15992, 640, 16632)


@pytest.mark.parametrize("cents", [499, 50_001])
def test_an_amount_that_is_not_offered_is_refused(cents: int) -> None:
    make.rate()

    with pytest.raises(AmountOutOfRange):
        agents.quote(make.vendor(), cents)


def test_a_payment_opens_the_job_and_wakes_no_worker(clerk: User) -> None:
    order = make.agent_order()
    assert (order.kind, order.credit_nano_usd, order.agent_job.state) == ("agent", 0, "unpaid")

    order = paid(clerk)

    assert (order.state, order.deliver_at, order.agent_job.state) == ("paid", None, "open")
    assert delivery.due() == []
    assert list(Order.objects.overdue(paid_before=order.created_at)) == []
    assert proof.discrepancies() == []


def test_a_job_that_is_done_delivers_the_order(clerk: User) -> None:
    order = claimed(clerk)

    agent_jobs.finish(order.pk, by=clerk, outcome="Invoice 7", picture=make.picture())

    order.refresh_from_db()
    mail = mailing.written(OrderMail.objects.get(kind="delivered"))
    assert (order.state, order.result, order.agent_job.state) == ("delivered", "manual", "done")
    assert "added to your account at the vendor" in str(mail.body)
    assert proof.discrepancies() == []


def test_a_job_that_failed_has_the_money_given_back(clerk: User) -> None:
    order = claimed(clerk)

    agent_jobs.fail(order.pk, by=clerk, reason="There is no such account.")

    refund = Refund.objects.get()
    mail = mailing.written(OrderMail.objects.get(kind__in=["agent_failed", "refund"]))
    assert (refund.order, refund.origin, refund.state) == (order, "agent", "awaiting")
    assert (refund.amount_cents, refund.currency) == (16_800, "CNY")
    assert "There is no such account." in str(mail.body)
    assert proof.discrepancies() == []


def test_a_job_whose_refund_failed_waits_to_be_done_again(clerk: User) -> None:
    order = claimed(clerk)
    agent_jobs.fail(order.pk, by=clerk, reason="There is no such account.")

    refunds.give_up(Refund.objects.get(), why="the bank sent it back")

    order.refresh_from_db()
    job = AgentJob.objects.get()
    assert (order.state, order.deliver_at) == (Order.State.PAID, None)
    assert (job.state, job.claimed_by, job.outcome) == (AgentJob.State.OPEN, None, "")
    assert proof.discrepancies() == []


def test_nobody_ends_a_job_that_another_has(clerk: User) -> None:
    order = claimed(clerk)

    with pytest.raises(JobTaken):
        agent_jobs.finish(order.pk, by=StaffFactory.create(), outcome="done")
    with pytest.raises(JobTaken):
        agent_jobs.fail(order.pk, by=StaffFactory.create(), reason="no")

    assert AgentJob.objects.get().state == "claimed"


def test_a_job_that_is_not_paid_cannot_be_claimed(clerk: User) -> None:
    with pytest.raises(JobTaken):
        agent_jobs.claim(make.agent_order().pk, by=clerk)


def test_a_job_that_was_given_back_can_be_claimed_again(clerk: User) -> None:
    order = claimed(clerk)

    agent_jobs.give_back(order.pk)
    agent_jobs.claim(order.pk, by=StaffFactory.create())

    with pytest.raises(JobTaken):
        agent_jobs.claim(order.pk, by=clerk)


def test_a_file_that_is_no_picture_ends_nothing(clerk: User) -> None:
    order, file = claimed(clerk), make.picture()
    file.seek(30)

    with pytest.raises(ScreenshotRefused):
        agent_jobs.finish(order.pk, by=clerk, outcome="done", picture=file)

    assert AgentJob.objects.get().state == "claimed"


def test_of_two_who_claim_at_once_one_has_the_job(clerk: User) -> None:
    order, start = paid(clerk), Barrier(2)

    def one(person: User) -> Any:
        start.wait()
        try:
            return agent_jobs.claim(order.pk, by=person)
        except BillingError as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        told = set(pool.map(one, [clerk, StaffFactory.create()]))

    assert told == {None, JobTaken}


@pytest.mark.parametrize(
    "typed",
    [
        "sk-proj-abcdefgh12345678",
        "Bearer abcdefghijklmnopqrstuvwxyz0123",
        "AIzaSyA1234567890abcdefghijklmnop",
    ],
)
def test_what_looks_like_a_key_is_refused_and_not_shown_again(client: Client, typed: str) -> None:
    make.channel()
    make.vendor()

    answer = client.post("/agent", {**TYPED, "account_email": typed})

    assert answer.status_code == 422
    assert "This looks like a key" in answer.text
    assert typed not in answer.text


def test_an_address_is_no_key() -> None:
    assert not agents.looks_like_a_secret("somebody.with.a.long.name@example.org")


def test_the_price_is_shown_in_its_parts_before_anything_is_ordered(client: Client) -> None:
    make.channel()
    make.vendor()

    page = client.post("/agent", TYPED)
    assert not Order.objects.exists()
    placed = client.post("/agent", {**TYPED, "agreed": page.context["quote"].total_cents})

    assert all(part in page.text for part in ("$20.00", "¥160.00", "¥8.00", "¥168.00", "8 CNY = 1 USD"))
    order = Order.objects.get()
    assert placed["Location"] == f"/orders/{order.reference}"
    assert (order.price_cents, order.agent_job.account_email) == (16800, "me@example.org")


def test_nobody_buys_at_a_price_that_was_not_shown(client: Client) -> None:
    make.channel()
    make.vendor()

    answer = client.post("/agent", {**TYPED, "agreed": "100"})

    assert answer.context["quote"].total_cents == 16800
    assert not Order.objects.exists()


def test_an_amount_out_of_range_is_told_by_its_field(client: Client) -> None:
    make.channel()
    make.vendor()

    answer = client.post("/agent", {**TYPED, "amount": "1"})

    assert answer.status_code == 422
    assert "from 5.00 to 500.00 USD" in answer.text


def test_the_same_form_is_one_order(client: Client) -> None:
    make.channel()
    make.vendor()

    answers = [client.post("/agent", {**TYPED, "agreed": "16800"}) for _ in range(2)]

    assert len({answer["Location"] for answer in answers}) == 1
    assert Order.objects.count() == AgentJob.objects.count() == 1


def test_without_vendors_the_page_says_so(client: Client) -> None:
    assert "Not offered now" in client.get("/agent").text


def test_the_page_of_the_order_follows_the_job(clerk: User) -> None:
    order = paid(clerk)
    buyer = shoppers.buyer_of(order)

    assert "It waits for somebody" in shoppers.page_of(buyer, order)
    agent_jobs.claim(order.pk, by=clerk)
    assert "Somebody is working on it" in shoppers.page_of(buyer, order)
    agent_jobs.finish(order.pk, by=clerk, outcome="Invoice 7", picture=make.picture())
    assert "Invoice 7" in shoppers.page_of(buyer, order)
    assert buyer.get(f"/orders/{order.reference}/proof")["Content-Type"] == "image/jpeg"
    assert shoppers.browser("another").get(f"/orders/{order.reference}/proof").status_code == 404


def test_the_page_says_that_a_failed_one_is_paid_back(clerk: User) -> None:
    order = claimed(clerk)
    agent_jobs.fail(order.pk, by=clerk, reason="There is no such account.")

    page = shoppers.page_of(shoppers.buyer_of(order), order)

    assert "There is no such account." in page
    assert "Your money is given back" in page


def test_an_order_without_a_proof_shows_none(clerk: User) -> None:
    order = paid(clerk)

    assert shoppers.buyer_of(order).get(f"/orders/{order.reference}/proof").status_code == 404


@pytest.mark.parametrize(("more", "state"), [(-1, "unpaid"), (0, "open"), (500, "open")])
def test_less_than_the_price_opens_no_job_and_the_clerk_is_told_so(
    clerk: User, more: int, state: str
) -> None:
    order = make.agent_order()
    amount = f"{(order.price_cents + more) / 100:.2f}"
    desk = staff_who_may("view_transfer", "decide_transfer")

    address = reverse("admin:billing_transfer_approve", args=[order.transfer.pk])
    page = desk.post(address, {"amount": amount, "reference": "TX-1234"}, follow=True)

    assert ("less than the work costs" in page.text) == (more < 0)
    assert AgentJob.objects.get(order=order).state == state
    assert Order.objects.get(pk=order.pk).is_paid == (more >= 0)


def press(client: Client, order: Order, act: str, **typed: Any) -> Any:
    return client.post(
        reverse(f"admin:billing_agentjob_{act}", args=[order.agent_job.pk]), typed, follow=True
    )


def test_the_queue_is_worked_by_those_with_the_right(clerk: User) -> None:
    browser = staff_who_may("view_agentjob", "work_on_agentjob")
    order, unpaid = paid(clerk), make.agent_order()

    queue = browser.get(reverse("admin:billing_agentjob_changelist")).context["cl"].result_list
    told = [press(browser, order, "claim").text, press(browser, order, "back").text]
    press(browser, order, "claim")
    done = press(browser, order, "done", outcome="Invoice 7", picture=make.picture())

    assert [job.order for job in queue] == [order] != [unpaid]
    assert "The job is yours." in told[0]
    assert "Anybody can claim it now." in told[1]
    assert "The job is done, and the buyer is told." in done.text
    assert AgentJob.objects.get(order=order).state == "done"


def test_a_failure_is_told_in_the_admin(clerk: User) -> None:
    browser = staff_who_may("view_agentjob", "work_on_agentjob")
    order = paid(clerk)
    press(browser, order, "claim")

    empty = press(browser, order, "failed", reason="")
    failed = press(browser, order, "failed", reason="No such account.")
    again = press(browser, order, "failed", reason="No such account.")

    assert empty.status_code == 200
    assert "a review says what is to be paid back" in failed.text
    assert "Somebody else has this job" in again.text


@pytest.mark.parametrize("act", ["claim", "back", "done", "failed"])
def test_acts_need_their_right(clerk: User, act: str) -> None:
    order = paid(clerk)

    assert press(staff_who_may("view_agentjob"), order, act).status_code == 403


def test_staff_offer_a_vendor() -> None:
    browser = staff_who_may("view_agentvendor", "add_agentvendor")
    typed = {
        "slug": "openai", "name": "OpenAI", "name_zh": "OpenAI", "least_cents": "5", "most_cents": "500",
        "fee_percent": "5", "fee_cents": "0.30", "position": "0", "is_offered": "on",
    }  # fmt: skip

    answer = browser.post(reverse("admin:billing_agentvendor_add"), typed, follow=True)

    assert "USD 5.00" in answer.text
    assert agents.find("openai").fee_cents == 30
