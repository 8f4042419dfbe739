"""The shop: packages, plans, orders, payments and their delivery.

A *package* is sold as an *order*, which copies it. A provider's *checkout* takes the money; what it tells us
is an *event* in the *inbox*, which becomes a *fact*, which becomes a *payment*, or a *review* if it does not
fit. A paid order is delivered as a key, a code, or credit in a wallet. Start with `docs/shop.md`, then read
`services` in the order of a sale.
"""
