"""Keys of a foreign console: one for an order, rolled on demand, deleted when something else was delivered.

Each step stands in the order's `KeyIntent` before the console hears of it, so that whatever is cut short can
be gone on with. The console is asked between transactions, never in one.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.errors import KeyIssuerUnavailable, NothingToShow
from billing.models import KeyIntent, Order, OrderStep, Review
from billing.providers.errors import ProviderError, ProviderRefused
from billing.providers.key_issuer import ForeignKey, KeyWish
from billing.services import order_secrets, orders, reviews, wiring
from ledger import money
from ledger.money import NanoUSD

log = logging.getLogger(__name__)

# A request may still be on its way when its key is given up: so long the console is looked through again.
LOOK_AGAIN_FOR = timedelta(minutes=5)
PAUSE = timedelta(minutes=1)
AT_ONCE = 500


def intend(order: Order) -> KeyIntent:
    """Write down that the console is to be asked for the key of ``order``, in the caller's transaction."""
    quota = money.quota(NanoUSD(order.credit_nano_usd), units_per_usd=settings.KEY_CONSOLE_QUOTA_PER_USD)
    intent, _ = KeyIntent.objects.get_or_create(order=order, defaults={"quota": quota})
    return intent


def ask(intent: KeyIntent) -> ForeignKey:
    """Have the console make the key of ``intent``; asked again, it answers with the same key."""
    reference = intent.order.reference
    key = f"{reference}-{intent.number}" if intent.number else reference
    return wiring.key_issuer().create(KeyWish(name=reference, quota=intent.quota, idempotency_key=key))


def is_given_up(order: Order) -> bool:
    """Tell whether the console was given up for ``order``."""
    return KeyIntent.objects.filter(order=order, is_given_up=True).exists()


def stop(order: Order) -> None:
    """Have the key of ``order`` deleted at the console, in the caller's transaction; the sweep sees to it."""
    now = timezone.now()
    KeyIntent.objects.filter(order=order).update(ended_at=now, is_given_up=True, go_on_at=now)


def note_failure(order: Order, failure: ProviderError) -> None:
    """Keep the last thing that went wrong at the console, for the operator."""
    KeyIntent.objects.filter(order=order).update(last_error=str(failure)[:300])


@transaction.atomic(durable=True)
def give_up(order: Order, failure: ProviderError) -> None:
    """Ask the console no more for the key of ``order``; the sweep deletes one that it may have made."""
    now = timezone.now()
    KeyIntent.objects.filter(order=order, ended_at=None).update(
        ended_at=now, is_given_up=True, go_on_at=now, last_error=str(failure)[:300]
    )


def roll(order: Order) -> None:
    """Replace the key of ``order`` by a new one, which may spend what the old one had left.

    What is left is written down, then the old key is deleted, then the new one made: so at no moment two keys
    can spend the same credit, and nothing is lost when it is cut short: rolling again, or the sweep, goes on.
    Raises NothingToShow when the console has no such key, or it is spent; KeyIssuerUnavailable when it gave
    no usable answer.
    """
    try:
        if KeyIntent.objects.filter(order=order, ended_at__isnull=False).exists():
            _begin_roll(order, quota_left=_quota_left(order))
        _finish_roll(order.pk)
    except ProviderError as failure:
        raise KeyIssuerUnavailable from failure


def due() -> list[int]:
    """Return the orders for whose keys something is left to do at the console."""
    return list(KeyIntent.objects.to_go_on_with().values_list("pk", flat=True)[:AT_ONCE])


def go_on(order_pk: int) -> None:
    """Do what is left to do at the console for a key: delete it, or finish rolling it.

    Raises nothing of the console's: the sweep comes back.
    """
    intent = KeyIntent.objects.select_related("order").get(pk=order_pk)
    if intent.is_given_up:
        _delete_given_up(intent)
        return
    try:
        _finish_roll(order_pk)
    except ProviderError as failure:
        log.warning("the key of order %s is not rolled yet: %s", intent.order.reference, failure)


