"""IPNs: each move of a payment is told once, and again by the merchant's schedule until it is received."""

from typing import Any

from sandbox.clock import now_ms
from sandbox.deliveries import Deliveries, Schedule, Way
from sandbox.nowpayments import bodies, wire
from sandbox.nowpayments.bodies import Spelling
from sandbox.nowpayments.entities import Notification, Payment, new_id
from sandbox.nowpayments.javascript import stringify, with_sorted_keys
from sandbox.nowpayments.settings import NowPaymentsSettings
from sandbox.records import Records
from sandbox.traffic import Traffic

SIGNATURE_HEADER = "x-nowpayments-sig"

_PATIENCE_SECONDS = 3


class Ipns(Deliveries[Notification]):
    """Sends what is told of payments, each to the address that was named with it."""

    def __init__(self, settings: NowPaymentsSettings, records: Records, traffic: Traffic) -> None:
        pauses = (0, *(settings.ipn_interval_seconds for _ in range(settings.ipn_repeats)))
        schedule = Schedule(pauses, _PATIENCE_SECONDS, settings.clock_scale)
        super().__init__(Notification, records, traffic, schedule=schedule, note_as="ipn")
        self._secret = settings.ipn_secret

    def way(self, message: Notification) -> Way:
        """Return the address that was named with the payment, and the signature that was made of it."""
        return Way(message.url, {SIGNATURE_HEADER: message.signature})

    def write(self, payment: Payment, spelling: Spelling) -> Notification:
        """Return what is told of a payment, to be kept together with it, and then sent."""
        told = bodies.written(wire.told(payment), spelling, secret=self._secret, child_ids=payment.extra_ids)
        return _notification(f"payment.{payment.status}", told, url=payment.ipn_callback_url or "")

    def write_anything(self, said: Any, *, url: str) -> Notification:
        """Return a signed notification that says anything at all."""
        text = stringify(with_sorted_keys(said))
        return _notification(
            "anything", bodies.Written(text, bodies.sign(text, secret=self._secret)), url=url
        )


def _notification(kind: str, told: bodies.Written, *, url: str) -> Notification:
    return Notification(
        id=new_id(),
        kind=kind,
        body=told.body,
        signature=told.signature,
        url=url,
        state="sending",
        created_at=now_ms(),
    )
