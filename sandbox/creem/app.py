"""One local Creem as web applications: what answers under which path."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiohttp import web

from sandbox.creem import api, control, dashboard, pay_pages
from sandbox.creem.settings import CreemSettings
from sandbox.creem.store import Store


def mount(app: web.Application, settings: CreemSettings, *, state_dir: Path) -> None:
    """Let ``app`` play Creem under ``/creem`` and ``/control/creem``, remembering what it sold."""
    store = Store(settings, state_dir / "creem.jsonl")
    pages = web.Application()
    pages[api.STORE] = store
    dashboard.add_to(pages)
    pay_pages.add_to(pages)
    app.add_subapp("/creem/v1", api.build(store))
    app.add_subapp("/creem", pages)
    app.add_subapp("/control/creem", control.build(store))
    app.cleanup_ctx.append(_running(store))


def _running(store: Store) -> Callable[[web.Application], AsyncIterator[None]]:
    async def running(_: web.Application) -> AsyncIterator[None]:
        await store.webhooks.start()
        yield
        await store.webhooks.stop()
        store.records.close()

    return running
