"""A local Creem: the merchant of record that sells the shop's one-time packages.

Its API lives under ``/creem/v1`` with Creem's own paths, keys, shapes and errors (`api`, `wire`, `errors`),
its hosted pay page beside it (`pay_pages`). A payment (`purchases`) is told by signed webhooks, sent again by
Creem's schedule (`webhooks`), and the buyer goes back to the shop by a signed redirect (`redirects`).
``/control/creem`` turns its switches and shows what it received and sent (`control`); ``/creem`` is a
dashboard for people (`dashboard`). What it sold and what it still has to send outlives a restart (`store`).

It knows no discounts, custom fields or licences, and takes no payments for subscriptions.
"""
