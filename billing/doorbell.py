"""The doorbell: workers hear of webhooks that were stored, and no provider waits until they have heard.

To send a message takes longer than to store what it is about, and a broker that hangs takes seconds. So one
thread of the process sends them: the first at once, and whatever comes within a moment in one message.
"""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from billing import tasks

logger = logging.getLogger(__name__)

# Between two messages: fifty a second are sent by a process, however many webhooks it takes.
PAUSE_SECONDS = 0.02

_rung: SimpleQueue[int] = SimpleQueue()
_sender = ThreadPoolExecutor(1, thread_name_prefix="doorbell")


def ring(event_pk: int) -> None:
    """Have the workers handle a stored webhook; returns at once. The sweep finds what nobody heard."""
    _rung.put(event_pk)
    _sender.submit(_send).add_done_callback(_report)


def wait_until_sent() -> None:
    """Return when everything that was rung is sent, or the broker was given up."""
    _sender.submit(lambda: None).result()


def _send() -> None:
    event_pks = [_rung.get() for _ in range(_rung.qsize())]  # nobody else takes any
    match event_pks:
        case []:
            return  # it went with an earlier one
        case [event_pk]:
            tasks.nudge(tasks.handle_event, event_pk)
        case _:
            tasks.nudge(tasks.hand_out_events, event_pks)
    time.sleep(PAUSE_SECONDS)


def _report(sending: Future[None]) -> None:
    """Tell of a fault: nobody asks for the outcome."""
    if fault := sending.exception():
        logger.error("The workers were not told of a webhook; it waits for the sweep.", exc_info=fault)
