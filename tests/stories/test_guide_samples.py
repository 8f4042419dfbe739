"""The guide keeps its word: what it says to copy runs as it stands, with a key in the place of the dots."""

import re
import shutil
import subprocess
import sys
from html import unescape
from uuid import uuid4

import pytest
import requests

from tests.cluster import Cluster
from tests.stories.visitor import Visitor

pytestmark = pytest.mark.cluster

PATIENCE_SECONDS = 60
SAMPLE = re.compile(r'<code id="([\w-]+)">(.*?)</code>', re.DOTALL)


@pytest.fixture(scope="module")
def key(cluster: Cluster) -> str:
    """Return a key of the demo's buyer, who has credit."""
    buyer = Visitor(cluster.site_url)
    buyer.log_in("buyer@example.com", "purser-buyer-demo")
    return buyer.create_key(f"guide {uuid4().hex[:6]}")


@pytest.fixture(scope="module")
def guide(cluster: Cluster) -> str:
    """Return the guide as a stranger reads it."""
    return requests.get(f"{cluster.site_url}/guide", timeout=PATIENCE_SECONDS).text


def sample(guide: str, name: str, key: str) -> str:
    """Return a sample as a reader copies it."""
    return unescape(dict(SAMPLE.findall(guide))[name]).replace("sk-…", key)


def said(*command: str) -> str:
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE_SECONDS
    )
    return done.stdout


@pytest.mark.parametrize("name", ["openai-python", "anthropic-python"])
def test_a_program_that_was_copied_gets_its_answer(guide: str, key: str, name: str) -> None:
    assert said(sys.executable, "-c", sample(guide, name, key)).strip() == "Hello"


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize(
    ("name", "sign"), [("openai-curl", '"chat.completion"'), ("anthropic-curl", '"end_turn"')]
)
def test_a_command_that_was_copied_gets_its_answer(guide: str, key: str, name: str, sign: str) -> None:
    assert sign in said("bash", "-c", sample(guide, name, key))


def test_every_address_that_the_guide_lists_is_a_base_url(cluster: Cluster, guide: str, key: str) -> None:
    listed = re.findall(r"<li><code>(http[^<]+)</code></li>", guide)
    question = {"model": "glm-4-flash", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}

    answers = {
        address + end: requests.post(
            address + end, json=question, headers={"x-api-key": key}, timeout=PATIENCE_SECONDS
        ).status_code
        for address in listed
        for end in ["/chat/completions", "/v1/chat/completions", "/messages", "/v1/messages"]
    }

    assert len(listed) == 5
    assert set(answers.values()) == {200}


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_command_for_a_receipt_gets_it(cluster: Cluster, guide: str, key: str) -> None:
    asked = requests.post(
        f"{cluster.base_url}/chat/completions",
        json={"model": "glm-4-flash", "messages": [{"role": "user", "content": "Hello"}]},
        headers={"Authorization": f"Bearer {key}"},
        timeout=PATIENCE_SECONDS,
    )
    command = sample(guide, "receipt-curl", key).replace("REQUEST_ID", asked.headers["x-request-id"])

    assert asked.headers["x-request-id"] in said("bash", "-c", command)
