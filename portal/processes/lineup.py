"""Which programs make up the product on one machine, in the order in which they start.

PostgreSQL and Redis are ours only while the settings name the embedded ones.
"""

import json
import sys
from pathlib import Path

from django.conf import settings

from portal import demo
from portal.embedded import addresses
from portal.embedded.postgres import EmbeddedPostgres
from portal.embedded.redis import EmbeddedRedis
from portal.processes.child import Child


def servers() -> list[Child]:
    """Return the embedded servers that the settings ask for."""
    var_dir: Path = settings.VAR_DIR
    found: list[Child] = []
    if addresses.postgres_url(var_dir) == settings.DATABASE_URL:
        found.append(EmbeddedPostgres(var_dir))
    if addresses.redis_url(var_dir) == settings.REDIS_URL:
        found.append(EmbeddedRedis(var_dir))
    return found


def steps() -> list[Child]:
    """Return what has to be done before each start; every step may be repeated."""
    return [
        _python("migrate", "manage.py", "migrate", "--no-input"),
        _python("cache-table", "manage.py", "createcachetable"),
        _python("static-files", "manage.py", "collectstatic", "--no-input"),
        _python("demo-data", "manage.py", "load_demo"),
    ]


def programs() -> list[Child]:
    """Return what serves. The site starts last and stops first: all others stand behind it."""
    return [_sandbox(), _worker(), _beat(), _web()]


def ports() -> list[tuple[str, int]]:
    """Return the ports that the programs listen on, by the name of their setting."""
    names = ("PORT", "SANDBOX_PORT", "SANDBOX_SMTP_PORT")
    return [(name, getattr(settings, name)) for name in names]


def _sandbox() -> Child:
    options = {
        "--port": settings.SANDBOX_PORT,
        "--smtp-port": settings.SANDBOX_SMTP_PORT,
        "--state-dir": settings.VAR_DIR / "sandbox",
    }
    return _python("sandbox", "-m", "sandbox", *_flat(options), *_creem(), *_nowpayments(), *_console())


def _creem() -> list[str]:
    """Return what the sandbox's Creem has to know of us; nothing if we deal with another one."""
    if f"http://127.0.0.1:{settings.SANDBOX_PORT}/creem" != settings.CREEM_BASE_URL:
        return []  # its secrets do not belong into a list of processes
    options = {
        "--creem-api-key": settings.CREEM_API_KEY,
        "--creem-webhook-secret": settings.CREEM_WEBHOOK_SECRET.split()[0],
        "--creem-webhook-url": f"http://127.0.0.1:{settings.PORT}/webhooks/creem",
        "--creem-clock-scale": settings.SANDBOX_CLOCK_SCALE,
        "--creem-products": json.dumps(demo.products()),
    }
    return _flat(options)


def _nowpayments() -> list[str]:
    """Return what the sandbox's NowPayments has to know of us; nothing if we deal with another one."""
    if f"http://127.0.0.1:{settings.SANDBOX_PORT}/nowpayments" != settings.NOWPAYMENTS_BASE_URL:
        return []
    options = {
        "--nowpayments-api-key": settings.NOWPAYMENTS_API_KEY,
        "--nowpayments-ipn-secret": settings.NOWPAYMENTS_IPN_SECRETS[0],
        "--nowpayments-clock-scale": settings.SANDBOX_CLOCK_SCALE,
    }
    return _flat(options)


def _console() -> list[str]:
    if f"http://127.0.0.1:{settings.SANDBOX_PORT}/console" != settings.KEY_CONSOLE_URL:
        return []
    return _flat({"--console-token": settings.KEY_CONSOLE_TOKEN})


def _web() -> Child:
    # The gateway ends its calls and then writes their settlements; nobody interrupts it at that.
    stop_seconds = 2 * settings.GATEWAY_STOP_SECONDS + 4
    options = {
        "--interface": "asgi",
        "--loop": "uvloop",
        "--host": "127.0.0.1",
        "--port": settings.PORT,
        "--workers": settings.WEB_WORKERS,
        "--respawn-interval": 1,
        "--workers-kill-timeout": stop_seconds,
        "--static-path-route": "/static",
        "--static-path-mount": settings.STATIC_ROOT,
    }
    switches = ["--no-ws", "--respawn-failed-workers"]
    command = ["-m", "granian", *_flat(options), *switches, "portal.asgi:application"]
    return _python("web", *command, patience_seconds=stop_seconds + 3)


def _worker() -> Child:
    switches = ["--without-gossip", "--without-mingle"]  # there is no other worker to talk to
    processes = str(settings.WORKER_PROCESSES)
    return _python("worker", "-m", "celery", "-A", "portal", "worker", "--concurrency", processes, *switches)


def _beat() -> Child:
    schedule = settings.VAR_DIR / "run" / "beat-schedule"
    return _python("beat", "-m", "celery", "-A", "portal", "beat", "--schedule", str(schedule))


def _python(name: str, *arguments: str, patience_seconds: float = 10) -> Child:
    return Child(
        name=name,
        command=[sys.executable, *arguments],
        state_dir=settings.VAR_DIR,
        working_dir=settings.BASE_DIR,
        environment={"PYTHONUNBUFFERED": "1", "PORTAL_ROLE": "all"},
        patience_seconds=patience_seconds,
    )


def _flat(options: dict[str, object]) -> list[str]:
    return [str(part) for option in options.items() for part in option]
