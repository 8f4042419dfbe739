"""The caller's address is what our own proxies say, never what the caller says."""

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.test import RequestFactory
from pytest_django import Settings

from accounts.services import addresses


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "", "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.7, 203.0.113.9:4711", "203.0.113.9"),
        (2, "198.51.100.7, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (1, "", "192.0.2.1"),
    ],
)
def test_only_our_own_proxies_are_believed(
    settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded})

    assert addresses.of_request(request) == expected


@pytest.mark.parametrize(
    ("remote", "seen", "counted"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_a_whole_network_of_ipv6_counts_as_one(remote: str, seen: str, counted: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=remote)

    assert (addresses.seen(request), addresses.of_request(request)) == (seen, counted)


@pytest.mark.parametrize("remote", ["", "unknown"])
def test_a_request_without_an_address_is_refused(remote: str) -> None:
    with pytest.raises(PermissionDenied):
        addresses.of_request(RequestFactory().get("/", REMOTE_ADDR=remote))


def test_a_request_that_went_around_a_proxy_is_refused(settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.9"})

    with pytest.raises(ImproperlyConfigured):
        addresses.of_request(request)
