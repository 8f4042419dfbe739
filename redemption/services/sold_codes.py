"""Codes that the shop sells: one for an order, made with its price facts and handed to whoever sold it."""

from django.db.models import F
from django.db.models.functions import Now

from accounts.services import keyed_hash
from ledger.money import NanoUSD, PriceFacts
from redemption.models import Batch, Chunk, Code
from redemption.services import code_text, liability
from redemption.services.code_text import CodeText


def issue(value: NanoUSD, price: PriceFacts, *, provider: str, name: str) -> tuple[Code, CodeText]:
    """Issue one code worth ``value`` that somebody paid for, in the caller's transaction.

    The shop owes for it from then on: one entry moves its value from the cash of ``provider`` to the codes.
    Its credit keeps ``price``, whoever redeems it. The text is in the answer and nowhere else: the caller
    seals it for the buyer.
    """
    [text] = code_text.generate(1)
    batch = Batch.objects.create(
        name=name,
        count=1,
        value_nano_usd=value,
        paid_amount=price.amount,
        paid_currency=price.currency,
        paid_units_per_usd=price.units_per_usd,
        sold_through=provider,
        issued_count=1,
        state=Batch.State.SOLD,
    )
    liability.take_on(Chunk.objects.create(batch=batch, number=1, size=1))
    hashed = keyed_hash.digest(keyed_hash.CODE, text)
    code = Code.objects.create(
        batch=batch,
        code_hash=hashed.value,
        pepper_version=hashed.version,
        last_four=text[-4:],
        value_nano_usd=value,
    )
    return code, text


def withdraw(code: Code) -> NanoUSD | None:
    """Void a sold code that nobody has redeemed, in the caller's transaction; return what it was worth.

    Somebody who is redeeming it is waited for: None means that it is redeemed, or lapsed before. The books
    give its value back to the cash of its provider.
    """
    live = Code.objects.live().select_for_update().filter(pk=code.pk).first()
    if live is None:
        return None
    Code.objects.filter(pk=live.pk).update(state=Code.State.VOIDED, closed_at=Now())
    Batch.objects.filter(pk=live.batch_id).update(
        state=Batch.State.VOIDED, voided_at=Now(), voided_count=F("voided_count") + 1
    )
    liability.give_back(live.batch, 1, first_code_id=live.pk, state=Code.State.VOIDED)
    return NanoUSD(live.value_nano_usd)
