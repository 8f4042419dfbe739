"""How a connection can end badly."""

import asyncio
import socket
import struct

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def cut(transport: asyncio.Transport | None) -> None:
    """Close the connection; what has been written still arrives."""
    if transport is not None:
        transport.close()


def reset(transport: asyncio.Transport | None) -> None:
    """Reset the connection; nothing more arrives."""
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
