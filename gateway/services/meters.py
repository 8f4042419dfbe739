"""The meter of one call: whatever becomes of the call, its hold ends, once, with the right charge."""

import asyncio
from types import TracebackType
from typing import Self

from gateway.errors import CallerGone
from gateway.services import bounds
from gateway.services.call_records import CallRecord
from gateway.services.model_requests import ModelRequest
from gateway.services.settlements import Settlements
from gateway.services.tallies import ChatTally, Tally
from gateway.services.usage import Usage
from ledger.models import UsageRecord
from ledger.services.holds import Reserved, SettleRequest

Outcome = UsageRecord.Outcome


class Meter:
    """Watches a call whose cost is set aside in ``reserved``; on leaving it, the hold has ended.

    A call that was settled as complete stays so. A caller who left pays for what was under way. An answer
    that broke off is paid as far as the caller has it. Everything else costs nothing.
    """

    def __init__(
        self,
        reserved: Reserved,
        request: ModelRequest,
        settlements: Settlements,
        record: CallRecord,
        *,
        deadline: float,
    ) -> None:
        self._tally: Tally = ChatTally()  # of nothing yet
        self._is_under_way = False
        self._reserved = reserved
        self._request = request
        self._settlements = settlements
        self._record = record
        self._deadline = deadline
        self._has_ended = False

    @property
    def output_limit_tokens(self) -> int:
        """Return how long each choice may be at most."""
        return self._reserved.output_limit_tokens

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._has_ended:
            return
        if isinstance(error, CallerGone) and self._is_under_way:
            await self._settle(Outcome.CLIENT_GONE)
        elif self._tally.has_begun:
            await self._settle(Outcome.UPSTREAM_FAILED)
        else:
            self._release()

    def watch(self, tally: Tally) -> None:
        """Charge by what ``tally`` sees, from the attempt on that begins now."""
        self._tally = tally

    def note_sent(self) -> None:
        """Note that an upstream has the call, and may be at work on it."""
        self._is_under_way = True

    def note_unanswered(self) -> None:
        """Note that this upstream has failed, and that nothing of the call is under way."""
        self._is_under_way = False

    async def complete(self) -> None:
        """Charge the whole answer; to be called before the caller has the end of it."""
        await self._settle(Outcome.COMPLETE)

    async def _settle(self, outcome: Outcome) -> None:
        self._has_ended = True
        self._record.outcome = outcome.value
        if reading := self._tally.reading:
            bill = self._bill(outcome, reading.usage, is_estimated=not reading.is_sound)
            await self._settlements.settle(bill, deadline=self._deadline)
        else:
            await self._settlements.settle_estimated(self._estimated_bill(outcome), deadline=self._deadline)

    async def _estimated_bill(self, outcome: Outcome) -> SettleRequest:
        return self._bill(outcome, await asyncio.to_thread(self._estimate), is_estimated=True)

    def _bill(self, outcome: Outcome, used: Usage, *, is_estimated: bool) -> SettleRequest:
        return SettleRequest(
            request_id=self._reserved.request_id,
            outcome=outcome,
            input_tokens=used.input_tokens,
            cached_input_tokens=used.cached_input_tokens,
            cache_write_tokens=used.cache_write_tokens,
            output_tokens=used.output_tokens,
            reasoning_tokens=used.reasoning_tokens,
            is_estimated=is_estimated,
            upstream_id=self._tally.upstream_id,
        )

    def _release(self) -> None:
        self._has_ended = True
        self._settlements.release(self._reserved.request_id, deadline=self._deadline)

    def _estimate(self) -> Usage:
        """Count what was sent, unless the upstream said it, and what came back.

        The answer is never longer than it was allowed to be.
        """
        sent = self._tally.input_reading
        read = sent.usage if sent else Usage(bounds.estimated_input(self._request))
        most = self.output_limit_tokens * self._request.choices
        return read._replace(output_tokens=min(self._tally.count_output(), most), reasoning_tokens=0)
