"""The admin of the books: read here, changed only by acts that go through the ledger's services."""

from ledger.admin import accounts, calls, entries, keys, pricing

__all__ = ["accounts", "calls", "entries", "keys", "pricing"]
