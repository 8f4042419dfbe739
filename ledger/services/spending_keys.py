"""API keys that can spend: an identity in `accounts`, its counters here, and an open account behind both."""

from datetime import datetime

from django.db import transaction

from accounts.models import Customer
from accounts.services import api_keys
from accounts.services.api_keys import IssuedKey
from ledger.models import KeyAllowance
from ledger.services import accounts


@transaction.atomic
def create(customer: Customer, *, name: str, expires_at: datetime | None = None) -> IssuedKey:
    """Give ``customer`` a key that spends their account, which is opened if this is the first need of it."""
    account = accounts.open_for(customer)
    issued = api_keys.create(customer, name=name, expires_at=expires_at)
    KeyAllowance.objects.create(api_key=issued.api_key, account=account)
    return issued
