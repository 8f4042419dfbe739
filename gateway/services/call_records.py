"""What is remembered of a call for the log: numbers and names of ours, never a word of the caller's."""

import time
import uuid
from dataclasses import dataclass, field


@dataclass(slots=True)
class CallRecord:
    """One call's line in the access log. Moments are on the monotonic clock."""

    request_id: uuid.UUID
    began_at: float = field(default_factory=time.monotonic)
    route: str = "-"
    key_id: str = "-"
    model: str = "-"
    channel: str = "-"
    outcome: str = "-"
    code: str = "-"
    status: int = 0
    reserved_at: float | None = None
    answered_at: float | None = None

    def line(self) -> str:
        """Return the line; what did not happen is a dash."""
        return (
            f"request={self.request_id} route={self.route} status={self.status} key={self.key_id}"
            f" model={self.model} channel={self.channel} outcome={self.outcome} code={self.code}"
            f" reserved_ms={self._since_start(self.reserved_at)}"
            f" answered_ms={self._since_start(self.answered_at)}"
            f" ended_ms={self._since_start(time.monotonic())}"
        )

    def _since_start(self, moment: float | None) -> str:
        return "-" if moment is None else f"{(moment - self.began_at) * 1000:.1f}"
