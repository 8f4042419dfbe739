"""Keys that can spend."""

import pytest
from django.utils import timezone

from ledger.models import Account, KeyAllowance
from ledger.services import spending_keys
from tests.factories.accounts import CustomerFactory

pytestmark = pytest.mark.django_db


def test_a_key_spends_the_account_of_its_customer() -> None:
    customer = CustomerFactory.create()
    expires_at = timezone.now()

    first = spending_keys.create(customer, name="laptop", expires_at=expires_at)
    second = spending_keys.create(customer, name="phone")

    account = Account.objects.get(customer=customer)
    assert (first.api_key.name, first.api_key.expires_at) == ("laptop", expires_at)
    assert first.secret_text.startswith(f"sk-{first.api_key.key_id}")
    assert set(KeyAllowance.objects.filter(account=account).values_list("api_key_id", flat=True)) == {
        first.api_key.pk,
        second.api_key.pk,
    }
