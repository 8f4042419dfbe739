"""Ids that cross over: of callers' users, of messages, of tool calls."""

import hashlib
import re
import secrets

# What every upstream takes for a user. Claude Code sends a JSON object of 150 characters.
_USER = re.compile(r"[A-Za-z0-9_-]{6,64}")
# What Anthropic takes for the id of a tool's use. Other upstreams also make ids with dots and colons.
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_-]")


def user(user_id: str) -> str:
    """Return an id for the same user that any upstream accepts: itself, or else its digest."""
    return user_id if _USER.fullmatch(user_id) else hashlib.sha256(user_id.encode()).hexdigest()


def message(completion_id: str) -> str:
    """Return the id of the message that a completion becomes; an upstream without ids gets one of ours."""
    if completion_id.startswith("msg_"):
        return completion_id
    return "msg_" + (_NOT_IN_AN_ID.sub("_", completion_id) or secrets.token_hex(12))


def tool_use(call_id: str) -> str:
    """Return the id of a call in letters that Anthropic accepts; the same for the call and its result."""
    return _NOT_IN_AN_ID.sub("_", call_id)


def new_call() -> str:
    """Return an id for a call that came without one."""
    return "call_" + secrets.token_hex(12)
