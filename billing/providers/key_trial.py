"""One call with a key through its Base URL, as the program of its buyer would make it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from billing.providers.errors import ProviderUnavailable, Reason
from billing.providers.json_api import Explanation, JsonApi
from billing.providers.patience import Patience

LONGEST_ANSWER_TOKENS = 64
LONGEST_SHOWN = 600
PATIENCE = Patience(whole=timedelta(seconds=40), silence=timedelta(seconds=30), attempts=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialAnswer:
    """What the model said, and the id of the answer."""

    id: str
    text: str


def ask(
    base_url: str, key: str, *, model: str, question: str, before_asking: Callable[[], None] = lambda: None
) -> TrialAnswer:
    """Ask ``model`` a short question; it costs what any such call costs.

    Raises ProviderUnavailable when no usable answer came, and ProviderRefused, with the words of the refusal,
    when the key may not ask. Never call it inside a transaction.
    """
    api = JsonApi(
        base_url,
        headers={"Authorization": f"Bearer {key}"},
        explain=lambda answer: _explanation(answer, key),
        patience=PATIENCE,
        before_asking=before_asking,
        sleep=lambda pause: time.sleep(pause.total_seconds()),
    )
    call = {
        "model": model,
        "max_tokens": LONGEST_ANSWER_TOKENS,
        "messages": [{"role": "user", "content": question}],
    }
    answer = api.post("/chat/completions", call)
    said = _text(answer)
    if said is None:
        raise ProviderUnavailable(operation="POST /chat/completions", reason=Reason.GARBLED)
    return TrialAnswer(id=str(answer.get("id", "")), text=said[:LONGEST_SHOWN])


def _text(answer: dict[str, Any]) -> str | None:
    match answer:
        case {"choices": [{"message": {"content": str(said)}}, *_]}:
            return said
        case _:
            return None


def _explanation(answer: Any, key: str) -> Explanation:
    match answer:
        case {"error": {"message": str(said)}}:
            return Explanation(trace_id=None, messages=(said.replace(key, "***")[:LONGEST_SHOWN],))
        case _:
            return Explanation(trace_id=None, messages=())
