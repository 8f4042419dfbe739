"""Takings: credit that goes back, because what was paid for it does.

What is left of the credit is derived from its lots, wherever they were moved. That much goes from the wallets
to the refunds. What was spent the account owes from then on, and other credit in its wallet pays that at
once. What open calls have set aside counts as spent: it cannot be taken, and pays the debt when it is
released.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from ledger.models import Account, Debt, Entry, Lot, LotTaking, Posting
from ledger.money import NanoUSD, as_usd
from ledger.services import debts, entries, lots
from ledger.services.entries import DEBTS, REFUNDS, Movement
from ledger.services.lots import Part


class Taken(NamedTuple):
    """What a taking came to: so much was still there, and so much was spent and is owed."""

    entry: Entry
    unspent: NanoUSD
    spent: NanoUSD


def unspent(references: Sequence[str]) -> NanoUSD:
    """Return what could be taken back now of the credit that these entries brought."""
    _living_account, found = _held_by(references, is_to_lock=False)
    return NanoUSD(sum(part.amount for part in found))


def taken(references: Sequence[str]) -> NanoUSD:
    """Return what the takings with these names took, owed or not; those that are none took nothing."""
    gone = Posting.objects.filter(entry__reference__in=references, destination=REFUNDS.name)
    return NanoUSD(gone.aggregate(sum=Sum("amount_nano_usd", default=0))["sum"])


@transaction.atomic
def take(
    references: Sequence[str],
    amount: NanoUSD,
    *,
    reference: str,
    note: str = "",
    made_by: User | None = None,
) -> Taken:
    """Take back ``amount`` of the credit that the entries ``references`` brought, once per ``reference``.

    What is unspent of it, the newest first, moves from the wallets to the refunds; the rest is owed by the
    account that has the credit now. All accounts are locked, in id order. Taking again changes nothing.
    """
    known = Entry.objects.filter(reference=reference).first()
    if known is not None:
        return _taken_by(known)
    owner, found = _held_by(references, is_to_lock=True)
    parts = list(_newest(found, amount))
    left = NanoUSD(amount - sum(part.amount for part in parts))
    entry = entries.post(
        reference=reference,
        kind=Entry.Kind.CREDIT_TAKEN_BACK,
        movements=[*_movements(parts), *([Movement(DEBTS, REFUNDS, left)] if left else [])],
        note=note,
        made_by=made_by,
    )
    LotTaking.objects.bulk_create(
        LotTaking(lot=part.lot, entry=entry, amount_nano_usd=part.amount) for part in parts
    )
    if left:
        debts.incur(owner, left, entry)
        debts.pay(owner)
    return Taken(entry, NanoUSD(amount - left), left)


@transaction.atomic
def give_back(taking: Entry, references: Sequence[str], *, reference: str, note: str = "") -> None:
    """Undo ``taking`` exactly, once per ``reference``.

    What is still owed of it is owed no more; all else comes back into the wallet, as a lot with the price
    facts of the credit that ``references`` brought.
    """
    if Entry.objects.filter(reference=reference).exists():
        return
    owner, _found = _held_by(references, is_to_lock=True)
    debt = Debt.objects.open().filter(entry=taking).first()
    cancelled = debt.open_nano_usd if debt is not None else 0
    taken = _taken_by(taking)
    back = NanoUSD(taken.unspent + taken.spent - cancelled)
    movements = [Movement(REFUNDS, DEBTS, NanoUSD(cancelled))] if cancelled else []
    movements += [Movement(REFUNDS, entries.wallet(owner), back)] if back else []
    entry = entries.post(
        reference=reference, kind=Entry.Kind.CREDIT_GIVEN_BACK, movements=movements, note=note
    )
    if debt is not None:
        debts.settle(debt, entry)
    if back:
        _keep_lot(owner, entry, back, like=_lots_of(references)[0])
        debts.pay(owner)


@transaction.atomic
def owe(
    account: Account, amount: NanoUSD, *, reference: str, note: str = "", made_by: User | None = None
) -> Entry:
    """Let ``account`` owe ``amount`` for what was used and is paid no more, once per ``reference``.

    Nothing is taken but what the wallet has free: that pays the debt at once.
    """
    known = Entry.objects.filter(reference=reference).first()
    if known is not None:
        return known
    locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    entry = entries.post(
        reference=reference,
        kind=Entry.Kind.CREDIT_TAKEN_BACK,
        movements=[Movement(DEBTS, REFUNDS, amount)],
        note=note,
        made_by=made_by,
    )
    debts.incur(locked, amount, entry)
    debts.pay(locked)
    return entry


@transaction.atomic
def owe_no_more(owed: Entry, *, reference: str, note: str = "") -> None:
    """Undo what `owe` did with the entry ``owed``, once per ``reference``.

    What is still open of the debt is owed no more; what was paid of it comes back, as credit that was paid
    dollar for dollar.
    """
    if Entry.objects.filter(reference=reference).exists():
        return
    debt = Debt.objects.get(entry=owed)
    locked = Account.objects.select_for_update(no_key=True).get(pk=debt.account_id)
    debt.refresh_from_db()
    is_open, paid = NanoUSD(debt.open_nano_usd), NanoUSD(debt.amount_nano_usd - debt.open_nano_usd)
    moved = [Movement(REFUNDS, DEBTS, is_open), Movement(REFUNDS, entries.wallet(locked), paid)]
    entry = entries.post(
        reference=reference,
        kind=Entry.Kind.CREDIT_GIVEN_BACK,
        movements=[movement for movement in moved if movement.amount],
        note=note,
    )
    if is_open:
        debts.settle(debt, entry)
    if paid:
        Lot.objects.create(
            account=locked,
            entry=entry,
            amount_nano_usd=paid,
            paid_amount=as_usd(paid),
            paid_currency="USD",
            paid_units_per_usd=1,
            acquired_at=entry.created_at,
        )
        debts.pay(locked)


def _held_by(references: Sequence[str], *, is_to_lock: bool) -> tuple[Account, list[Part]]:
    """Return the account that has this credit now, and what is free of it, by the accounts that have parts.

    A part that a merged account still has, for its open calls, follows; so the account that it was merged
    into has all of it.
    """
    known = _lots_of(references)
    accounts = {lot.account.merged_into_id or lot.account_id for lot in known} | {
        lot.account_id for lot in known
    }
    rows = Account.objects.filter(pk__in=accounts).order_by("pk")
    locked = list(rows.select_for_update(no_key=True) if is_to_lock else rows)
    # Read anew: what calls released may have followed while the locks were waited for.
    wanted = {lot.pk for lot in _lots_of(references)}
    parts = [part for account in locked for part in _free(account) if part.lot.pk in wanted]
    [owner] = [account for account in locked if account.merged_into_id is None]
    return owner, parts


def _free(account: Account) -> Iterator[Part]:
    return lots.newest(account, NanoUSD(account.wallet_balance_nano_usd - account.wallet_held_nano_usd))


def _lots_of(references: Sequence[str]) -> list[Lot]:
    """Return the lots that these entries brought, and those that parts of them became."""
    every = Lot.objects.select_related("account")
    found = list(every.filter(entry__reference__in=references).order_by("pk"))
    newest = found
    while newest:
        newest = list(every.filter(moved_from__in=newest).order_by("pk"))
        found += newest
    return found


def _newest(parts: list[Part], amount: NanoUSD) -> Iterator[Part]:
    """Yield the newest ``amount`` of these parts, each cut from the end of its lot."""
    for part in sorted(parts, key=lambda part: (part.lot.acquired_at, part.lot.pk), reverse=True):
        cut = min(amount, part.amount)
        if cut:
            yield part._replace(start=NanoUSD(part.end - cut))
        amount = NanoUSD(amount - cut)


def _movements(parts: list[Part]) -> list[Movement]:
    return [Movement(entries.wallet(part.lot.account), REFUNDS, part.amount) for part in parts]


def _taken_by(entry: Entry) -> Taken:
    from_lots = LotTaking.objects.filter(entry=entry).aggregate(sum=Sum("amount_nano_usd", default=0))["sum"]
    debt = Debt.objects.filter(entry=entry).first()
    return Taken(entry, NanoUSD(from_lots), NanoUSD(debt.amount_nano_usd if debt is not None else 0))


def _keep_lot(account: Account, entry: Entry, amount: NanoUSD, *, like: Lot) -> None:
    share = Part(like, NanoUSD(0), min(amount, NanoUSD(like.amount_nano_usd))).paid_amount
    Lot.objects.create(
        account=account,
        entry=entry,
        amount_nano_usd=amount,
        paid_amount=share,
        paid_currency=like.paid_currency,
        paid_units_per_usd=like.paid_units_per_usd,
        acquired_at=like.acquired_at,
    )
