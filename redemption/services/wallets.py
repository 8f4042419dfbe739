"""What a customer does with a code: turns it into credit in the wallet, once."""

from typing import NamedTuple

from django.db import connection

from accounts.models import Customer
from accounts.services import attempts
from accounts.services.attempts import Limit
from ledger.money import NanoUSD
from ledger.services import accounts
from redemption.errors import CodeUnusable
from redemption.services import codes

PURPOSE = "redeem"
WINDOW_SECONDS = 60
ATTEMPTS_PER_USER = 5
# An office or a household shares one address.
ATTEMPTS_PER_ADDRESS = 20


class Redeemed(NamedTuple):
    """What a code added, and all the credit of the account after it."""

    amount: NanoUSD
    balance: NanoUSD


def redeem(*, typed_code: str, customer: Customer, address: str) -> Redeemed:
    """Turn a code into credit in the wallet of ``customer``, exactly once.

    Text that cannot be a code raises CodeMistyped and costs nothing. Any other try counts against the
    customer and the address, and TooManyAttempts is raised before the code is looked at. Every code that
    cannot be redeemed raises CodeUnusable. After any refusal nothing has moved.
    """
    hashes = codes.hashes_of(typed_code)
    attempts.spend(
        Limit(PURPOSE, f"customer {customer.pk}", ATTEMPTS_PER_USER, WINDOW_SECONDS),
        Limit(PURPOSE, f"address {address}", ATTEMPTS_PER_ADDRESS, WINDOW_SECONDS),
    )
    outcome, amount, balance = _redeem(hashes, customer)
    if outcome == "no_account":  # the first credit of a newcomer
        accounts.open_for(customer)
        outcome, amount, balance = _redeem(hashes, customer)
    if outcome == "unusable":
        raise CodeUnusable
    return Redeemed(NanoUSD(amount), NanoUSD(balance))


def _redeem(hashes: list[bytes], customer: Customer) -> tuple[str, int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM redemption_redeem(%s, %s)", [hashes, customer.pk])
        [(outcome, amount, balance)] = cursor.fetchall()
    return outcome, amount, balance
