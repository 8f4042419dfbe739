"""What is true in every deployment. No secret has a default here."""

import os
import sys
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from portal.schedule import beat_schedule

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / ".var")).resolve()

PORTAL_ROLE = os.environ.get("PORTAL_ROLE", "all")
SITE_NAME = os.environ.get("SITE_NAME", "Purser")
# The one colour of the pages, as a hue of OKLCH in degrees: 27 is red, 145 green, 192 the teal of the house.
SITE_ACCENT_HUE = int(os.environ.get("SITE_ACCENT_HUE", "192"))
# Where browsers and programs find us; links in mails and the shown Base URL are built from it.
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000")
# Where programs call models. On a host of its own, every path there is the gateway's.
GATEWAY_BASE_URL = os.environ.get("GATEWAY_BASE_URL", f"{PUBLIC_URL}/v1")

INSTALLED_APPS = [
    "accounts",
    "ledger",
    "redemption",
    "billing",
    "gateway",
    "portal",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "portal.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "portal.origins.OriginMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.ended_sessions.EndedSessionMiddleware",
    "portal.refusals.RefusalMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.site",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    },
]

# PostgreSQL, not Redis: the login limits live here, must survive an emptied Redis, and fail closed.
CACHES = {
    "default": {"BACKEND": "accounts.services.limit_cache.LimitCache", "LOCATION": "portal_cache"},
}

AUTH_USER_MODEL = "accounts.User"
# One way in. Django's own backend beside it would check every wrong password a second time.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = 2 * 60 * 60
EMAIL_TIMEOUT = 10

ACCOUNT_ADAPTER = "portal.account_adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# Mail scanners open links: only the button on the page confirms. The browser that registered is then logged
# in; any other is asked for the password, so that a link alone is never enough.
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
# One address a person: a new one takes the place of the old when it is confirmed.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PUBLIC_URL.startswith("https") else "http"
# Exact under any concurrency, and kept where `CACHES` says. `login_failed` counts passwords per e-mail
# address and codes of second factors per user. Whatever sends a mail is limited for its reader's sake too.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/5m/ip,5/5m/key,20/h/key,50/d/key",
    "signup": f"{int(os.environ.get('SIGNUPS_PER_HOUR', '30'))}/h/ip",
    "confirm_email": "1/3m/key,10/d/key",
    "manage_email": "10/h/user",
    "reset_password": "20/h/ip,3/h/key,10/d/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/5m/user",
    "reauthenticate": "10/5m/user",
}
MFA_ADAPTER = "portal.mfa_adapter.MfaAdapter"
MFA_TOTP_ISSUER = SITE_NAME
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = False
# How many proxies stand in front and may be believed about the caller's address.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXY_COUNT", "0"))

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
# Days and weeks of the books and of the statements begin at midnight here.
TIME_ZONE = os.environ.get("SITE_TIME_ZONE", "UTC")

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

# Names the browser that checks out; see `billing/views/browsers.py`.
BROWSER_COOKIE_NAME = "browser"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = beat_schedule()
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Never: `portal.celery` looks after the connections of workers, and keeps their pools.
CELERY_DB_REUSE_MAX = sys.maxsize
# A page does not wait for a broker that is away or hangs: what it had to say is in the database.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 2,
    "visibility_timeout": 600,
    # Defaults make the broker look for lost tasks every 100 s; the sweeps do not wait for it either way.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}

# One configuration for every process: to stderr, as lines for people or as JSON. Bodies, query strings and
# headers never get there; the two loggers that quote headers are shut.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "portal.logs.PlainFormatter"},
        "json": {"()": "portal.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": os.environ.get("LOG_FORMAT", "plain")},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        "django.security.csrf": {"handlers": ["nowhere"], "propagate": False},
    },
}

# Every allowance that a new account starts with; plans overwrite it.
FREE_ALLOWANCE = {"open_calls": 16, "requests_per_minute": 1, "requests_per_day": 1000}

# A wallet with more than this opens every model and lifts the limits of requests (1 USD = 1,000,000,000).
WALLET_THRESHOLD_NANO_USD = int(os.environ.get("WALLET_THRESHOLD_NANO_USD", "0"))

# How many days a plan that renews goes on while its renewal is not paid.
PLAN_GRACE_DAYS = int(os.environ.get("PLAN_GRACE_DAYS", "3"))
# How many days before its end the invoice for the next period is sent.
PLAN_INVOICE_DAYS = int(os.environ.get("PLAN_INVOICE_DAYS", "5"))

