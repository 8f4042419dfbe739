"""Keys of a foreign console: asked for once an order, and deleted again when something else was delivered.

Each step stands in the order's `KeyIntent` before the console hears of it, so that whatever is cut short can
be gone on with. The console is asked between transactions, never in one.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.models import KeyIntent, Order
from billing.providers.errors import ProviderError
from billing.providers.key_issuer import ForeignKey, KeyWish
from billing.services import wiring
from ledger import money
from ledger.money import NanoUSD

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


def due() -> list[int]:
    """Return the orders at whose keys the console has something left to do."""
    return list(KeyIntent.objects.to_go_on_with().values_list("pk", flat=True)[:AT_ONCE])


def delete_given_up(order_pk: int) -> None:
    """Delete at the console whatever was made for an order that was delivered otherwise.

    Looked for by its name, because nobody may have heard its id; and for a while again and again, because a
    request may be under way. Raises nothing of the console's: the sweep comes back.
    """
    intent = KeyIntent.objects.select_related("order").filter(pk=order_pk, is_given_up=True).first()
    if intent is None or intent.ended_at is None:
        return
    is_last_look = timezone.now() > intent.ended_at + LOOK_AGAIN_FOR
    try:
        for key in wiring.key_issuer().find(intent.order.reference):
            wiring.key_issuer().delete(key.id)
    except ProviderError as failure:
        note_failure(intent.order, failure)
        is_last_look = False
    go_on_at = None if is_last_look else timezone.now() + PAUSE
    KeyIntent.objects.filter(pk=order_pk, is_given_up=True).update(go_on_at=go_on_at)
