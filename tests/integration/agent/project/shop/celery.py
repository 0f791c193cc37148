"""The Celery application and its task."""

import os

import django
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
django.setup()

from shop.urls import burn  # noqa: E402  needs the settings

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task(name="shop.pay")
def pay(seconds: float) -> int:
    """Work."""
    burn(seconds)
    return os.getpid()
