"""Refusals of the ledger. Each carries numbers, never sentences."""


class LedgerError(Exception):
    """A refusal; `code` is stable and may be shown to people and programs."""

    code = "ledger_error"


class InsufficientBalance(LedgerError):
    """A pool holds less free credit than the movement takes."""

    code = "insufficient_balance"


class ReferenceReused(LedgerError):
    """The reference already names an entry that moved something else."""

    code = "reference_reused"


class LedgerUnavailable(LedgerError):
    """The database did not answer; whether the last request took effect is not known."""

    code = "ledger_unavailable"


class NotAnAmount(LedgerError):
    """The text is not an exact amount of money that the books can keep."""

    code = "not_an_amount"


class AccountFrozen(LedgerError):
    """The account is frozen: its credit stays where it is."""

    code = "account_frozen"


class AccountNotMergeable(LedgerError):
    """One of the two accounts was merged before, or they are one. Nobody can mean that."""

    code = "account_not_mergeable"
