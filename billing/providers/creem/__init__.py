"""Creem, the merchant of record for card payments.

`client` is the provider: it asks the API and verifies what comes from it. `signatures` has Creem's two ways
of signing, `entities` reads its objects, `translation` turns them into the shop's facts, and `answers` into
what is worth checking besides.
"""
