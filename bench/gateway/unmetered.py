"""The gateway without its meter, to see what metering costs: no call is reserved, and none is settled.

A server runs it as ``unmetered:application``, with this folder on its path: the package would set Django up
on a database of its own. Key, model and usage are read as ever; what stands between gateway and ledger
agrees to everything and writes nothing.
"""

import asyncio

from portal.asgi import application  # noqa: F401 - it sets Django up, and is what the server asks for

# Django has to know of its apps.
# isort: split
from ledger.money import NanoUSD
from ledger.services.hold_batches import HoldBatcher
from ledger.services.holds import Reserved, ReserveRequest, Settled, SettleRequest


async def reserve(_batcher: HoldBatcher, request: ReserveRequest) -> Reserved:
    """Agree to the output that was asked for."""
    return Reserved(request.request_id, 0, request.asked_output_tokens, NanoUSD(0))


def settle(_batcher: HoldBatcher, request: SettleRequest) -> asyncio.Future[Settled]:
    """Charge nothing."""
    answer: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
    answer.set_result(Settled(request.request_id, NanoUSD(0), NanoUSD(0), was_late=False))
    return answer


# The server starts the engine, and with it a batcher, after this.
HoldBatcher.reserve = reserve  # type: ignore[method-assign, assignment]
HoldBatcher.settle = settle  # type: ignore[method-assign, assignment]
