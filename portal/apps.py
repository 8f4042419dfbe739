"""The portal as a Django app."""

from django.apps import AppConfig

from portal.celery import app as celery_app


class PortalConfig(AppConfig):
    """Loads the Celery application with Django, so that every process sends tasks the same way."""

    name = "portal"
    celery_app = celery_app
