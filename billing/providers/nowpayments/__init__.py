"""NowPayments, which takes payments in coins."""
