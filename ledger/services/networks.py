"""Addresses of callers, and networks of them, in the one form in which the books compare the two."""

import ipaddress
from functools import lru_cache

from ledger.errors import NotANetwork

# The IPv4 addresses within IPv6.
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


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


def plain_network(text: str) -> str:
    """Return the network that ``text`` writes, by any of its addresses; raises NotANetwork.

    A single address is a network of one. IPv4 in the clothes of IPv6 is plain IPv4, as with addresses.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise NotANetwork(text) from None
    if "%" in text:  # an interface of the caller's machine means nothing here
        raise NotANetwork(text)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(MAPPED):
        first = network.network_address.ipv4_mapped
        return f"{first}/{network.prefixlen - MAPPED.prefixlen}"
    return str(network)
