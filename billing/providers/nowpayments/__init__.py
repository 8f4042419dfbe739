"""NowPayments, which takes payments in coins.

`client` is the provider: it asks the API and verifies what comes from it, for the `account` that we have
there. What it tells by itself is signed over JavaScript's text of it (`signatures`, `javascript`), and is
only a hint: a payment is believed when it was asked for. `answers` has what it says of payments and coins,
`translation` turns a payment into the shop's facts, and `listing` reads many payments, for which a login is
needed.
"""
