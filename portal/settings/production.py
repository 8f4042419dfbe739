"""Production: every secret and every address by name from the environment, none with a default."""

import os

from portal.embedded import addresses
from portal.settings.base import *
from portal.settings.database import read_database
from portal.settings.secrets import read_secrets

SECRET_KEY, KEY_PEPPERS, SEALING_KEYS = read_secrets(os.environ)

PUBLIC_URL = os.environ["PUBLIC_URL"]
GATEWAY_BASE_URL = os.environ.get("GATEWAY_BASE_URL", f"{PUBLIC_URL}/v1")
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split()
DATABASE_URL = os.environ["DATABASE_URL"]
REDIS_URL = os.environ["REDIS_URL"]
DATABASES = {"default": read_database(DATABASE_URL)}
CELERY_BROKER_URL = addresses.celery_url(REDIS_URL)

DEBUG = False
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # probes come from inside, without TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
BROWSER_COOKIE_NAME = "__Host-browser"

EMAIL_HOST = os.environ["EMAIL_HOST"]
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "1") == "1"
DEFAULT_FROM_EMAIL = os.environ["DEFAULT_FROM_EMAIL"]

# An empty one is refused at the start (`billing.checks`): the shop would sell and hear of nothing.
CREEM_API_KEY = os.environ["CREEM_API_KEY"]
CREEM_WEBHOOK_SECRET = os.environ["CREEM_WEBHOOK_SECRET"]
