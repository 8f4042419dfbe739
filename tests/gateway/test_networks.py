import asyncio

import pytest

from gateway.providers import networks
from gateway.providers.networks import PrivateNetwork


@pytest.mark.parametrize(
    ("address", "is_private"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("192.168.1.1", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("0.0.0.0", True),  # noqa: S104 - looked at, not listened on
        ("224.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("api.example.com", False),
        ("", False),
    ],
)
def test_an_address_is_of_the_internet_or_private(address: str, is_private: object) -> None:
    assert networks.is_private(address) is is_private


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "2130706433", "0x7f.1"])
def test_whatever_leads_into_a_private_network_is_not_followed(host: str) -> None:
    with pytest.raises(PrivateNetwork, match="private network"):
        asyncio.run(networks.find(host, 80, allows_private=False))


def test_private_addresses_are_found_where_they_are_allowed() -> None:
    [address, *_] = asyncio.run(networks.find("127.0.0.1", 80, allows_private=True))

    assert address[-1] == ("127.0.0.1", 80)


@pytest.mark.parametrize("host", ["a..b", "x" * 300])
def test_what_is_no_name_of_a_host_is_not_found(host: str) -> None:
    with pytest.raises(OSError, match="no name of a host"):
        asyncio.run(networks.find(host, 80, allows_private=True))
