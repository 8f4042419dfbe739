"""Starts the sandbox: ``python -m sandbox --port 8001 --smtp-port 8002 --state-dir .var/sandbox``."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import uvloop
from aiohttp import web

from sandbox import app, key_console
from sandbox.creem import products
from sandbox.creem.entities import Product
from sandbox.creem.settings import API_KEY, WEBHOOK_SECRET, CreemSettings
from sandbox.mailbox import Mailbox, start_smtp
from sandbox.nowpayments.settings import API_KEY as COIN_API_KEY
from sandbox.nowpayments.settings import IPN_SECRET, NowPaymentsSettings
from sandbox.served_log import ServedLog

HOST = "127.0.0.1"
MODELS = (
    "deepseek-chat",
    "deepseek-reasoner",
    "gpt-oss-120b",
    "openai/gpt-oss-120b",
    "glm-4-flash",
    "sandbox-free",
    "sandbox-large",
    "claude-sonnet-5",
    "text-embedding-3-small",
)
SHUTDOWN_GRACE_SECONDS = 0.1


def main() -> None:
    """Run until SIGINT or SIGTERM."""
    options = _options()
    options.state_dir.mkdir(parents=True, exist_ok=True)
    with closing(ServedLog(options.state_dir / "served.jsonl")) as served_log:
        uvloop.run(_serve(options, served_log))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins for the outside world.")
    parser.add_argument("--port", type=int, default=8001, help="port of the web server, 0 for any")
    parser.add_argument("--smtp-port", type=int, default=8002, help="port of the mail server, 0 for any")
    parser.add_argument("--state-dir", type=Path, default=Path(".var/sandbox"), help="where it remembers")
    parser.add_argument("--models", type=_names, default=MODELS, help="ids of the models served, with commas")
    creem = parser.add_argument_group("the local Creem")
    creem.add_argument("--creem-api-key", default=API_KEY, help="creem_test_..., or creem_... to play live")
    creem.add_argument("--creem-webhook-secret", default=WEBHOOK_SECRET)
    creem.add_argument("--creem-webhook-url", default="", help="where its webhooks go; empty for nowhere")
    creem.add_argument("--creem-clock-scale", type=float, default=1, help="60 makes a second of its minutes")
    creem.add_argument("--creem-products", type=_products, default=(), help="JSON list of what it sells")
    coins = parser.add_argument_group("the local NowPayments")
    coins.add_argument("--nowpayments-api-key", default=COIN_API_KEY)
    coins.add_argument("--nowpayments-ipn-secret", default=IPN_SECRET)
    coins.add_argument("--nowpayments-clock-scale", type=float, default=1, help="60 makes seconds of minutes")
    parser.add_argument("--console-token", default=key_console.ACCESS_TOKEN, help="of the key console")
    options = parser.parse_args()
    try:
        options.creem = _creem(options)
        options.nowpayments = _nowpayments(options)
    except ValueError as error:
        parser.error(str(error))
    return options


def _creem(options: argparse.Namespace) -> CreemSettings:
    return CreemSettings(
        api_key=options.creem_api_key,
        webhook_secret=options.creem_webhook_secret,
        webhook_url=options.creem_webhook_url,
        clock_scale=options.creem_clock_scale,
        products=options.creem_products,
    )


def _nowpayments(options: argparse.Namespace) -> NowPaymentsSettings:
    return NowPaymentsSettings(
        api_key=options.nowpayments_api_key,
        ipn_secret=options.nowpayments_ipn_secret,
        clock_scale=options.nowpayments_clock_scale,
    )


def _names(text: str) -> Sequence[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("at least one model")
    return names


def _products(text: str) -> Sequence[Product]:
    try:
        return products.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


async def _serve(options: argparse.Namespace, served_log: ServedLog) -> None:
    stop = _stop_signal()
    mailbox = Mailbox()
    smtp = await start_smtp(mailbox, host=HOST, port=options.smtp_port)
    smtp_port = smtp.sockets[0].getsockname()[1]
    settings = app.Settings(
        models=options.models,
        smtp_port=smtp_port,
        state_dir=options.state_dir,
        creem=options.creem,
        nowpayments=options.nowpayments,
        console_token=options.console_token,
    )
    runner = await _start_web(app.build(settings, served_log=served_log, mailbox=mailbox), port=options.port)
    sys.stdout.write(f"Sandbox ready: http://{HOST}:{runner.addresses[0][1]} smtp://{HOST}:{smtp_port}\n")
    sys.stdout.flush()
    await stop.wait()
    smtp.close()
    await runner.cleanup()


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _start_web(application: web.Application, *, port: int) -> web.AppRunner:
    runner = web.AppRunner(
        application,
        access_log=None,
        handler_cancellation=True,  # or a client that leaves in a pause would go unnoticed
        shutdown_timeout=SHUTDOWN_GRACE_SECONDS,
    )
    await runner.setup()
    await web.TCPSite(runner, HOST, port, backlog=1024).start()
    return runner


if __name__ == "__main__":
    main()
