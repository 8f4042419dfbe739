"""Webhooks: every event is signed, posted, and posted again by Creem's schedule until it is received."""

import hmac

import orjson

from sandbox.clock import now_ms
from sandbox.creem import wire
from sandbox.creem.entities import Event, new_id
from sandbox.creem.settings import CreemSettings
from sandbox.deliveries import Deliveries, Schedule, Way
from sandbox.records import Records
from sandbox.traffic import Traffic

# Before each attempt, counted from the one before.
PAUSES_SECONDS = (0, 30, 5 * 60, 30 * 60, 6 * 60 * 60)
SIGNATURE_HEADER = "creem-signature"

_PATIENCE_SECONDS = 10


class Webhooks(Deliveries[Event]):
    """Sends the events of one store to its one address."""

    def __init__(self, settings: CreemSettings, records: Records, traffic: Traffic) -> None:
        schedule = Schedule(PAUSES_SECONDS, _PATIENCE_SECONDS, settings.clock_scale)
        super().__init__(Event, records, traffic, schedule=schedule, note_as="webhook")
        self.url = settings.webhook_url
        self._secret = settings.webhook_secret.encode()

    def way(self, message: Event) -> Way:
        """Return the store's address, and the signature of these very bytes."""
        signature = hmac.new(self._secret, message.body.encode(), "sha256").hexdigest()
        return Way(self.url, {SIGNATURE_HEADER: signature})

    def write(self, kind: str, about: wire.Entity) -> Event:
        """Return a new event, to be kept together with what it tells of, and then sent."""
        event_id, created_at = new_id("evt"), now_ms()
        body = orjson.dumps(wire.event(kind, about, event_id=event_id, created_at=created_at))
        return Event(id=event_id, kind=kind, body=body.decode(), state="sending", created_at=created_at)
