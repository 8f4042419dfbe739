"""Where a request comes from, as far as our own proxies vouch for it."""

from ipaddress import IPv6Address, ip_address, ip_network

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

# A household or a server rents a whole /64: one limit for all of it.
IPV6_PREFIX = 64


def of_request(request: HttpRequest) -> str:
    """Return the subject that limits per address count: an IPv4 address, or the /64 of an IPv6 one."""
    address = ip_address(seen(request))
    if isinstance(address, IPv6Address):
        return str(ip_network(f"{address}/{IPV6_PREFIX}", strict=False))
    return str(address)


def seen(request: HttpRequest) -> str:
    """Return the caller's own address.

    Of X-Forwarded-For only the entries of our own proxies count, `ALLAUTH_TRUSTED_PROXY_COUNT` from the
    right; what a caller writes there changes nothing. A request without any address raises PermissionDenied.
    """
    address = ip_address(DefaultAccountAdapter().get_client_ip(request))
    # A dual-stack listener shows an IPv4 caller as ::ffff:192.0.2.1; all of IPv4 must not share one /64.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
