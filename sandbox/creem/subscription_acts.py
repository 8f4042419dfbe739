"""What whoever plays with the sandbox may let happen to a subscription, by the word for it."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.creem import subscriptions
from sandbox.creem.entities import Subscription
from sandbox.creem.errors import invalid
from sandbox.creem.store import Store

# With what the order may add: `to` for a failure, `mode` and `at_end` for a cancel, `seconds` for a move.
ACTS: Mapping[str, Callable[..., Subscription]] = {
    "renew": subscriptions.renew,
    "fail": subscriptions.fail,
    # A payment that failed comes late.
    "recover": subscriptions.renew,
    "end-trial": subscriptions.end_trial,
    "end-period": subscriptions.end_period,
    "expire": subscriptions.expire,
    "move": subscriptions.move,
    "cancel": subscriptions.cancel,
    "pause": subscriptions.pause,
    "resume": subscriptions.resume,
}


def act(store: Store, subscription: Subscription, name: str, order: Mapping[str, Any]) -> Subscription:
    """Let it happen, and return what the subscription is then; raises ApiError or TypeError."""
    if name not in ACTS:
        raise invalid(f"act is one of: {', '.join(ACTS)}")
    return ACTS[name](store, subscription, **order)
