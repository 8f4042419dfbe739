"""PostgreSQL and Redis from wheels, for one machine: where they listen, their secrets, how they run.

Knows no Django, because the settings read the addresses from here. `addresses` is a pure function of
the state directory; `postgres` and `redis` run the servers that answer there.
"""
