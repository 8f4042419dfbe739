"""One machine, one command: embedded servers, the sandbox as the outside world, secrets made on first use."""

import os

from portal.embedded import addresses, local_secrets
from portal.settings.base import *
from portal.settings.base import VAR_DIR
from portal.settings.database import read_database
from portal.settings.secrets import read_secrets

PORT = int(os.environ.get("PORT", "8000"))
SANDBOX_PORT = int(os.environ.get("SANDBOX_PORT", str(PORT + 1)))
SANDBOX_SMTP_PORT = int(os.environ.get("SANDBOX_SMTP_PORT", str(PORT + 2)))
# 60 makes a second of the sandbox's minutes: Creem's, between two tries of a webhook.
SANDBOX_CLOCK_SCALE = float(os.environ.get("SANDBOX_CLOCK_SCALE", "1"))
WEB_WORKERS = int(os.environ.get("WEB_WORKERS", "1"))
# One of them sends mails for most of the time; deliveries never wait for it.
WORKER_PROCESSES = int(os.environ.get("WORKER_PROCESSES", "4"))
PUBLIC_URL = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{PORT}")
GATEWAY_BASE_URL = os.environ.get("GATEWAY_BASE_URL", f"{PUBLIC_URL}/v1")
# The sandbox is an upstream on this very machine.
GATEWAY_PRIVATE_UPSTREAMS = os.environ.get("GATEWAY_PRIVATE_UPSTREAMS", "allowed")

DATABASE_URL = os.environ.get("DATABASE_URL") or addresses.postgres_url(VAR_DIR)
REDIS_URL = os.environ.get("REDIS_URL") or addresses.redis_url(VAR_DIR)
DATABASES = {"default": read_database(DATABASE_URL)}
CELERY_BROKER_URL = addresses.celery_url(REDIS_URL)

SECRET_KEY, KEY_PEPPERS, SEALING_KEYS = read_secrets({**local_secrets.load(VAR_DIR), **os.environ})

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *os.environ.get("ALLOWED_HOSTS", "").split()]

EMAIL_HOST = os.environ.get("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", str(SANDBOX_SMTP_PORT)))
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Purser <purser@example.com>")

# The sandbox's own, known to everybody.
CREEM_API_KEY = os.environ.get("CREEM_API_KEY", "creem_test_sandbox")
CREEM_WEBHOOK_SECRET = os.environ.get("CREEM_WEBHOOK_SECRET", "whsec_sandbox")
CREEM_BASE_URL = os.environ.get("CREEM_BASE_URL", f"http://127.0.0.1:{SANDBOX_PORT}/creem")
CREEM_TOPUP_PRODUCT_ID = os.environ.get("CREEM_TOPUP_PRODUCT_ID", "prod_demo_topup")
NOWPAYMENTS_API_KEY = os.environ.get("NOWPAYMENTS_API_KEY", "SANDBOX-0000000-0000000-0000000")
NOWPAYMENTS_IPN_SECRETS = tuple(os.environ.get("NOWPAYMENTS_IPN_SECRETS", "ipn-sandbox").split())
NOWPAYMENTS_MODE = os.environ.get("NOWPAYMENTS_MODE", "test")
NOWPAYMENTS_BASE_URL = os.environ.get("NOWPAYMENTS_BASE_URL", f"http://127.0.0.1:{SANDBOX_PORT}/nowpayments")
NOWPAYMENTS_PAYOUT_COIN = os.environ.get("NOWPAYMENTS_PAYOUT_COIN", "usdttrc20")
NOWPAYMENTS_EMAIL = os.environ.get("NOWPAYMENTS_EMAIL", "merchant@example.com")
NOWPAYMENTS_PASSWORD = os.environ.get("NOWPAYMENTS_PASSWORD", "sandbox")
KEY_CONSOLE_URL = os.environ.get("KEY_CONSOLE_URL", f"http://127.0.0.1:{SANDBOX_PORT}/console")
KEY_CONSOLE_TOKEN = os.environ.get("KEY_CONSOLE_TOKEN", "sandbox-console-token")
KEY_CONSOLE_BASE_URL = os.environ.get("KEY_CONSOLE_BASE_URL", f"http://127.0.0.1:{SANDBOX_PORT}/v1")
SUPPORT_EMAIL = os.environ.get("SUPPORT_EMAIL", "support@example.com")
