"""The sandbox starts, says so, and leaves quickly and quietly."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.running import ROOT, RunningSandbox


def test_it_says_in_one_line_where_it_listens(tmp_path: Path) -> None:
    with RunningSandbox(tmp_path) as sandbox:
        health = sandbox.request("GET", "/healthz")

        assert sandbox.ready_line == f"Sandbox ready: {sandbox.url} smtp://127.0.0.1:{sandbox.smtp_port}\n"
        assert health.status_code == 200


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_leaves_at_once_even_in_the_middle_of_its_work(tmp_path: Path, how: signal.Signals) -> None:
    with RunningSandbox(tmp_path) as sandbox, sandbox.chat("[[pace_ms:60000]]", stream=True):
        asked_at = time.monotonic()
        left = sandbox.stop(how)

    assert left == (0, "")
    assert time.monotonic() - asked_at < 3


def test_the_state_directory_is_made(tmp_path: Path) -> None:
    with RunningSandbox(tmp_path / "some" / "where") as sandbox:
        sandbox.chat()

    assert (tmp_path / "some" / "where" / "served.jsonl").is_file()


@pytest.mark.parametrize(
    "link",
    [
        "/mailbox",
        "/mailbox.json",
        "/control/served",
        "/control/behaviour",
        "/creem",
        "/control/creem/events",
        "/control/creem/traffic",
        "/control/creem/api",
        "/control/creem/webhooks",
        "/control/creem/products",
        "/nowpayments",
        "/control/nowpayments/payments",
        "/control/nowpayments/api",
        "/control/nowpayments/ipns",
        "/control/nowpayments/notifications",
        "/control/nowpayments/rules",
        "/control/nowpayments/traffic",
        "/control/console",
    ],
)
def test_the_index_page_links_every_part(sandbox: RunningSandbox, link: str) -> None:
    index = sandbox.request("GET", "/")

    assert f'href="{link}"' in index.text
    assert sandbox.request("GET", link).status_code == 200


@pytest.mark.parametrize(
    "option",
    [
        "--creem-products=[{}]",
        "--creem-products={",
        "--creem-clock-scale=0",
        "--creem-api-key=sk_test_x",
        "--nowpayments-clock-scale=0",
        "--nowpayments-api-key=",
    ],
)
def test_an_option_that_makes_no_sense_is_refused_with_the_reason(tmp_path: Path, option: str) -> None:
    command = [sys.executable, "-m", "sandbox", "--port=0", "--smtp-port=0", f"--state-dir={tmp_path}"]

    ended = subprocess.run([*command, option], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert ended.stderr.startswith("usage: ")
