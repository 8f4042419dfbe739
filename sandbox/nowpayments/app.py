"""One local NowPayments as web applications: what answers under which path."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

from aiohttp import web

from sandbox.nowpayments import api, control, dashboard, movements, pay_pages
from sandbox.nowpayments.settings import NowPaymentsSettings
from sandbox.nowpayments.store import Store


def mount(app: web.Application, settings: NowPaymentsSettings, *, state_dir: Path) -> None:
    """Let ``app`` play NowPayments under ``/nowpayments`` and ``/control/nowpayments``."""
    store = Store(settings, state_dir / "nowpayments.jsonl")
    pages = web.Application()
    pages[api.STORE] = store
    dashboard.add_to(pages)
    pay_pages.add_to(pages)
    app.add_subapp("/nowpayments/v1", api.build(store))
    app.add_subapp("/nowpayments", pages)
    app.add_subapp("/control/nowpayments", control.build(store))
    app.cleanup_ctx.append(_running(store))


def _running(store: Store) -> Callable[[web.Application], AsyncIterator[None]]:
    async def running(_: web.Application) -> AsyncIterator[None]:
        await store.start(move=partial(movements.advance, store))
        yield
        await store.stop()

    return running
