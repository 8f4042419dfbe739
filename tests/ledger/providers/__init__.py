"""Price lists, as the ledger reads them."""
