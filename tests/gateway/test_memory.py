"""What a gateway needs for a thousand answers at once."""

import asyncio
import resource
from pathlib import Path

import aiohttp
import psutil
import pytest

from ledger.models import AccountAllowance
from tests.factories import gateway as make
from tests.factories.gateway import PAID_MODEL, Buyer
from tests.gateway.evidence import wait_until_nothing_is_held
from tests.gateway.processes import GatewayProcess
from tests.sandbox.running import RunningSandbox

pytestmark = pytest.mark.cluster

STREAMS = 1_000
MOST_BYTES = 400 * 1024 * 1024
SLOWLY = "[[tokens:2000]] [[pace_ms:2000]]"


@pytest.fixture
def many_files() -> None:
    """Let this process, and those that it starts, have a connection for each stream and some more."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * STREAMS), hard))


def test_a_thousand_slow_streams_fit_into_one_process(
    many_files: None, database_url: str, tmp_path: Path
) -> None:
    with RunningSandbox(tmp_path / "sandbox") as sandbox:
        make.channel(sandbox.url, make.model(PAID_MODEL))
        buyer = make.buyer(credit=10**12)
        AccountAllowance.objects.update(open_calls=STREAMS)
        with GatewayProcess(database_url, tmp_path / "gateway.log") as gateway:
            used = asyncio.run(memory_with_streams(gateway, buyer))
            wait_until_nothing_is_held()

    print(f"{used / 2**20:.0f} MiB with {STREAMS} streams")  # noqa: T201 - pytest -s shows it
    assert used < MOST_BYTES


async def memory_with_streams(gateway: GatewayProcess, buyer: Buyer) -> int:
    """Return the memory of the gateway while every stream has begun and none has ended."""
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": f"Bearer {buyer.key}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        streams = await asyncio.gather(*(begin(session, gateway.base_url) for _ in range(STREAMS)))
        used = memory_of(gateway)
        for stream in streams:
            stream.close()
    return used


async def begin(session: aiohttp.ClientSession, base_url: str) -> aiohttp.ClientResponse:
    """Begin a stream and read what comes first."""
    body = {
        "model": PAID_MODEL, "max_tokens": 2000, "stream": True,
        "messages": [{"role": "user", "content": SLOWLY}],
    }  # fmt: skip
    answer = await session.post(f"{base_url}/chat/completions", json=body)
    assert answer.status == 200, await answer.text()
    assert await answer.content.readany()
    return answer


def memory_of(gateway: GatewayProcess) -> int:
    """Return the memory of the process that serves: the largest of those that granian runs."""
    processes = psutil.Process(gateway.pid).children(recursive=True)
    return max(int(process.memory_info().rss) for process in processes)
