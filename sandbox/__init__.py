"""The sandbox: stand-ins for the outside world, reached exactly as the real things are.

It is one small server, started as ``python -m sandbox`` by `make run` and by tests. Under ``/v1`` lives
a model server that is OpenAI's kind of upstream and Anthropic's (`sandbox.models`), with a log of what it
served (`served_log`) and a switch that makes it misbehave (`behaviour`); under ``/creem`` a payment provider
(`sandbox.creem`), and under ``/nowpayments`` another, which takes coins (`sandbox.nowpayments`); under
``/console`` a foreign console that makes keys (`key_console`); on a port of its own an SMTP server whose
mails are read at ``/mailbox``. It imports none of our rooms and none of them imports it.

Start reading in `app`, which says what answers where; then `sandbox.models`.
"""
