"""The data plane: programs call models here, and every call is metered.

Owns the upstream channels and the OpenAI-style surface under `/v1`. Plain ASGI: no Django request runs on
the hot path. A call is paid by a ledger hold that is reserved before the upstream is asked and settled with
the upstream's own usage. Start reading at `app.py`.
"""
