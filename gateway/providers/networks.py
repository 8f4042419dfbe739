"""Which addresses may be called: upstreams are on the internet, unless the operator says otherwise.

Whoever may edit channels could otherwise have the gateway look into the shop's own network. The address is
looked at when the connection is made, so that a name cannot change its meaning after it was checked.
"""

import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver


def is_private(address: str) -> bool:
    """Tell whether ``address`` is an IP address that is not one of the internet."""
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return not (mapped or found).is_global or found.is_multicast


class PublicResolver(AbstractResolver):
    """Finds the addresses of names, as long as all of them are of the internet."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of ``host``; raise OSError when one of them is private."""
        found = await self._resolver.resolve(host, port, family)
        if any(is_private(each["host"]) for each in found):
            raise OSError("the upstream's name leads into a private network")
        return found

    async def close(self) -> None:
        """Let go of everything."""
        await self._resolver.close()
