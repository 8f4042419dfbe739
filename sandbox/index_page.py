"""The index page: what the sandbox is, and how to use each part of it."""

from collections.abc import Sequence
from html import escape
from typing import get_args

from aiohttp import web

from sandbox import faults
from sandbox.behaviour import Mode
from sandbox.models.app import UPSTREAM_KEY
from sandbox.nowpayments import acts
from sandbox.page import page

_MODELS: web.AppKey[Sequence[str]] = web.AppKey("index_models")
_SMTP_PORT = web.AppKey("index_smtp_port", int)
_CREEM_KEY = web.AppKey("index_creem_key", str)
_NOWPAYMENTS_KEY = web.AppKey("index_nowpayments_key", str)

_BODY = """
<p>Stand-ins for the outside world, for work and tests on one machine. The product reaches them exactly as it
would reach the real ones.</p>

<h2>Model server</h2>
<p>An upstream that echoes the last user message, in OpenAI's manner and in Anthropic's. Its key is
<code>{key}</code>. It serves {models}.</p>
<pre>curl {origin}/v1/chat/completions -H 'Authorization: Bearer {key}' \\
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
curl {origin}/v1/messages -H 'x-api-key: {key}' -H 'anthropic-version: 2023-06-01' \\
  -d '{{"model": "{model}", "max_tokens": 9, "messages": [{{"role": "user", "content": "Hello"}}]}}'
curl {origin}/v1/embeddings -H 'Authorization: Bearer {key}' \\
  -d '{{"model": "text-embedding-3-small", "input": "Hello"}}'</pre>
<p>That message can steer its answer:</p>
<table>
<tr><th><code>[[tokens:200]]</code></th><td>200 tokens in place of the echo</td></tr>
<tr><th><code>[[reasoning:30]]</code></th>
<td>30 tokens of reasoning first; of a message, when it enables thinking</td></tr>
<tr><th><code>[[pace_ms:50]]</code></th><td>50 ms a token</td></tr>
<tr><th><code>[[tool:look {{"at": "it"}}]]</code></th>
<td>a call of the tool <code>look</code>, if it is offered; several are parallel calls</td></tr>
<tr><th><code>[[delta_bytes:1048576]]</code></th><td>one delta of that many bytes</td></tr>
<tr><th><code>[[write_bytes:3]]</code></th><td>a stream that is written 3 bytes at a time</td></tr>
<tr><th><code>[[escape]]</code>, <code>[[split]]</code></th>
<td>JSON in ASCII; with the halves of an astral character in two deltas</td></tr>
</table>
<p>Of what it is asked, it also keeps an eye on images, JSON schemas and <code>cache_control</code>, and
answers the results of tools by an echo of them.</p>
<table>
<tr><th><a href="/control/served">/control/served</a></th>
<td>Every call that was served, with model, usage and outcome, never with its text.
<code>?since=100</code> leaves out the first 100.</td></tr>
<tr><th><a href="/control/behaviour">/control/behaviour</a></th>
<td>What the next calls meet: {modes}.</td></tr>
</table>
<pre>curl {origin}/control/behaviour -d '{{"mode": "fail", "status": 500, "times": 3}}'
curl {origin}/control/behaviour \\
  -d '{{"mode": "stall", "after_chunks": 2, "seconds": 30, "model": "{model}"}}'
curl {origin}/control/behaviour \\
  -d '{{"mix": [{{"share": 0.1, "mode": "omit_usage"}}, {{"share": 0.2, "mode": "fail"}}], "seed": 7}}'
curl {origin}/control/behaviour -d '{{"mode": "normal"}}'</pre>

<h2>Creem</h2>
<p>A local Creem for one-time purchases. Its API is at <code>{origin}/creem/v1</code>, its key is
<code>{creem_key}</code>. Its <a href="/creem">dashboard</a> shows what was paid and sent, and can refund,
dispute and resend.</p>
<table>
<tr><th><a href="/control/creem/products">/control/creem/products</a></th>
<td>What is for sale; a POST adds to it.</td></tr>
<tr><th><a href="/control/creem/api">/control/creem/api</a></th>
<td>What the next calls to the API meet: {faults}.</td></tr>
<tr><th><a href="/control/creem/webhooks">/control/creem/webhooks</a></th>
<td>Where webhooks go, and what the next ones meet: they can be dropped, shuffled, delayed and
multiplied.</td></tr>
<tr><th><a href="/control/creem/events">/control/creem/events</a></th>
<td>Every webhook with its attempts. <code>?wait=10</code> waits up to 10 seconds until none is on its way. A
POST to <code>/control/creem/events/evt_.../resend</code> sends one again.</td></tr>
<tr><th><a href="/control/creem/traffic">/control/creem/traffic</a></th>
<td>Every call to the API and every webhook, as it happened. <code>?since=100</code> leaves out all up to
entry 100.</td></tr>
</table>
<pre>curl {origin}/control/creem/products \\
  -d '[{{"id": "prod_demo", "name": "Credits", "price": 1000, "currency": "USD"}}]'
curl {origin}/creem/v1/checkouts -H 'x-api-key: {creem_key}' \\
  -d '{{"product_id": "prod_demo", "success_url": "{origin}/healthz"}}'
curl {origin}/control/creem/webhooks -d '{{"delay_seconds": 5, "copies": 2, "times": 1}}'
curl {origin}/control/creem/api -d '{{"mode": "fail", "status": 429, "retry_after": "2", "times": 3}}'</pre>

<h2>NowPayments</h2>
<p>A local NowPayments, which takes coins that nobody has to own. Its API is at
<code>{origin}/nowpayments/v1</code>, its key is <code>{nowpayments_key}</code>. Its
<a href="/nowpayments">dashboard</a> lists what is to be paid: each payment's page is the wallet to pay it
from.</p>
<table>
<tr><th><a href="/control/nowpayments/payments">/control/nowpayments/payments</a></th>
<td>Every payment. A POST to <code>.../payments/{{id}}/{{act}}</code> does one of: {acts}; one to
<code>.../payments/{{id}}/deposit</code> lets any amount of any coin arrive there.</td></tr>
<tr><th><a href="/control/nowpayments/api">/control/nowpayments/api</a></th>
<td>What the next calls to the API meet, as above.</td></tr>
<tr><th><a href="/control/nowpayments/ipns">/control/nowpayments/ipns</a></th>
<td>What the next notifications meet: they can be dropped, shuffled, delayed and multiplied. A POST to
<code>/control/nowpayments/ipns/spelling</code> has them written otherwise, or forged.</td></tr>
<tr><th><a href="/control/nowpayments/notifications">/control/nowpayments/notifications</a></th>
<td>Every notification with its attempts. <code>?wait=10</code> waits up to 10 seconds until nothing moves. A
POST to <code>.../notifications/{{id}}/resend</code> sends one again.</td></tr>
<tr><th><a href="/control/nowpayments/rules">/control/nowpayments/rules</a></th>
<td>What the merchant has chosen for second deposits, and for coins of another kind.</td></tr>
<tr><th><a href="/control/nowpayments/traffic">/control/nowpayments/traffic</a></th>
<td>Every call to the API and every notification, as it happened.</td></tr>
</table>
<pre>curl {origin}/nowpayments/v1/payment -H 'x-api-key: {nowpayments_key}' \
  -d '{{"price_amount": 25, "price_currency": "usd", "pay_currency": "usdttrc20"}}'
curl {origin}/control/nowpayments/payments/5745459419/exact -d ''
curl {origin}/control/nowpayments/payments/5745459419/deposit -d '{{"amount": "7.5", "coin": "xrp"}}'</pre>

<h2>Key console</h2>
<p>A foreign console that makes API keys for the model server, at <code>{origin}/console/api/token/</code>.
<a href="/control/console">/control/console</a> lets its calls fail, as above.</p>

<h2>Mailbox</h2>
<p>Mails that are sent by SMTP to port {smtp_port} go no further than the <a href="/mailbox">mailbox</a>.</p>
<table>
<tr><th><a href="/mailbox.json">/mailbox.json</a></th>
<td>The same for tests. <code>?to=someone@example.com&amp;wait=10</code> waits up to 10 seconds for a mail to
that address, with <code>&amp;since=7</code> for one after mail 7. <code>DELETE</code> empties the
mailbox.</td></tr>
</table>

<h2>Health</h2>
<p><a href="/healthz">/healthz</a> answers 200 while the sandbox runs.</p>
"""


def add_to(
    app: web.Application, *, models: Sequence[str], smtp_port: int, creem_key: str, nowpayments_key: str
) -> None:
    """Let ``app`` show the index page at ``/``."""
    app[_MODELS] = models
    app[_SMTP_PORT] = smtp_port
    app[_CREEM_KEY] = creem_key
    app[_NOWPAYMENTS_KEY] = nowpayments_key
    app.router.add_get("/", _index)


async def _index(request: web.Request) -> web.Response:
    models = request.app[_MODELS]
    return page(
        title="Sandbox",
        body=_BODY.format(
            key=UPSTREAM_KEY,
            models=_codes(models),
            model=escape(models[0]),
            modes=_codes(get_args(Mode)),
            creem_key=escape(request.app[_CREEM_KEY]),
            nowpayments_key=escape(request.app[_NOWPAYMENTS_KEY]),
            acts=_codes(list(acts.LABELS)),
            faults=_codes(get_args(faults.Mode)),
            origin=escape(str(request.url.origin())),
            smtp_port=request.app[_SMTP_PORT],
        ),
    )


def _codes(words: Sequence[str]) -> str:
    return ", ".join(f"<code>{escape(word)}</code>" for word in words)
