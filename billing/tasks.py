"""What workers do for the shop. Messages carry row ids only, and every task may run twice."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from celery import Task, shared_task
from kombu.exceptions import OperationalError

from billing.models import InboxEvent
from billing.services import (
    checkouts,
    coin_payments,
    coins,
    delivery,
    foreign_keys,
    inbox,
    mailing,
    proof,
    reconciliation,
    refund_requests,
    renewals,
    showing,
    subscription_wishes,
    subscriptions,
    transfers,
)
from ledger.services import proof as ledger_proof
from redemption.services import proof as redemption_proof

logger = logging.getLogger(__name__)

MOST_NUDGES = 500
# Less than the pause of the sweep, so that a slow provider does not take all workers.
ASKING_SECONDS = 15
# Of each minute: months that begin on one day are many, and are paid.
TENDING_SECONDS = 45

_Rows = TypeVar("_Rows", int, list[int])


def nudge(task: "Task[[_Rows], None]", rows: _Rows) -> None:
    """Send a row, or some, to the workers. A broker that is away costs seconds: the sweep finds them."""
    try:
        task.delay(rows)
    except OperationalError:
        logger.warning("The broker is away: %s of row %s waits for the sweep.", task.name, rows)


@shared_task
def handle_event(event_pk: int) -> None:
    """Act on one webhook that was stored, and deliver the order that it pays: no message lies between."""
    order_pk = inbox.handle(event_pk)
    if order_pk is not None:
        delivery.deliver(order_pk)


@shared_task
def hand_out_events(event_pks: list[int]) -> None:
    """Have webhooks that came together handled one by one: none waits for another, nor fails with it."""
    for event_pk in event_pks:
        nudge(handle_event, event_pk)


@shared_task
def sweep_inbox() -> None:
    """Nudge again whatever a lost message, a dead worker or a fault left waiting."""
    for event_pk in InboxEvent.objects.waiting().values_list("pk", flat=True)[:MOST_NUDGES]:
        nudge(handle_event, event_pk)


@shared_task
def ask_open_orders() -> None:
    """Ask the providers about unpaid orders that are due, one after another and for a while.

    Whatever is still due is taken up by the next run.
    """
    until = time.monotonic() + ASKING_SECONDS
    while time.monotonic() < until and (order_pk := checkouts.take_due()) is not None:
        order = checkouts.ask(order_pk)
        if order.deliver_at is not None:
            nudge(deliver_order, order_pk)


@shared_task
def send_mail(mail_pk: int) -> None:
    """Send one mail that somebody waits for."""
    mailing.send(mail_pk)


@shared_task
def sweep_mails() -> None:
    """Send all mails that are due.

    One after another in one worker: a mail server that hangs must not take the others from the deliveries.
    """
    mailing.send_due()


@shared_task
def deliver_order(order_pk: int) -> None:
    """Deliver one paid order, if that is due."""
    delivery.deliver(order_pk)


@shared_task
def sweep_deliveries() -> None:
    """Nudge again whatever a lost message or a dead worker left undelivered, and tell of what takes long."""
    for order_pk in delivery.due():
        nudge(deliver_order, order_pk)
    delivery.report_overdue()


@shared_task
def go_on_with_key(order_pk: int) -> None:
    """Do what is left to do at the key console: delete a key that was given up, or finish rolling one."""
    foreign_keys.go_on(order_pk)


@shared_task
def sweep_foreign_keys() -> None:
    """Nudge whatever is left to do at the key console."""
    for order_pk in foreign_keys.due():
        nudge(go_on_with_key, order_pk)


@shared_task
def ask_for_refund(refund_pk: int) -> None:
    """Ask the provider for one refund, or what became of it."""
    refund_requests.ask(refund_pk)


@shared_task
def sweep_refunds() -> None:
    """Nudge every refund whose provider is to be asked."""
    for refund_pk in refund_requests.due():
        nudge(ask_for_refund, refund_pk)


@shared_task
def tend_coins() -> None:
    """Credit coins that waited, tell of those that nobody has decided about, and ask which are taken now."""
    coin_payments.credit_what_waited()
    coin_payments.report_undecided()
    coins.refresh()


@shared_task
def reconcile() -> None:
    """Compare our payments with those of each provider."""
    for provider in reconciliation.compared():
        reconciliation.run(provider)


@shared_task
def tend_plans() -> None:
    """Begin the periods and end the plans that are due, one after another and for a while.

    Then whoever's plan ends soon is told, and whoever pays by invoice is sent one. What cannot be done for
    one of them is done for all others.
    """
    until, tried = time.monotonic() + TENDING_SECONDS, set[int]()
    while time.monotonic() < until and (due := [pk for pk in subscriptions.due() if pk not in tried]):
        for customer_pk in due:
            _alone(subscriptions.tend, customer_pk)
        tried.update(due)
    subscriptions.warn_of_ends()
    for subscription_pk in renewals.invoices_due():
        _alone(renewals.send_invoice, subscription_pk)


def _alone(act: Callable[[int], object], pk: int) -> None:
    """Do it; whatever goes wrong is an alarm, and keeps nobody else from their turn."""
    try:
        act(pk)
    except Exception:
        logger.exception("%s of %s failed, and is tried again", act.__qualname__, pk)


@shared_task
def carry_out_wish(subscription_pk: int) -> None:
    """Tell the provider of a subscription what its owner wishes."""
    subscription_wishes.carry_out(subscription_pk)


@shared_task
def ask_about_subscription(subscription_pk: int) -> None:
    """Ask the provider about a subscription that nothing was told of, and deliver what was paid for it."""
    order_pk = subscription_wishes.ask(subscription_pk)
    if order_pk is not None:
        delivery.deliver(order_pk)


@shared_task
def sweep_subscriptions() -> None:
    """Nudge what providers are still to be told, or to be asked, of subscriptions."""
    for subscription_pk in subscription_wishes.due():
        nudge(carry_out_wish, subscription_pk)
    for subscription_pk in subscription_wishes.silent():
        nudge(ask_about_subscription, subscription_pk)


@shared_task
def forget_spent_codes() -> None:
    """Forget the texts of sold codes that were redeemed or lapsed."""
    showing.forget_spent_codes()


@shared_task
def lapse_transfers() -> None:
    """Let lapse what buyers have not told us of in time."""
    transfers.lapse_due()


@shared_task
def prove_the_orders() -> None:
    """Raise an alarm for every order, payment and code that does not agree with the books."""
    with ledger_proof.snapshot():
        found = [*proof.discrepancies(), *redemption_proof.discrepancies()]
    for discrepancy in found:
        logger.error("orders and books disagree: %s, %s: %s", *discrepancy)
