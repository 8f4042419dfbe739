"""The account: all that one local NowPayments has, and the questions that its parts ask of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sandbox import faults
from sandbox.clock import now_ms
from sandbox.nowpayments.bodies import Spelling
from sandbox.nowpayments.clockwork import Clockwork
from sandbox.nowpayments.entities import KINDS, Invoice, Payment
from sandbox.nowpayments.errors import not_found
from sandbox.nowpayments.ipns import Ipns
from sandbox.nowpayments.settings import NowPaymentsSettings, Rules
from sandbox.nowpayments.tokens import Tokens
from sandbox.records import Kind, Record, Records
from sandbox.switch import Switch
from sandbox.traffic import Traffic


class Store:
    """One merchant's account at NowPayments, continued from what its file remembers."""

    def __init__(self, settings: NowPaymentsSettings, path: Path) -> None:
        self.settings = settings
        self.rules = Rules()
        self.records = Records(path, kinds=KINDS)
        self.traffic = Traffic()
        self.faults = faults.switch()
        self.spelling = Switch(Spelling())
        self.tokens = Tokens(settings)
        self.ipns = Ipns(settings, self.records, self.traffic)
        self.clockwork = Clockwork(self.records)

    async def start(self, *, move: Callable[[Payment], object]) -> None:
        """Go on with what was under way when the sandbox was stopped; ``move`` moves what is due."""
        await self.ipns.start()
        self.clockwork.start(move)

    async def stop(self) -> None:
        """Stop everything; `start` goes on with it."""
        await self.clockwork.stop()
        await self.ipns.stop()
        self.records.close()

    def found(self, kind: type[Kind], record_id: object) -> Kind:
        """Return the record of this kind and id; raises ApiError when there is none."""
        record = self.records.find(kind, record_id)
        if record is None:
            raise not_found(kind.__name__)
        return record

    def due_in(self, seconds: float) -> int:
        """Return the moment that the scaled clock reaches in ``seconds`` of NowPayments' time."""
        return now_ms() + round(seconds * 1000 / self.settings.clock_scale)

    def tell(self, payment: Payment, *others: Record) -> Payment:
        """Keep how a payment is now, together with ``others``, and tell the shop of it."""
        told = replace(payment, updated_at=now_ms())
        notification = self.ipns.write(told, self.spelling.take())
        self.records.keep(told, *others, notification)
        self.ipns.send(notification)
        self.clockwork.watch(told)
        return told

    def payments_of(self, invoice: Invoice) -> list[Payment]:
        """Return the payments of an invoice, newest first."""
        return [each for each in reversed(self.records.all(Payment)) if each.invoice_id == invoice.id]

    async def wait_until_quiet(self, *, seconds: float) -> None:
        """Return as soon as nothing moves and nothing is on its way, and after ``seconds`` at the latest."""
        try:
            async with asyncio.timeout(seconds):
                await self.clockwork.wait_until_still()
                await self.ipns.wait_until_quiet(seconds=seconds)
        except TimeoutError:
            pass
