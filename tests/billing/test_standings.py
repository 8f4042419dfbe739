"""How an order stands, in the words of its page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import api_keys
from billing.models import Order
from billing.services import claims, delivery, showing, standings
from billing.services.standings import Stage
from tests.billing import paying
from tests.factories import billing as make
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def delivered(order: Order | None = None) -> Order:
    order = order or paying.paid()
    delivery.deliver(order.pk)
    return Order.objects.get(pk=order.pk)


def done(order: Order) -> list[bool]:
    return [step.is_done for step in standings.of(order).steps]


def test_the_steps_are_done_one_after_the_other() -> None:
    order = make.order()
    told = [done(order), done(paying.pay(order)), done(delivered(order))]

    assert told == [[False, False, False], [True, False, False], [True, True, False]]


def test_the_first_step_that_is_not_done_is_the_current_one() -> None:
    assert [step.is_current for step in standings.of(paying.paid()).steps] == [False, True, False]


def test_a_key_is_in_use_from_its_first_call() -> None:
    order = delivered()
    assert order.api_key is not None
    order.api_key.last_used_at = timezone.now()

    assert done(order) == [True, True, True]


def test_a_key_that_was_saved_is_in_use_with_its_buyer() -> None:
    order = delivered()
    showing.save(order)

    assert done(order)[2]
    assert standings.of(order).stage == Stage.KEY_SAVED


def test_credit_in_a_wallet_is_in_use_at_once() -> None:
    assert all(done(delivered(paying.paid(user=UserFactory.create()))))


def test_a_guests_key_can_be_claimed_and_replaced_until_it_is_in_an_account() -> None:
    order = delivered()
    before = standings.of(order).can_be_claimed, standings.of(order).can_be_rolled

    claims.claim(order, UserFactory.create())

    after = standings.of(Order.objects.get(pk=order.pk))
    assert before == (True, True)
    assert (after.can_be_claimed, after.can_be_rolled) == (False, False)


def test_a_key_that_was_stopped_cannot_be_replaced_here() -> None:
    order = delivered()
    assert order.api_key is not None
    api_keys.disable(order.api_key)

    assert not standings.of(order).can_be_rolled


def test_a_key_of_a_console_can_be_replaced_here_whoever_owns_the_order() -> None:
    order = delivered()
    order.foreign_key_id, order.api_key = "7", None

    assert standings.of(order).can_be_rolled


@pytest.mark.parametrize(
    ("email", "shown"), [("ada@example.com", "a…a@example.com"), ("io@example.com", "i…@example.com")]
)
def test_an_address_tells_only_its_owner_which_it_is(email: str, shown: str) -> None:
    assert standings.of(make.order(email=email)).masked_email == shown


def test_who_waits_for_a_delivery_waits_from_the_payment_on() -> None:
    order = paying.paid()
    order.created_at -= timedelta(days=1)

    assert standings.refresh_seconds(order) == standings.PACES[0][1]