# A call that takes longer is ended; a hold outlives its call by the grace, so that a late settlement still
# counts.
GATEWAY_CALL_TIMEOUT_SECONDS = int(os.environ.get("GATEWAY_CALL_TIMEOUT_SECONDS", "600"))
GATEWAY_HOLD_GRACE_SECONDS = int(os.environ.get("GATEWAY_HOLD_GRACE_SECONDS", "300"))
# An upstream that says nothing in the middle of a stream for so long has failed.
GATEWAY_SILENCE_SECONDS = int(os.environ.get("GATEWAY_SILENCE_SECONDS", "120"))
# Calls that run when the gateway is told to stop have this long to end by themselves.
GATEWAY_STOP_SECONDS = int(os.environ.get("GATEWAY_STOP_SECONDS", "3"))
# Whether channels may lead into private networks (`allowed`), or to the internet only (`refused`).
GATEWAY_PRIVATE_UPSTREAMS = os.environ.get("GATEWAY_PRIVATE_UPSTREAMS", "refused")
GATEWAY_BODY_LIMIT_BYTES = int(os.environ.get("GATEWAY_BODY_LIMIT_BYTES", str(32 * 1024 * 1024)))

# Whom buyers write to when an order needs us; shown on its page.
SUPPORT_EMAIL = os.environ.get("SUPPORT_EMAIL", "")
# Within so many hours a person looks at an order that needs one; its page promises it.
SUPPORT_REPLY_HOURS = int(os.environ.get("SUPPORT_REPLY_HOURS", "24"))
# The model whose tokens the packages count.
REFERENCE_MODEL = os.environ.get("REFERENCE_MODEL", "deepseek-chat")
# A stand-in's address; empty means Creem's own, in the environment of the key.
CREEM_BASE_URL = os.environ.get("CREEM_BASE_URL", "")
# The product at Creem that costs one USD, of which a wallet is topped up by so many; empty for none by card.
CREEM_TOPUP_PRODUCT_ID = os.environ.get("CREEM_TOPUP_PRODUCT_ID", "")
TOPUP_LEAST_DOLLARS = {
    "creem": int(os.environ.get("TOPUP_LEAST_DOLLARS_CREEM", "5")),
    "nowpayments": int(os.environ.get("TOPUP_LEAST_DOLLARS_NOWPAYMENTS", "20")),
}
TOPUP_MOST_DOLLARS = int(os.environ.get("TOPUP_MOST_DOLLARS", "2000"))
# The account at NowPayments, for coins. Without an API key nothing is sold for coins. Every secret of the
# list is accepted, so that one can follow another. Nothing in a key tells its mode: `test` or `live`.
NOWPAYMENTS_API_KEY = os.environ.get("NOWPAYMENTS_API_KEY", "")
NOWPAYMENTS_IPN_SECRETS = tuple(os.environ.get("NOWPAYMENTS_IPN_SECRETS", "").split())
NOWPAYMENTS_MODE = os.environ.get("NOWPAYMENTS_MODE", "")
NOWPAYMENTS_BASE_URL = os.environ.get("NOWPAYMENTS_BASE_URL", "")
# What the shop is paid out in: the smallest amounts of all other coins depend on it.
NOWPAYMENTS_PAYOUT_COIN = os.environ.get("NOWPAYMENTS_PAYOUT_COIN", "")
# A fixed rate holds for 20 minutes in place of days; where buyers pay the fees they get one, too. Both raise
# the smallest amounts.
NOWPAYMENTS_FIXED_RATE = os.environ.get("NOWPAYMENTS_FIXED_RATE", "0") == "1"
NOWPAYMENTS_BUYER_PAYS_FEES = os.environ.get("NOWPAYMENTS_BUYER_PAYS_FEES", "0") == "1"
# Who signs in to the dashboard there; only the comparison of all payments needs it.
NOWPAYMENTS_EMAIL = os.environ.get("NOWPAYMENTS_EMAIL", "")
NOWPAYMENTS_PASSWORD = os.environ.get("NOWPAYMENTS_PASSWORD", "")
# Coins that came for an order that is paid already are credited up to so much; a person decides about more.
SPARE_COINS_LIMIT_CENTS = int(os.environ.get("SPARE_COINS_LIMIT_CENTS", "10000"))
# Who makes the keys that guests buy: our own gateway (`built-in`), a foreign console (`console`), or nobody
# (`off`): then guests get a code.
KEY_ISSUER = os.environ.get("KEY_ISSUER", "built-in")
KEY_CONSOLE_URL = os.environ.get("KEY_CONSOLE_URL", "")
KEY_CONSOLE_TOKEN = os.environ.get("KEY_CONSOLE_TOKEN", "")
# Where the console's keys work.
KEY_CONSOLE_BASE_URL = os.environ.get("KEY_CONSOLE_BASE_URL", "")
# The console's own unit: One API counts 500,000 for a USD.
KEY_CONSOLE_QUOTA_PER_USD = int(os.environ.get("KEY_CONSOLE_QUOTA_PER_USD", "500000"))
