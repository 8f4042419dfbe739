"""Merging: the account of a guest goes into that of a person, with its keys, its credit and what was paid.

What open calls have set aside cannot move: their holds end on the account that they were reserved on. No new
one comes, because the keys spend the other account from then on; so what they leave follows within seconds.
"""

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey
from ledger.errors import AccountFrozen, AccountNotMergeable
from ledger.models import Account, Entry, KeyAllowance
from ledger.models.entries import POOLS
from ledger.money import NanoUSD
from ledger.services import debts, entries, lots
from ledger.services.entries import Movement, Place

WALLET = "wallet"


@transaction.atomic
def merge(source: Account, into: Account) -> None:
    """Merge ``source`` into another account, once and for ever.

    Both are locked, in id order as everywhere. The keys go over with their counters; one entry moves the free
    credit of all pools, and the wallet's lots move with their dates and prices. Repeating it changes nothing.
    A frozen account, or one that owes something, raises AccountFrozen, so that nobody thaws credit by moving
    it; one that was merged elsewhere, took in another, has a plan, or is to go into a merged one,
    raises AccountNotMergeable.
    """
    source, into = _locked(source.pk, into.pk)
    if source.merged_into_id == into.pk:
        return
    if source.merged_into_id or into.merged_into_id or source.merged_from.exists() or source.period_id:
        raise AccountNotMergeable
    if source.is_frozen:
        raise AccountFrozen
    source.merged_into = into
    source.save(update_fields=["merged_into"])
    KeyAllowance.objects.filter(account=source).update(account=into)
    ApiKey.objects.filter(customer=source.customer_id).update(customer=into.customer_id)
    _move_free_credit(source, into)


def to_empty() -> list[int]:
    """Return the merged accounts on which calls were open when they were last looked at."""
    return list(Account.objects.to_empty().values_list("pk", flat=True))


@transaction.atomic(durable=True)
def follow(source_pk: int) -> None:
    """Move what calls have released on a merged account since; nothing if there is nothing to move."""
    source = Account.objects.to_empty().filter(pk=source_pk).first()
    if source is not None and source.merged_into_id is not None:
        _move_free_credit(*_locked(source.pk, source.merged_into_id))


def _locked(source_pk: int, into_pk: int) -> tuple[Account, Account]:
    if source_pk == into_pk:
        raise AccountNotMergeable
    both = Account.objects.select_for_update(no_key=True).filter(pk__in=[source_pk, into_pk])
    found = {account.pk: account for account in both.order_by("pk")}
    return found[source_pk], found[into_pk]


def _move_free_credit(source: Account, into: Account) -> None:
    free = {pool: _free(source, pool) for pool in POOLS}
    movements = [
        Movement(Place(pool, source), Place(pool, into), amount) for pool, amount in free.items() if amount
    ]
    if movements:
        parts = lots.newest(source, free[WALLET])
        entry = entries.post(
            reference=f"merge:{source.pk}:{_moves_so_far(source) + 1}",
            kind=Entry.Kind.ACCOUNTS_MERGED,
            movements=movements,
        )
        lots.move(parts, into, entry)
        debts.pay(into)
    if source.open_holds == 0:
        Account.objects.filter(pk=source.pk, emptied_at=None).update(emptied_at=timezone.now())


def _free(account: Account, pool: str) -> NanoUSD:
    balance, held = (getattr(account, f"{pool}_{what}_nano_usd") for what in ("balance", "held"))
    return NanoUSD(balance - held)


def _moves_so_far(source: Account) -> int:
    return Entry.objects.filter(reference__startswith=f"merge:{source.pk}:").count()
