"""Setting aside, before any upstream is asked, the most that a call can cost."""

import asyncio
import time

from django.conf import settings

from gateway.errors import LedgerRefused, NotReady
from gateway.services import bounds
from gateway.services.call_records import CallRecord
from gateway.services.catalogue import ServedModel
from gateway.services.credentials import Credentials
from gateway.services.engine import PATIENCE_SECONDS, Engine
from gateway.services.model_requests import ModelRequest
from ledger.errors import LedgerUnavailable
from ledger.services.holds import Refused, Reserved, ReserveRequest


async def reserve(
    request: ModelRequest, model: ServedModel, credentials: Credentials, record: CallRecord, engine: Engine
) -> Reserved:
    """Return what was set aside; raise LedgerRefused, or NotReady when the ledger does not answer."""
    asked = _asked(request, model, credentials, record)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            decision = await engine.holds.reserve(asked)
    except (LedgerUnavailable, TimeoutError):
        # The hold may exist all the same: nobody heard the answer.
        engine.settlements.release(asked.request_id, deadline=time.monotonic() + asked.lifetime_seconds)
        raise NotReady from None
    record.reserved_at = time.monotonic()
    if isinstance(decision, Refused):
        raise LedgerRefused(
            decision.reason, model.offer.name, decision.retry_after_seconds, rate=decision.rate
        )
    return decision


def lifetime_seconds() -> int:
    """Return how long a hold lives: as long as a call may take, and a while for its settlement."""
    return settings.GATEWAY_CALL_TIMEOUT_SECONDS + settings.GATEWAY_HOLD_GRACE_SECONDS


def _asked(
    request: ModelRequest, model: ServedModel, credentials: Credentials, record: CallRecord
) -> ReserveRequest:
    wanted = request.asked_output_tokens
    return ReserveRequest(
        request_id=record.request_id,
        key_id=credentials.key_id,
        secret_hashes=credentials.secret_hashes,
        client_address=credentials.client_address,
        model_id=model.offer.id,
        input_bound_tokens=bounds.input_bound(request, model.offer.limits),
        asked_output_tokens=model.offer.limits.output_tokens if wanted is None else wanted,
        choices=request.choices,
        lifetime_seconds=lifetime_seconds(),
    )
