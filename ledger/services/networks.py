"""Addresses of callers, in the one form in which the books compare them with networks."""

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=10_000)
def plain_address(text: str) -> str | None:
    """Return the address that ``text`` is, or None when it is none; such a caller is in no network.

    An IPv4 address in the clothes of IPv6 is plain IPv4, and the name of an interface is left out.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
