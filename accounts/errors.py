"""Refusals of the accounts room. Each carries numbers, never sentences: `portal/refusals.py` words them."""


class AccountsError(Exception):
    """A refusal; `code` is stable and may be shown to people and programs."""

    code = "accounts_error"


class MalformedKey(AccountsError):
    """The text cannot be one of our API keys: its shape or its checksum is wrong."""

    code = "malformed_key"


class KeyNotFound(AccountsError):
    """The customer has no such key."""

    code = "key_not_found"


class TooManyAttempts(AccountsError):
    """The subject used up its attempts; they return after `retry_after_seconds`."""

    code = "too_many_attempts"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class SealBroken(AccountsError):
    """The sealed value was changed, moved to another row, or sealed under a key that is gone."""

    code = "seal_broken"


class MailNotSent(AccountsError):
    """The mail server took no mail. Whatever it was to tell has to be asked for again later."""

    code = "mail_not_sent"
