"""Debts: what accounts owe for credit that was taken back after it was spent.

An account that owes anything spends nothing. Whatever comes free in its wallet pays first: credit that is
granted, in the same statement; credit that another account brings along; and what calls release, by the
sweep.
"""

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from ledger.models import Account, Debt, DebtPayment, Entry
from ledger.money import NanoUSD
from ledger.services import entries
from ledger.services.entries import DEBTS, PROMOTION, Movement


def incur(account: Account, amount: NanoUSD, entry: Entry) -> None:
    """Let ``account``, which the caller has locked, owe what ``entry`` took from the debts."""
    Debt.objects.create(account=account, entry=entry, amount_nano_usd=amount, open_nano_usd=amount)
    Account.objects.filter(pk=account.pk).update(debt_nano_usd=F("debt_nano_usd") + amount)


def pay(account: Account) -> NanoUSD:
    """Pay what ``account`` owes with what its wallet has free, and return how much that was."""
    with connection.cursor() as cursor:
        cursor.execute("select ledger_pay_debts(%s, %s)", [account.pk, timezone.now()])
        [(paid,)] = cursor.fetchall()
    return NanoUSD(paid)


def pay_all() -> None:
    """Pay every debt for which a wallet has something free: calls that were open have released it."""
    for account in Account.objects.in_debt():
        pay(account)


def settle(debt: Debt, entry: Entry) -> None:
    """Write down that ``entry`` paid all that is open of ``debt``, whose account the caller has locked."""
    amount = debt.open_nano_usd
    DebtPayment.objects.create(debt=debt, entry=entry, amount_nano_usd=amount)
    Debt.objects.filter(pk=debt.pk).update(open_nano_usd=0)
    Account.objects.filter(pk=debt.account_id).update(debt_nano_usd=F("debt_nano_usd") - amount)


@transaction.atomic
def forgive(account: Account, *, made_by: User, note: str) -> NanoUSD:
    """Let ``account`` owe nothing any more, at the shop's cost; return how much that was.

    Each debt gets an entry of its own, with who forgave it and why. Forgiving again changes nothing.
    """
    locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    for debt in Debt.objects.open().filter(account=locked):
        entry = entries.post(
            reference=f"debt:{debt.pk}:forgiven",
            kind=Entry.Kind.DEBT_FORGIVEN,
            movements=[Movement(PROMOTION, DEBTS, NanoUSD(debt.open_nano_usd))],
            note=note,
            made_by=made_by,
        )
        settle(debt, entry)
    return NanoUSD(locked.debt_nano_usd)


def open_debts(account: Account) -> list[Debt]:
    """Return what ``account`` still owes, each with the entry that says why."""
    return list(Debt.objects.open().filter(account=account).select_related("entry"))
