"""The sandbox's one web application: what answers under which path."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox import control, index_page, key_console, mailbox_pages
from sandbox.behaviour import BehaviourSwitch
from sandbox.creem import app as creem
from sandbox.creem.settings import CreemSettings
from sandbox.key_console import KeyConsole
from sandbox.mailbox import Mailbox
from sandbox.models import app as models
from sandbox.nowpayments import app as nowpayments
from sandbox.nowpayments.settings import NowPaymentsSettings
from sandbox.served_log import ServedLog

LARGEST_BODY_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the sandbox is started with."""

    models: Sequence[str]
    smtp_port: int
    state_dir: Path
    creem: CreemSettings
    nowpayments: NowPaymentsSettings
    console_token: str


def build(settings: Settings, *, served_log: ServedLog, mailbox: Mailbox) -> web.Application:
    """Return the application with every stand-in mounted."""
    switch = BehaviourSwitch()
    console = KeyConsole(settings.state_dir / "console.jsonl")
    app = web.Application(client_max_size=LARGEST_BODY_BYTES)
    app.add_subapp(
        "/v1", models.build(models=settings.models, served_log=served_log, switch=switch, console=console)
    )
    app.add_subapp("/control", control.build(served_log=served_log, switch=switch))
    creem.mount(app, settings.creem, state_dir=settings.state_dir)
    nowpayments.mount(app, settings.nowpayments, state_dir=settings.state_dir)
    key_console.mount(app, console, access_token=settings.console_token)
    mailbox_pages.add_to(app, mailbox)
    index_page.add_to(
        app,
        models=settings.models,
        smtp_port=settings.smtp_port,
        creem_key=settings.creem.api_key,
        nowpayments_key=settings.nowpayments.api_key,
    )
    app.router.add_get("/healthz", _healthz)
    return app


async def _healthz(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")
