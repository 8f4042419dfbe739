import asyncio

import pytest

from gateway.providers import networks
from gateway.providers.networks import PublicResolver


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


def test_a_name_that_leads_into_a_private_network_is_not_followed() -> None:
    async def resolve() -> None:
        resolver = PublicResolver()
        try:
            await resolver.resolve("localhost", 80)
        finally:
            await resolver.close()

    with pytest.raises(OSError, match="private network"):
        asyncio.run(resolve())
