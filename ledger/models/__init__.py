"""The tables of the books."""

from ledger.models.accounts import Account, AccountAllowance
from ledger.models.alerts import KeyAlert
from ledger.models.debts import Debt, DebtPayment, LotTaking
from ledger.models.entries import Entry, Lot, Posting
from ledger.models.holds import Hold
from ledger.models.keys import KeyAllowance
from ledger.models.pricing import LanguageModel, ModelAlias, Rate
from ledger.models.usage import DayTotal, UsageRecord

__all__ = [
    "Account",
    "AccountAllowance",
    "DayTotal",
    "Debt",
    "DebtPayment",
    "Entry",
    "Hold",
    "KeyAlert",
    "KeyAllowance",
    "LanguageModel",
    "Lot",
    "LotTaking",
    "ModelAlias",
    "Posting",
    "Rate",
    "UsageRecord",
]
