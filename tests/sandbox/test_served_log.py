"""The log tells what was served and how it ended, and nothing of what was said."""

import signal
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from tests.sandbox.running import PATIENCE_SECONDS, UPSTREAM_KEY, RunningSandbox, chunks


def lines(state_dir: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (state_dir / "served.jsonl").read_bytes().splitlines()]


def test_a_call_is_logged_under_the_id_of_its_answer(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat("one two", model="glm-4-flash").json()

    call = sandbox.last_call()
    assert call["id"] == answer["id"]
    assert call["id"].startswith("chatcmpl-")
    assert (call["model"], call["stream"], call["outcome"]) == ("glm-4-flash", False, "complete")
    assert call["usage"] == call["reported_usage"] == answer["usage"]


def test_a_stream_is_logged_under_the_id_of_its_chunks(sandbox: RunningSandbox) -> None:
    told = chunks(sandbox.chat("one two", stream=True))

    call = sandbox.last_call()
    assert {chunk["id"] for chunk in told} == {call["id"]}
    assert call["stream"] is True
    assert call["usage"]["completion_tokens"] == 2
    assert call["reported_usage"] is None


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_received_in_full_is_already_complete_in_the_log(
    sandbox: RunningSandbox, *, stream: bool
) -> None:
    assert sandbox.chat(stream=stream).content

    # Over a connection of its own: the one of the call would wait until the call has ended.
    served = requests.get(f"{sandbox.url}/control/served", timeout=PATIENCE_SECONDS).json()
    assert served[-1]["outcome"] == "complete"


def test_the_request_id_of_the_caller_is_logged(sandbox: RunningSandbox) -> None:
    sandbox.http.headers["x-request-id"] = "req-42"
    sandbox.chat()
    del sandbox.http.headers["x-request-id"]

    assert sandbox.last_call()["request_id"] == "req-42"


def test_neither_prompt_nor_answer_nor_key_is_logged(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat("kumquat")

    assert "kumquat" in answer.text
    log = (sandbox.state_dir / "served.jsonl").read_text()
    assert "kumquat" not in log
    assert UPSTREAM_KEY not in log


def test_a_caller_who_leaves_a_stream_is_noticed_at_once(sandbox: RunningSandbox) -> None:
    answer = sandbox.chat("[[tokens:10]] [[pace_ms:60000]]", stream=True)
    next(answer.iter_lines())

    answer.close()

    call = sandbox.last_call()
    assert call["outcome"] == "client_gone"
    assert call["usage"]["completion_tokens"] == 0


def test_a_call_under_way_is_in_the_log_without_its_end(sandbox: RunningSandbox) -> None:
    with sandbox.chat("[[pace_ms:60000]]", stream=True):
        call = sandbox.served()[-1]

    assert call["started_at"]
    assert (call["outcome"], call["usage"], call["ended_at"]) == (None, None, None)


def test_the_calls_already_seen_can_be_left_out(sandbox: RunningSandbox) -> None:
    sandbox.chat()
    seen = len(sandbox.served())

    answer = sandbox.chat().json()

    assert [call["id"] for call in sandbox.served(since=seen)] == [answer["id"]]


def test_an_unreadable_since_is_refused(sandbox: RunningSandbox) -> None:
    answer = sandbox.request("GET", "/control/served", params={"since": "yesterday"})

    assert answer.status_code == 400


def test_a_kill_in_the_middle_leaves_a_beginning_without_an_end(tmp_path: Path) -> None:
    with RunningSandbox(tmp_path) as sandbox:
        complete = sandbox.chat().json()
        with sandbox.chat("[[pace_ms:60000]]", stream=True):
            sandbox.stop(signal.SIGKILL)

    began, ended, orphan = lines(tmp_path)
    assert began["id"] == ended["id"] == complete["id"]
    assert "started_at" in began
    assert ended["outcome"] == "complete"
    assert "started_at" in orphan


def test_a_restarted_sandbox_continues_the_log(tmp_path: Path) -> None:
    with RunningSandbox(tmp_path) as first:
        before = first.chat().json()

    with RunningSandbox(tmp_path) as second:
        after = second.chat().json()
        served = second.served()

    assert [call["id"] for call in served] == [before["id"], after["id"]]


def test_a_stream_that_the_sandbox_itself_ends_has_failed(tmp_path: Path) -> None:
    with RunningSandbox(tmp_path) as sandbox, sandbox.chat("[[pace_ms:60000]]", stream=True):
        sandbox.stop()

    assert lines(tmp_path)[-1]["outcome"] == "failed"
