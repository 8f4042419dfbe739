"""A delivered key is tried with one real call, whose cost is read from the journal."""

import dataclasses

import pytest
from django.conf import settings

from accounts.errors import TooManyAttempts
from billing.errors import NothingToShow
from billing.models import Order
from billing.providers import key_trial
from billing.providers.key_trial import TrialAnswer
from billing.services import delivery, order_secrets, showing, trials
from ledger.models import UsageRecord
from ledger.money import UnitRates
from ledger.services import holds
from tests.billing import paying
from tests.billing.shoppers import buyer_of, press
from tests.factories import billing as make
from tests.factories.ledger import call, priced, report, spender
from tests.sandbox.running import UPSTREAM_KEY, RunningSandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(console_sandbox: RunningSandbox) -> Order:
    """Return an order whose key works at the sandbox's model server."""
    priced(UnitRates(450_000_000, 9_000_000, 450_000_000, 450_000_000), name=settings.REFERENCE_MODEL)
    bought = paying.paid()
    delivery.deliver(bought.pk)
    bought = Order.objects.get(pk=bought.pk)
    bought.foreign_base_url = f"{console_sandbox.url}/v1"
    bought.sealed_secret = order_secrets.seal(bought, UPSTREAM_KEY)
    bought.save()
    return bought


def test_a_key_answers_and_the_call_is_named(order: Order) -> None:
    trial = trials.run(order)

    assert trial.model == settings.REFERENCE_MODEL
    assert trial.answer == trial.question == "Say hello in one short sentence."
    assert (trial.failure, trial.line) == ("", None)


def test_the_cost_is_that_of_the_calls_own_line_in_the_journal(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = priced(UnitRates(1_000_000, 0, 1_000_000, 1_000_000), name="other")
    by = spender(wallet=10**9)
    for upstream_id in ("answer-1", "another"):
        request = call(by, model)
        holds.reserve([request])
        holds.settle([report(request, upstream_id=upstream_id)])
    Order.objects.update(api_key=by.api_key)
    said = TrialAnswer(id="answer-1", text="Hi")
    monkeypatch.setattr(key_trial, "ask", lambda *key, **question: said)

    trial = trials.run(Order.objects.get())

    assert trial.line == UsageRecord.objects.get(upstream_id="answer-1")


def test_a_foreign_key_has_no_line_in_our_books(order: Order) -> None:
    order.api_key, order.foreign_key_id = None, "7"

    trial = trials.run(order)

    assert (trial.answer, trial.line) == (trial.question, None)


def test_the_page_shows_answer_and_failure_in_part_and_whole(order: Order) -> None:
    client = buyer_of(order)

    part, whole = press(client, order, "test", htmx=True), press(client, order, "test")
    Order.objects.update(sealed_secret=order_secrets.seal(order, "sk-wrong"))
    failed = press(client, order, "test", htmx=True)

    assert part.content.decode().strip().startswith('<div id="trial">')
    assert "It works." in part.content.decode()
    assert "<html" in whole.content.decode()
    assert "It works." in whole.content.decode()
    assert "The call did not work." in failed.content.decode()
    assert "sk-wrong" not in failed.content.decode()


def test_a_call_that_fails_is_a_result(order: Order) -> None:
    order.sealed_secret = order_secrets.seal(order, "sk-wrong")
    order.save()

    trial = trials.run(order)

    assert (trial.answer, trial.status) == ("", 401)
    assert trial.failure
    assert "sk-wrong" not in str(dataclasses.asdict(trial))


def test_a_key_is_tried_only_so_often_in_a_minute(order: Order) -> None:
    for _ in range(trials.PER_MINUTE):
        trials.run(order)

    with pytest.raises(TooManyAttempts):
        trials.run(order)


def test_what_is_not_shown_cannot_be_tried(order: Order) -> None:
    showing.save(order)

    with pytest.raises(NothingToShow):
        trials.run(order)


def test_a_code_cannot_be_tried() -> None:
    order = paying.paid(make.package(delivery="code"))
    delivery.deliver(order.pk)

    with pytest.raises(NothingToShow):
        trials.run(Order.objects.get())
