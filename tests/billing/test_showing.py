"""A key is shown until it is saved, a code until it is redeemed; a rolled key replaces the old one."""

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from accounts.models import ApiKey
from accounts.services import api_keys
from billing.errors import NothingToShow
from billing.models import Order
from billing.services import showing
from ledger.services import proof
from redemption.services import codes, wallets
from tests.billing.paying import paid
from tests.billing.test_delivery import delivered, steps
from tests.factories import billing as make
from tests.factories.accounts import CustomerFactory, StaffFactory, UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def with_key() -> Order:
    return delivered(paid())


@pytest.fixture
def with_code(settings: Settings) -> Order:
    settings.KEY_ISSUER = "off"
    return delivered(paid())


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def redeem(order: Order) -> None:
    code = showing.secret_of(order)
    assert code is not None
    wallets.redeem(typed_code=code, customer=CustomerFactory.create(), address="192.0.2.1")


def test_a_key_is_shown_until_it_is_saved(with_key: Order) -> None:
    key = showing.secret_of(with_key)
    assert key is not None
    assert key.startswith("sk-")

    showing.save(with_key)

    assert showing.secret_of(with_key) is None
    assert showing.secret_of(fresh(with_key)) is None
    assert steps(with_key)[-1] == "saved"


def test_saving_twice_is_saving_once(with_key: Order) -> None:
    showing.save(with_key)
    saved_at = with_key.saved_at

    showing.save(with_key)

    assert fresh(with_key).saved_at == saved_at
    assert steps(with_key).count("saved") == 1


def test_a_code_cannot_be_saved(with_code: Order) -> None:
    with pytest.raises(NothingToShow):
        showing.save(with_code)


def test_an_order_that_is_not_delivered_shows_nothing() -> None:
    order = paid()

    assert showing.secret_of(order) is None
    with pytest.raises(NothingToShow):
        showing.save(order)
    with pytest.raises(NothingToShow):
        showing.roll(order)


def test_credit_in_a_wallet_has_no_secret() -> None:
    assert showing.secret_of(delivered(paid(user=UserFactory.create()))) is None


def test_a_code_is_shown_in_groups_until_it_is_redeemed_and_forgotten_then(with_code: Order) -> None:
    assert len(showing.secret_of(with_code) or "") == 34

    redeem(with_code)

    shown = fresh(with_code)
    assert showing.secret_of(shown) is None
    assert showing.secret_of(shown) is None  # also when there is nothing left to forget
    assert showing.is_redeemed(shown)
    assert fresh(with_code).sealed_secret is None


def test_a_code_that_was_voided_is_not_shown_and_not_called_redeemed(with_code: Order) -> None:
    assert with_code.code is not None
    codes.void_batch(with_code.code.batch, voided_by=StaffFactory.create())
    codes.finish_voiding(with_code.code.batch_id)

    shown = fresh(with_code)

    assert showing.secret_of(shown) is None
    assert not showing.is_redeemed(shown)


def test_spent_codes_are_forgotten_also_when_nobody_looks(with_code: Order) -> None:
    kept = delivered(paid(make.package("other")))
    redeem(with_code)

    assert showing.forget_spent_codes() == 1

    assert fresh(with_code).sealed_secret is None
    assert fresh(kept).sealed_secret is not None


def test_a_rolled_key_spends_the_same_credit_and_the_old_one_is_dead(with_key: Order) -> None:
    old, text = with_key.api_key, showing.secret_of(with_key)

    showing.roll(with_key)

    new = with_key.api_key
    assert old is not None
    assert new is not None
    old.refresh_from_db()
    assert (old.state, new.state, new.name) == (ApiKey.State.REVOKED, ApiKey.State.ACTIVE, old.name)
    assert new.allowance.account == old.allowance.account
    assert showing.secret_of(fresh(with_key)) == showing.secret_of(with_key) != text
    assert api_keys.parse(showing.secret_of(with_key) or "").key_id == new.key_id
    assert steps(with_key)[-1] == "rolled"
    assert proof.discrepancies() == []


def test_a_saved_key_can_be_rolled_and_the_new_one_is_shown(with_key: Order) -> None:
    showing.save(with_key)

    showing.roll(with_key)

    assert showing.secret_of(with_key) is not None
    assert fresh(with_key).saved_at is None


def test_a_key_that_the_shop_has_stopped_cannot_be_rolled(with_key: Order) -> None:
    assert with_key.api_key is not None
    api_keys.disable(with_key.api_key)

    with pytest.raises(NothingToShow):
        showing.roll(with_key)


def test_a_key_in_somebodys_account_is_not_rolled_from_the_order(with_key: Order) -> None:
    with_key.customer.user = UserFactory.create()
    with_key.customer.save(update_fields=["user"])

    with pytest.raises(NothingToShow):
        showing.roll(with_key)


def test_the_database_keeps_no_text_of_a_saved_key(with_key: Order) -> None:
    sealed = with_key.sealed_secret
    showing.save(with_key)

    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=with_key.pk).update(sealed_secret=sealed)


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_rolled_by_many_at_once_leaves_one_that_works() -> None:
    order = delivered(paid())

    results = together(8, lambda _: showing.roll(fresh(order)))

    assert results == [None] * 8
    assert list(ApiKey.objects.exclude(state="revoked")) == [fresh(order).api_key]
    assert api_keys.parse(showing.secret_of(fresh(order)) or "").key_id == ApiKey.objects.listed()[0].key_id
