"""What pages say about one person, gathered from people, keys and books."""

from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import customers
from billing.models import Order
from ledger.models import Account, Debt, UsageRecord
from ledger.money import NanoUSD
from ledger.services import accounts, debts, statements
from ledger.services.statements import Line, Spending
from portal import key_lines
from portal.key_lines import METER_WIDTH, KeyLine

HISTORY_LINES = 50
RECENT_CALLS = 20
RECENT_ORDERS = 5


class Journey(NamedTuple):
    """How far somebody has come: sign up, add credit, create a key, call."""

    has_account: bool = False
    has_credit: bool = False
    has_key: bool = False

    @property
    def step(self) -> int:
        """Return the number of the first step that is not done; one more than there are when all are."""
        return (*self, False).index(False) + 1


class PoolPart(NamedTuple):
    """One pool of a balance, and where it lies on the meter, in thousandths."""

    pool: str
    label: Promise
    balance: NanoUSD
    starts_at: int
    width: int


class Wallet(NamedTuple):
    """What the wallet page shows."""

    balance: NanoUSD
    held: NanoUSD
    is_frozen: bool
    debts: list[Debt]
    parts: list[PoolPart]
    lines: list[Line]
    orders: list[Order]


class Board(NamedTuple):
    """What the dashboard shows."""

    balance: NanoUSD
    today: Spending
    month: Spending
    calls: list[UsageRecord]
    keys: list[KeyLine]
    orders: list[Order]


def journey(user: User | AnonymousUser) -> Journey:
    """Return how far ``user`` has come."""
    if isinstance(user, AnonymousUser):
        return Journey()
    customer = customers.of_user(user)
    return Journey(
        has_account=True,
        has_credit=accounts.open_for(customer).balance_nano_usd > 0,
        has_key=customer.api_keys.listed().exists(),
    )


def wallet(user: User) -> Wallet:
    """Return the balance of ``user`` with its parts and its history."""
    account = accounts.open_for(customers.of_user(user))
    return Wallet(
        balance=account.balance_nano_usd,
        held=account.held_nano_usd,
        is_frozen=account.frozen_at is not None,
        debts=debts.open_debts(account),
        parts=_parts(account),
        lines=statements.wallet_lines(account, HISTORY_LINES),
        orders=orders(user),
    )


def board(user: User) -> Board:
    """Return what ``user`` has left, what was spent, and on what."""
    account = accounts.open_for(customers.of_user(user))
    today = timezone.localdate()
    return Board(
        balance=account.balance_nano_usd,
        today=statements.spent_since(account, today),
        month=statements.spent_since(account, today.replace(day=1)),
        calls=statements.recent_usage(account, RECENT_CALLS),
        keys=key_lines.of_user(user),
        orders=orders(user),
    )


def orders(user: User) -> list[Order]:
    """Return the latest orders of ``user``, the newest first."""
    return list(Order.objects.of_customer(customers.of_user(user))[:RECENT_ORDERS])


def _parts(account: Account) -> list[PoolPart]:
    pools = [
        ("main", _("Main pool"), account.main_balance_nano_usd),
        ("backup", _("Backup pool"), account.backup_balance_nano_usd),
        ("wallet", _("Wallet"), account.wallet_balance_nano_usd),
    ]
    whole = max(account.balance_nano_usd, 1)
    parts, end = [], 0
    for pool, label, balance in pools:
        starts_at = end * METER_WIDTH // whole
        end += balance
        width = end * METER_WIDTH // whole - starts_at
        parts.append(PoolPart(pool, label, NanoUSD(balance), starts_at, width))
    return parts
