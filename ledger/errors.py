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
    """One of the two accounts was merged before, the first has a plan, or they are one."""

    code = "account_not_mergeable"


class PeriodWithoutCredit(LedgerError):
    """A period of a plan that fills no pool: nobody can mean that."""

    code = "period_without_credit"


class LimitRefused(LedgerError):
    """A limit of a key that means nothing; `field` names the column that was to keep it."""

    field: str


class LimitOutOfRange(LimitRefused):
    """The number lies outside of what can be meant."""

    code = "limit_out_of_range"

    def __init__(self, field: str, *, least: int, most: int) -> None:
        super().__init__()
        self.field, self.least, self.most = field, least, most


class NothingAllowed(LimitRefused):
    """The list of what the key may use is empty: such a key is disabled, not limited."""

    code = "nothing_allowed"

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field


class ModelNotKnown(LimitRefused):
    """The books do not have one of the models."""

    code = "model_not_known"
    field = "allowed_models"


class NotANetwork(LimitRefused):
    """The text is no network of addresses, and no single address."""

    code = "not_a_network"
    field = "allowed_networks"

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class TooManyNetworks(LimitRefused):
    """There are more networks than the books keep for one key."""

    code = "too_many_networks"
    field = "allowed_networks"

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most


class SourceUnknown(LedgerError):
    """The price list has no such model; `close` are those that come close."""

    code = "source_unknown"

    def __init__(self, source: str, *, close: list[str]) -> None:
        super().__init__()
        self.source, self.close = source, close


class SourceWithoutPrice(LedgerError):
    """The price list has the model, and no price of its input tokens."""

    code = "source_without_price"

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source


class RatesImpossible(LedgerError):
    """Prices that the books do not keep: cached input dearer than input, or a token dearer than a dollar."""

    code = "rates_impossible"
