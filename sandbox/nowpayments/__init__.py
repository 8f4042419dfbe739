"""A local NowPayments: takes payments in coins that nobody has to own.

Its API lives under ``/nowpayments/v1`` with NowPayments' own paths, keys, shapes and errors (`api`, `wishes`,
`wire`, `errors`), and with its ways: an id is a text here and a number there, and every number is printed as
JavaScript prints it (`javascript`). Beside it are the page of an invoice and of a payment, which is also the
wallet of whoever pays (`pay_pages`). Coins have fixed rates and minimums (`coins`). A payment (`payments`)
moves when coins arrive and as the scaled clock goes on (`movements`, `clockwork`); each move is told by a
signed notification, sent again by the merchant's schedule (`ipns`, `bodies`). ``/control/nowpayments`` turns
its switches and shows what it received and sent (`control`); ``/nowpayments`` is a dashboard for people
(`dashboard`). What was paid and is still to be told outlives a restart (`store`).

It knows no payouts, conversions, custody or e-mailed subscriptions.
"""
