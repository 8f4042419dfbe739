"""The companies that take money for us, each translated into the shop's own words.

A provider turns requests and webhooks of one company into the dataclasses of `protocol` and `facts`, and all
its failures into the classes of `errors`. It touches no table, decides nothing and knows no Django. Start
reading at `protocol`; `creem` takes cards, `nowpayments` takes coins.
"""
