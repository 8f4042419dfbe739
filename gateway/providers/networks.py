"""Which addresses may be called: upstreams are on the internet, unless the operator says otherwise.

Whoever may edit channels could otherwise have the gateway look into the shop's own network. An address is
looked at when the connection is made, so that a name cannot change its meaning after it was checked.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

# As `socket.getaddrinfo` tells it; where to connect comes last, the host in front.
Address = tuple[int, int, int, str, tuple[Any, ...]]


class PrivateNetwork(OSError):
    """The upstream's name, or the number in its place, leads into a private network."""


def is_private(address: str) -> bool:
    """Tell whether ``address`` is an IP address that is not one of the internet."""
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return not (mapped or found).is_global or found.is_multicast


async def find(host: str, port: int, *, allows_private: bool) -> Sequence[Address]:
    """Return the addresses of ``host``; raise PrivateNetwork when one of them is private and none may be.

    A number, however it is written, is its own address. OSError when there is no such host.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("no name of a host") from None
    if not allows_private and any(is_private(str(address[4][0])) for address in found):
        raise PrivateNetwork("private network")
    return found
