"""The Celery application."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phlareweb.settings")
app = Celery("phlareweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