def _delete_given_up(intent: KeyIntent) -> None:
    """Delete at the console whatever was made for an order that was delivered otherwise.

    Looked for by its name, because nobody may have heard its id; and for a while again and again, because a
    request may be under way.
    """
    is_last_look = intent.ended_at is not None and timezone.now() > intent.ended_at + LOOK_AGAIN_FOR
    try:
        for key in wiring.key_issuer().find(intent.order.reference):
            wiring.key_issuer().delete(key.id)
    except ProviderError as failure:
        note_failure(intent.order, failure)
        is_last_look = False
    go_on_at = None if is_last_look else timezone.now() + PAUSE
    KeyIntent.objects.filter(pk=intent.pk).update(go_on_at=go_on_at)


def _quota_left(order: Order) -> int:
    keys = wiring.key_issuer().find(order.reference)
    left = [key.quota_left for key in keys if key.id == order.foreign_key_id]
    if not left or left[0] <= 0:
        raise NothingToShow
    return left[0]


@transaction.atomic(durable=True)
def _begin_roll(order: Order, *, quota_left: int) -> None:
    """Write down what is to be done, unless somebody else has rolled the key meanwhile."""
    locked = Order.objects.select_for_update().get(pk=order.pk)
    now = timezone.now()
    if locked.foreign_key_id == order.foreign_key_id:
        KeyIntent.objects.filter(order=locked, ended_at__isnull=False).update(
            number=F("number") + 1, quota=quota_left, asked_at=now, ended_at=None, go_on_at=now + PAUSE
        )


def _finish_roll(order_pk: int) -> None:
    """Delete the old key and make the new one, as far as that is not done."""
    intent = KeyIntent.objects.select_related("order").get(pk=order_pk)
    if intent.ended_at is not None:
        return
    # The next look comes by itself, whatever becomes of this one.
    KeyIntent.objects.filter(pk=order_pk, ended_at=None).update(go_on_at=timezone.now() + PAUSE)
    try:
        _delete_if_there(intent.order.foreign_key_id, name=intent.order.reference)
        key = ask(intent)
    except ProviderRefused as refusal:
        _report(intent, refusal)
        raise
    _end_roll(intent, key)


def _delete_if_there(key_id: str, *, name: str) -> None:
    """Delete a key at the console; of two who do so together, one is refused, and the key is gone."""
    if _is_there(key_id, name):
        try:
            wiring.key_issuer().delete(key_id)
        except ProviderRefused:
            if _is_there(key_id, name):
                raise


def _is_there(key_id: str, name: str) -> bool:
    return any(key.id == key_id for key in wiring.key_issuer().find(name))


@transaction.atomic(durable=True)
def _end_roll(intent: KeyIntent, key: ForeignKey) -> None:
    """Hand the new key over, unless somebody else was quicker: it is the same one then."""
    order = Order.objects.select_for_update().get(pk=intent.pk)
    ended = KeyIntent.objects.filter(pk=intent.pk, number=intent.number, ended_at=None).update(
        ended_at=timezone.now(), go_on_at=None
    )
    if ended:
        order.foreign_key_id, order.saved_at = key.id, None
        order.sealed_secret = order_secrets.seal(order, key.text)
        order.save(update_fields=["foreign_key_id", "saved_at", "sealed_secret"])
        orders.note(order, OrderStep.Kind.ROLLED)


@transaction.atomic(durable=True)
def _report(intent: KeyIntent, refusal: ProviderRefused) -> None:
    """Have a person look: the buyer's old key may be gone, and the console makes no new one."""
    # The order's row first, as everywhere: so nobody waits in a circle.
    reviews.open(
        Review.Reason.NOT_DELIVERED,
        subject=f"{intent.order.reference} roll {intent.number}",
        detail="the console refused to replace the key",
        order=intent.order,
    )
    note_failure(intent.order, refusal)
