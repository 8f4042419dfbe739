"""Agent jobs, from the operator's side: claimed by one, then done or failed, each under the order's lock."""

from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing.errors import JobTaken
from billing.models import AgentJob, Order, OrderMail, OrderStep, Refund
from billing.services import handovers, mails, orders, refunds, screenshots

State = AgentJob.State


@transaction.atomic(durable=True)
def claim(order_pk: int, *, by: User) -> None:
    """Let the job be that of ``by`` alone; raises JobTaken unless it waits to be done."""
    job = _locked(order_pk)
    if job.state != State.OPEN:
        raise JobTaken
    _step(job, State.CLAIMED, by)


@transaction.atomic(durable=True)
def give_back(order_pk: int) -> None:
    """Let anybody claim a job again that somebody has claimed; raises JobTaken for any other."""
    job = _locked(order_pk)
    if job.state != State.CLAIMED:
        raise JobTaken
    _step(job, State.OPEN, None)


def finish(order_pk: int, *, by: User, outcome: str, picture: BinaryIO | None = None) -> None:
    """Say that it is done, and what shows it: the order is delivered, and the buyer is told.

    Raises JobTaken unless ``by`` has claimed it, and ScreenshotRefused for a file that is no picture.
    """
    kept = screenshots.encoded_anew(picture) if picture is not None else None
    _finish(order_pk, by, outcome, kept)


@transaction.atomic(durable=True)
def fail(order_pk: int, *, by: User, reason: str) -> None:
    """Say that it cannot be done: all the money goes back, and the buyer is told of both.

    Raises JobTaken unless ``by`` has claimed it.
    """
    job = _claimed_by(order_pk, by)
    _end(job, State.FAILED, reason)
    payment = job.order.payment
    refunds.refund(
        job.order, refunds.left_cents(payment), origin=Refund.Origin.AGENT, reason=reason, made_by=by
    )
    mails.owe(job.order, OrderMail.Kind.AGENT_FAILED)


@transaction.atomic(durable=True)
def _finish(order_pk: int, by: User, outcome: str, picture: bytes | None) -> None:
    job = _claimed_by(order_pk, by)
    job.proof = picture
    _end(job, State.DONE, outcome)
    handovers.by_hand(job.order)


def _locked(order_pk: int) -> AgentJob:
    order = Order.objects.select_for_update().get(pk=order_pk)
    job = AgentJob.objects.get(order=order)
    job.order = order
    return job


def _claimed_by(order_pk: int, by: User) -> AgentJob:
    job = _locked(order_pk)
    if job.state != State.CLAIMED or job.claimed_by_id != by.pk:
        raise JobTaken
    return job


def _step(job: AgentJob, state: AgentJob.State, by: User | None) -> None:
    job.state, job.claimed_by = state, by
    job.save(update_fields=["state", "claimed_by"])
    orders.note(job.order, OrderStep.Kind.JOB, state.value)


def _end(job: AgentJob, state: AgentJob.State, outcome: str) -> None:
    job.state, job.outcome, job.ended_at = state, outcome, timezone.now()
    job.save(update_fields=["state", "outcome", "ended_at", "proof"])
    orders.note(job.order, OrderStep.Kind.JOB, state.value)
