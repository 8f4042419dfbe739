"""How the whole product runs on one machine: `manage.py up`.

A `child` is one program of ours that should be running; `leftovers` finds what an earlier run left
behind; `lineup` says which programs there are; the `supervisor` starts, watches and stops them.
"""
