"""The composition: settings, URLs, processes, and every page that shows more than one room.

Imported by nobody. Start reading at `urls.py` for pages, `asgi.py` for what listens, and
`management/commands/up.py` for how the whole product starts.
"""
