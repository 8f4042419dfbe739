"""Commands for `manage.py`: each parses, calls one thing, and says what came of it."""
