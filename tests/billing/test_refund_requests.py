"""All of a Creem payment is refunded through its API: asked for once, asked about until the end is known."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.models import Order, Package, Refund, Review
from billing.services import checkouts, delivery, refund_requests, refunds
from tests.billing import shoppers
from tests.billing.asking_theatre import MET
from tests.factories import billing as make
from tests.factories.accounts import UserFactory
from tests.sandbox.running_creem import RunningCreem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(creem: RunningCreem) -> Order:
    """Return an order that was paid at the sandbox and delivered."""
    return bought(creem, make.package(product_id="prod_standard"))


def bought(creem: RunningCreem, package: Package) -> Order:
    """Have a new user buy ``package`` at the sandbox, and deliver it."""
    placed = make.order(package, user=UserFactory.create())
    checkouts.open_page(placed)
    opened = shoppers.again(placed)
    creem.submit({"id": opened.checkout_id, "checkout_url": opened.checkout_url})
    checkouts.ask(opened.pk)
    delivery.deliver(opened.pk)
    return shoppers.again(opened)


def begin(order: Order) -> Refund:
    person = UserFactory.create(is_staff=True)
    return refunds.refund(order, 1000, origin=Refund.Origin.OPERATOR, reason="", made_by=person)


def let_time_pass() -> None:
    Refund.objects.filter(ask_at__isnull=False).update(ask_at=timezone.now() - timedelta(seconds=1))


def sweep() -> None:
    for pk in refund_requests.due():
        refund_requests.ask(pk)


def asked_for(creem: RunningCreem) -> int:
    return len([each for each in creem.traffic() if each["path"].endswith("/v1/refunds")])


def test_it_is_asked_for_once_and_ends_when_the_transaction_says_so(
    creem: RunningCreem, order: Order
) -> None:
    before = asked_for(creem)
    begun = begin(order)

    sweep()
    begun.refresh_from_db()
    assert begun.accepted_at is not None
    for _ in range(3):
        let_time_pass()
        sweep()

    begun.refresh_from_db()
    assert (begun.state, begun.ask_at) == (Refund.State.DONE, None)
    assert asked_for(creem) == before + 1


def test_a_request_whose_answer_was_lost_is_not_made_again(creem: RunningCreem, order: Order) -> None:
    before = asked_for(creem)
    begun = begin(order)
    creem.fail(mode="reset", path="/refunds", after_work=True)

    for _ in range(3):
        let_time_pass()
        sweep()

    begun.refresh_from_db()
    assert begun.state == Refund.State.DONE
    assert asked_for(creem) == before + 1


def test_what_was_refunded_in_the_dashboard_meanwhile_is_not_asked_for(
    creem: RunningCreem, order: Order
) -> None:
    before = asked_for(creem)
    begun = begin(order)
    creem.control(f"/transactions/{order.payment.transaction_id}/refund")

    sweep()

    begun.refresh_from_db()
    assert begun.state == Refund.State.DONE
    assert asked_for(creem) == before


@pytest.mark.parametrize("fault", MET)
def test_a_provider_that_is_away_is_asked_again_and_nothing_is_lost(
    creem: RunningCreem, order: Order, fault: str
) -> None:
    begun = begin(order)
    creem.fail(**MET[fault])

    sweep()
    begun.refresh_from_db()
    assert begun.state == Refund.State.AWAITING
    assert begun.last_error != ""
    creem.fail()
    for _ in range(3):
        let_time_pass()
        sweep()

    begun.refresh_from_db()
    assert begun.state == Refund.State.DONE


def test_a_refund_that_does_not_go_through_for_long_is_told_to_a_person(
    creem: RunningCreem, order: Order
) -> None:
    begin(order)
    creem.fail(**MET["fail"])

    for _ in range(refund_requests.ASKS_TO_REPORT + 2):
        let_time_pass()
        sweep()

    assert Review.objects.get().reason == Review.Reason.REFUND_FAILED


def test_two_workers_never_ask_for_one_refund_together(creem: RunningCreem, order: Order) -> None:
    before = asked_for(creem)
    begun = begin(order)

    refund_requests.ask(begun.pk)
    refund_requests.ask(begun.pk)

    assert asked_for(creem) == before + 1
