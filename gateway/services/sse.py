"""Server-sent events: a stream of bytes cut into its frames, each kept byte for byte."""

import re

# Two line ends in a row. The groups are atomic, so that the two bytes of one CRLF never count as two ends,
# and a CR that arrived last waits for what follows it.
_FRAME_END = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r(?!\Z))")
# An end may begin this many bytes before the bytes that complete it.
_OVERLAP = 3


class FrameTooLong(Exception):
    """A frame grew past the limit: whoever sends it does not speak this protocol."""


class FrameSplitter:
    """Cuts what arrives into whole frames. Their bytes, joined, are the bytes that arrived."""

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._pending = bytearray()
        self._searched = 0

    def feed(self, received: bytes) -> list[bytes]:
        """Return the frames that ``received`` completes; raise FrameTooLong when one does not end."""
        self._pending += received
        frames, start = [], 0
        for end in _FRAME_END.finditer(self._pending, max(0, self._searched - _OVERLAP)):
            frames.append(bytes(self._pending[start : end.end()]))
            start = end.end()
        del self._pending[:start]
        self._searched = len(self._pending)
        if self._searched > self._limit_bytes:
            raise FrameTooLong
        return frames

    def rest(self) -> bytes:
        """Return what came after the last whole frame."""
        return bytes(self._pending)


def data_of(frame: bytes) -> bytes:
    """Return the data that ``frame`` carries; empty when it is a comment or has other fields only."""
    lines = frame.splitlines()
    return b"\n".join(line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:"))
