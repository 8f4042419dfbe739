"""What Creem says of a purchase: its recorded webhooks, with the facts of an order of ours, and signed."""

import copy
import hashlib
import hmac
from typing import Any

import orjson
from django.conf import settings
from django.test import Client
from django.utils import timezone

from billing import doorbell
from billing.models import Order
from tests.billing.providers.recorded import fixture
from tests.factories.billing import PRODUCT_ID

PATH = "/webhooks/creem"
COMPLETED = fixture("webhook.checkout.completed.onetime.captured")
REFUND = fixture("webhook.refund.created.onetime-full.constructed")
DISPUTE = fixture("webhook.dispute.created.onetime.constructed")
SUBSCRIPTION = fixture("webhook.subscription.paid.captured")


def completed(
    reference: str,
    *,
    tag: str = "1",
    event: str = "paid",
    transaction: str = "paid",
    product_id: str = PRODUCT_ID,
    units: int = 1,
    amount: int = 1000,
    currency: str = "USD",
    mode: str = "test",
) -> bytes:
    """Return the webhook of a paid checkout. All ids of one ``tag`` belong to one purchase."""
    said = copy.deepcopy(COMPLETED)
    about, order = said["object"], said["object"]["order"]
    said["id"] = f"evt_{event}_{tag}"
    about.update(id=f"ch_{tag}", request_id=reference, units=units, mode=mode)
    order.update(
        id=f"ord_{transaction}_{tag}",
        transaction=f"tran_{transaction}_{tag}",
        product=product_id,
        amount=amount,
        currency=currency,
        mode=mode,
    )
    about["product"].update(id=product_id, mode=mode)
    return orjson.dumps(said)


def taken_back(template: dict[str, Any], reference: str, *, tag: str = "1", **changes: Any) -> bytes:
    """Return the webhook of a refund or a dispute of that purchase."""
    said = copy.deepcopy(template)
    about = said["object"]
    said["id"] = f"{said['id']}_{tag}"
    about.update(id=f"{about['id']}_{tag}", **changes)
    about["transaction"].update(id=f"tran_paid_{tag}", order=f"ord_paid_{tag}")
    about["checkout"].update(id=f"ch_{tag}", request_id=reference)
    about["order"].update(id=f"ord_paid_{tag}", transaction=f"tran_paid_{tag}")
    return orjson.dumps(said)


def subscription(reference: str, *, tag: str = "1") -> bytes:
    """Return the webhook of a subscription that names that order."""
    said = copy.deepcopy(SUBSCRIPTION)
    said["id"] = f"evt_subscription_{tag}"
    said["object"].update(id=f"sub_{tag}", metadata={"reference": reference})
    return orjson.dumps(said)


def unheard_of(reference: str, *, tag: str = "1") -> bytes:
    """Return a webhook of a kind that nobody has heard of."""
    return orjson.dumps(
        {
            "eventType": "checkout.exploded",
            "object": {"id": f"ch_{tag}", "request_id": reference},
            "id": f"evt_unheard_of_{tag}",
            "created_at": 1_762_495_836_243,
        }
    )


def signature_of(body: bytes) -> str:
    return hmac.new(settings.CREEM_WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()


def tell(body: bytes, *, client: Client | None = None, signature: str | None = None) -> int:
    """Post a webhook, signed unless told otherwise; return the status when the workers were told of it."""
    answer = (client or Client()).post(
        PATH,
        data=body,
        content_type="application/json",
        headers={"creem-signature": signature_of(body) if signature is None else signature},
    )
    doorbell.wait_until_sent()
    return answer.status_code


def with_page(order: Order, *, tag: str = "1") -> Order:
    """Let ``order`` have the checkout of that purchase."""
    order.checkout_id, order.checkout_url = f"ch_{tag}", f"https://checkout.example/ch_{tag}"
    order.state, order.ask_at = Order.State.PENDING, timezone.now()
    order.save()
    return order
