"""API keys that can spend: an identity in `accounts`, limits and counters here, an account behind both."""

from datetime import datetime

from django.db import transaction

from accounts.models import ApiKey, Customer
from accounts.services import api_keys
from accounts.services.api_keys import IssuedKey
from ledger.models import KeyAllowance
from ledger.services import accounts, key_limits
from ledger.services.key_limits import KeyLimits

UNLIMITED = KeyLimits()


@transaction.atomic
def create(
    customer: Customer, *, name: str, expires_at: datetime | None = None, limits: KeyLimits = UNLIMITED
) -> IssuedKey:
    """Give ``customer`` a key that spends their account, which is opened if this is the first need of it.

    Limits that mean nothing are refused as `key_limits.impose` says, and then there is no key.
    """
    account = accounts.open_for(customer)
    issued = api_keys.create(customer, name=name, expires_at=expires_at)
    KeyAllowance.objects.create(api_key=issued.api_key, account=account)
    if limits != UNLIMITED:
        key_limits.impose(issued.api_key, limits)
    return issued


@transaction.atomic
def change(api_key: ApiKey, *, name: str, expires_at: datetime | None, limits: KeyLimits) -> None:
    """Name the key anew and set all that it may do, from its next call on. Its counters go on.

    Raises what `key_limits.impose` does, and KeyNotFound when the key was deleted meanwhile; then nothing has
    changed. The limits are first: whoever locks both rows of a key does it in the order of `ledger_reserve`.
    """
    key_limits.impose(api_key, limits)
    api_keys.describe(api_key, name=name, expires_at=expires_at)
