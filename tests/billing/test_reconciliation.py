"""Our payments held against the providers': what fits mends itself, what does not becomes a review once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import tasks
from billing.models import InboxEvent, Order, Payment, Provider, Reconciliation, Refund, Review
from billing.services import checkouts, reconciliation, refund_requests, refunds
from tests.billing import paying
from tests.billing.coin_shop import CoinShop
from tests.factories import billing as make
from tests.factories.accounts import StaffFactory
from tests.sandbox.running_creem import RunningCreem

pytestmark = pytest.mark.django_db(transaction=True)

CARDS, COINS = Provider.CREEM, Provider.NOWPAYMENTS
Reason = Review.Reason


@pytest.fixture(autouse=True)
def _at_once(nudges: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare also what came this minute."""
    monkeypatch.setattr(reconciliation, "GRACE", timedelta(0))


def paid_there(creem: RunningCreem, *, unknown: bool = False) -> Order:
    """Return an order that was paid at Creem, of which nobody has told us."""
    order = make.order()
    checkouts.open_page(order)
    order.refresh_from_db()
    assert creem.control(f"/checkouts/{order.checkout_id}/pay", {"email": "guest@example.com"}).ok
    if unknown:
        Order.objects.update(checkout_id="", checkout_url="", ask_at=None)
    return order


def reasons() -> list[str]:
    return sorted(Review.objects.values_list("reason", flat=True))


@pytest.mark.parametrize("state", [Order.State.PENDING, Order.State.EXPIRED])
def test_what_was_paid_and_never_told_is_delivered(creem: RunningCreem, state: Order.State) -> None:
    order = paid_there(creem)
    Order.objects.update(state=state, ask_at=None)

    run = reconciliation.run(CARDS)

    order.refresh_from_db()
    assert order.state == Order.State.DELIVERED
    assert run.error == ""
    assert run.looked_at >= 1
    assert not Review.objects.filter(subject__contains=order.payment.transaction_id).exists()


def test_a_payment_for_nothing_of_ours_is_a_review_once(creem: RunningCreem) -> None:
    paid_there(creem, unknown=True)
    known = {review.subject for review in Review.objects.all()}

    first, second = reconciliation.run(CARDS), reconciliation.run(CARDS)

    assert first.differences == second.differences >= 1
    subjects = [review.subject for review in Review.objects.filter(reason=Reason.NOT_KNOWN_HERE)]
    assert len(subjects) == len(set(subjects) - known) == first.differences


def test_a_payment_that_the_provider_does_not_have_is_a_review(creem: RunningCreem) -> None:
    order = paying.paid()

    reconciliation.run(CARDS)
    reconciliation.run(CARDS)

    review = Review.objects.get(reason=Reason.NOT_KNOWN_THERE)
    assert review.order == order


def test_another_amount_at_the_provider_is_a_review(creem: RunningCreem) -> None:
    order = paid_there(creem)
    checkouts.ask(order.pk)
    Payment.objects.update(amount_cents=999)

    reconciliation.run(CARDS)

    assert Review.objects.get(reason=Reason.AMOUNT_DIFFERS).order == order


def test_what_was_refunded_here_is_no_difference(creem: RunningCreem) -> None:
    order = paid_there(creem)
    checkouts.ask(order.pk)
    order.refresh_from_db()
    begun = refunds.refund(
        order, 1000, origin=Refund.Origin.OPERATOR, reason="asked for it", made_by=StaffFactory.create()
    )
    refund_requests.ask(begun.pk)

    reconciliation.run(CARDS)

    assert not Review.objects.filter(reason=Reason.TAKEN_BACK).exists()


@pytest.mark.parametrize("act", ["refund", "dispute"])
def test_what_went_back_and_was_never_told_is_a_review_once(creem: RunningCreem, act: str) -> None:
    order = paid_there(creem)
    checkouts.ask(order.pk)
    order.refresh_from_db()
    assert creem.control(f"/transactions/{order.payment.transaction_id}/{act}").ok

    reconciliation.run(CARDS)
    reconciliation.run(CARDS)

    assert Review.objects.get(reason=Reason.TAKEN_BACK).order == order


def test_a_provider_that_is_away_is_asked_again_from_the_same_moment(creem: RunningCreem) -> None:
    good = reconciliation.run(CARDS)
    creem.fail(mode="fail", status=503)
    failed = reconciliation.run(CARDS)
    creem.fail()

    again = reconciliation.run(CARDS)

    assert (good.error, again.error) == ("", "")
    assert "ProviderUnavailable" in failed.error
    assert again.since == failed.since == good.began_at - reconciliation.OVERLAP


def test_coins_that_nobody_told_of_pay_their_order(coins: CoinShop) -> None:
    order = coins.order()
    coins.act(coins.chosen(order), "exact")

    run = reconciliation.run(COINS)

    order.refresh_from_db()
    assert order.state == Order.State.DELIVERED
    assert run.error == ""
    assert not InboxEvent.objects.exists()


def test_coins_that_went_back_and_nobody_told_of_are_taken_back(coins: CoinShop) -> None:
    order = coins.bought("exact")
    coins.act(order.deposits.get(), "refund")

    reconciliation.run(COINS)

    assert Refund.objects.get().order == order


def test_coins_for_nothing_of_ours_are_a_review(coins: CoinShop) -> None:
    coins.running.paid(order_id="ord_nobodys")

    reconciliation.run(COINS)
    reconciliation.run(COINS)

    assert Reason.NOT_KNOWN_HERE in reasons()
    assert len({review.subject for review in Review.objects.all()}) == Review.objects.count()


def test_a_comparison_that_never_happened_is_overdue_once_there_was_something_to_compare() -> None:
    assert [each.is_overdue for each in reconciliation.health()] == [False, False]

    make.order()
    Order.objects.update(created_at=timezone.now() - timedelta(hours=7))

    assert [each.is_overdue for each in reconciliation.health()] == [True, True]


def test_a_comparison_that_came_to_no_end_for_hours_is_overdue(creem: RunningCreem, coins: CoinShop) -> None:
    tasks.reconcile()
    assert [(each.provider, each.is_overdue) for each in reconciliation.health()] == [
        (CARDS, False), (COINS, False),
    ]  # fmt: skip

    Reconciliation.objects.update(began_at=timezone.now() - timedelta(hours=7))

    assert [each.is_overdue for each in reconciliation.health()] == [True, True]
