"""The frame of the sandbox's own pages."""

from html import escape

from aiohttp import web

_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem 1rem .4rem 0; overflow-wrap: anywhere;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; white-space: nowrap; }
pre, iframe { box-sizing: border-box; width: 100%; border: 1px solid var(--line); border-radius: 6px; }
pre { padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; font: 14px/1.6 ui-monospace, monospace; }
iframe { height: 24rem; background: white; }
code { overflow-wrap: anywhere; }
nav { margin-bottom: 1.5rem; }
label { display: block; font-weight: 600; }
input, select, button { font: inherit; padding: .5rem .75rem; border: 1px solid; border-radius: 6px;
  border-color: color-mix(in srgb, currentColor 60%, transparent); }
button { margin: 0 .25rem .25rem 0; white-space: nowrap; }
td form { display: inline; }
@media (max-width: 40rem) { th { white-space: normal; min-width: 6rem; } }
.wide { overflow-x: auto; }
.wide table { min-width: 56rem; }
input, select { box-sizing: border-box; width: 100%; max-width: 24rem; }
:focus-visible { outline: 2px solid; outline-offset: 2px; }
[role=alert] { padding: .75rem 1rem; border: 1px solid; border-radius: 6px; font-weight: 600; }
"""


def page(*, title: str, body: str, status: int = 200) -> web.Response:
    """Return a page; ``title`` is text, ``body`` is HTML."""
    return web.Response(
        status=status,
        content_type="text/html",
        charset="utf-8",
        text=f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Sandbox</title>
<style>{_STYLE}</style>
</head>
<body>
<nav><a href="/">Sandbox</a> · <a href="/mailbox">Mailbox</a> · <a href="/creem">Creem</a> ·
<a href="/nowpayments">NowPayments</a></nav>
<main>
<h1>{escape(title)}</h1>
{body}
</main>
</body>
</html>
""",
    )
