"""What the ledger learns from outside: price lists. Nothing here knows our tables."""
