"""What becomes of a code: redeemed by one customer, or voided with its batch, or expired."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Customer, User
from accounts.services import keyed_hash
from ledger.money import NanoUSD, PriceFacts
from redemption.errors import CodeUnusable
from redemption.models import Batch, Code, CodeQuerySet
from redemption.services import code_text, liability

CLOSED_AT_ONCE = 5_000


class Benefit(NamedTuple):
    """What a claimed code is good for, and the price facts that its credit keeps.

    It is good for `value`, or for `plan_days` of the plan that the shop knows by `plan_slug`.
    """

    code_id: int
    value: NanoUSD
    issued_at: datetime
    price: PriceFacts | None
    plan_slug: str
    plan_days: int | None


def claim(typed_code: str, *, customer: Customer, of_plan: bool = False) -> Benefit:
    """Spend a code for ``customer``, once, and return its benefit; the caller grants it in this transaction.

    Codes of plans are claimed with ``of_plan``, and no others; without, only those that are worth an amount.

    Text that cannot be a code raises CodeMistyped without a query. A code that is unknown, spent, expired or
    voided raises CodeUnusable, whichever it is.
    """
    hashes = hashes_of(typed_code)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM redemption_claim(%s, %s, %s)", [hashes, customer.pk, of_plan])
        claimed = cursor.fetchone()
    if claimed is None:
        raise CodeUnusable
    code_id, value, issued_at, amount, currency, rate, *of_a_plan = claimed
    price = PriceFacts(amount, currency, rate) if amount is not None else None
    return Benefit(code_id, NanoUSD(value), issued_at, price, *of_a_plan)


def find(typed_code: str) -> Code | None:
    """Return the code that staff were asked about, in whatever state; raise CodeMistyped for other text."""
    return Code.objects.filter(code_hash__in=hashes_of(typed_code)).first()


def hashes_of(typed_code: str) -> list[bytes]:
    """Return what a code may be stored as, under every pepper; raise CodeMistyped for other text."""
    code = code_text.normalise(typed_code)
    return [candidate.value for candidate in keyed_hash.candidates(keyed_hash.CODE, code)]


def void_batch(batch: Batch, *, voided_by: User) -> None:
    """Make a batch void for ever: from now on none of its codes can be redeemed, and none is made any more.

    `finish_voiding` then closes its codes. Voiding a void batch changes nothing.
    """
    Batch.objects.filter(pk=batch.pk).exclude(state__in=[Batch.State.VOIDING, Batch.State.VOIDED]).update(
        state=Batch.State.VOIDING, voided_at=Now(), voided_by=voided_by, download_lease_until=None
    )


def finish_voiding(batch_pk: int) -> None:
    """Close the live codes of a void batch, give their value back and forget their plaintext.

    Goes chunk by chunk, so that a crash loses nothing and the next call carries on.
    """
    batch = Batch.objects.select_related("voided_by").filter(pk=batch_pk, state=Batch.State.VOIDING).first()
    if batch is None:
        return
    _close(batch.codes.live(), batch, state=Code.State.VOIDED)
    with transaction.atomic():
        Batch.objects.filter(pk=batch_pk).update(state=Batch.State.VOIDED)
        batch.chunks.update(sealed_codes=None)


def expire_due() -> None:
    """Close the live codes of every batch whose time is over, and give their value back, chunk by chunk."""
    for batch in Batch.objects.due():
        _close(batch.codes.live(), batch, state=Code.State.EXPIRED)
        Batch.objects.filter(pk=batch.pk).update(expired_at=Now())


def _close(codes: CodeQuerySet, batch: Batch, *, state: Code.State) -> None:
    last_id: int | None = 0
    while last_id is not None:
        last_id = _close_some(codes.filter(pk__gt=last_id), batch, state=state)


@transaction.atomic(durable=True)
def _close_some(codes: CodeQuerySet, batch: Batch, *, state: Code.State) -> int | None:
    """Close the first of ``codes``, with their entry, and return the last id; None when there was none.

    A code that somebody is redeeming is waited for, and left alone when it was redeemed. Rows are locked in
    id order, so that two who close the same batch never wait for each other in a ring.
    """
    ids = list(codes.order_by("pk").select_for_update().values_list("pk", flat=True)[:CLOSED_AT_ONCE])
    if not ids:
        return None
    Code.objects.filter(pk__in=ids).update(state=state, closed_at=Now())
    if state == Code.State.VOIDED:
        Batch.objects.filter(pk=batch.pk).update(voided_count=F("voided_count") + len(ids))
    liability.give_back(batch, len(ids), first_code_id=ids[0], state=state)
    return ids[-1]
