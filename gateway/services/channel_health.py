"""What this process knows of its channels at this moment: how busy each is, and which rest after failures."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gateway.errors import CallFailed, UpstreamBusy, UpstreamObjected
from gateway.providers.routes import Route

# So many calls that failed in a row let a channel rest.
FAILURES_BEFORE_REST = 3
_USUAL_WAIT_SECONDS = 2


class ChannelHealth:
    """Counts the calls of each channel, and lets those that fail go last for a while."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._rests_until: dict[str, float] = {}

    def to_ask(self, routes: Sequence[Route]) -> list[Route]:
        """Return ``routes`` in the order to ask them: those that rest come last, as a last resort."""
        now = time.monotonic()
        return sorted(routes, key=lambda route: self._rests_until.get(route.channel, 0) > now)

    @contextmanager
    def calling(self, route: Route) -> Iterator[None]:
        """Count a call of ``route`` for as long as this lasts, and note how it ended.

        Raises UpstreamBusy, which is nobody's failure, when the channel has as many as it may have.
        """
        limit = route.open_calls_limit
        if limit is not None and self._open[route.channel] >= limit:
            raise UpstreamBusy(_USUAL_WAIT_SECONDS)
        self._open[route.channel] += 1
        try:
            yield
        except UpstreamObjected:
            self._note_success(route)  # it works, and dislikes this call
            raise
        except CallFailed as failure:
            self._note_failure(route, failure)
            raise
        else:
            self._note_success(route)
        finally:
            self._open[route.channel] -= 1

    def _note_success(self, route: Route) -> None:
        self._failures.pop(route.channel, None)
        self._rests_until.pop(route.channel, None)

    def _note_failure(self, route: Route, failure: CallFailed) -> None:
        """Let a channel rest after enough failures in a row, and at once for as long as it asks."""
        rest = float(failure.retry_after_seconds) if isinstance(failure, UpstreamBusy) else 0.0
        self._failures[route.channel] += 1
        if self._failures[route.channel] >= FAILURES_BEFORE_REST:
            rest = max(rest, route.cool_down_seconds)
        if rest:
            self._rests_until[route.channel] = time.monotonic() + rest
