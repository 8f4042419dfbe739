"""Credits: money that comes into a wallet, each with the lot that remembers what was paid for it."""

from datetime import datetime

from django.utils import timezone

from accounts.models import User
from ledger.models import Account, Entry
from ledger.money import NanoUSD, PriceFacts
from ledger.services import entries
from ledger.services.entries import Place

NOTHING_PAID = (None, "", None)


def grant(  # noqa: PLR0913 - each is a fact of the lot or of its entry
    account: Account,
    amount: NanoUSD,
    *,
    source: Place,
    reference: str,
    kind: Entry.Kind,
    price: PriceFacts | None = None,
    acquired_at: datetime | None = None,
    note: str = "",
    made_by: User | None = None,
) -> Entry:
    """Move ``amount`` from ``source`` into the wallet and keep its lot, once per ``reference``.

    ``price`` is what was paid, nothing by default; ``acquired_at`` is when, now by default. A repetition and
    a refusal are those of `entries.post`.
    """
    now = timezone.now()
    return entries.answered(
        "ledger_grant(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            reference,
            kind,
            note,
            made_by.pk if made_by else None,
            source.name,
            source.account_id,
            account.pk,
            amount,
            *(price or NOTHING_PAID),
            acquired_at or now,
            now,
        ],
    )
