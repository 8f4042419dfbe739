"""Tests: the local product on throw-away servers that the test session starts and names."""

import os

from portal.settings.local import *
from portal.settings.local import DATABASES, STORAGES

DATABASES["default"]["OPTIONS"] = {}  # a test database is created and dropped: no pool may stay
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_URL = os.environ.get("TEST_BROKER_URL", "memory://")
