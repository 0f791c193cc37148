"""The Celery application.

Loads no task by itself: workers import ``ingest.tasks`` when they start (``CELERY_IMPORTS``), beat and the web server
only know names. That keeps kernels out of processes that never run one.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging
from django.conf import settings

from phlareweb.checks import refuse_bad_environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phlareweb.settings")
# Celery runs all system checks in each worker, which loads the whole web side into it; ours are run below.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

# Celery warns of root because a pickled message could do anything; none is accepted here.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("phlareweb")
app.config_from_object("django.conf:settings", namespace="CELERY")


@setup_logging.connect
def _leave_logging_alone(**_kwargs: Any) -> None:
    """Django has configured logging for every process alike; a receiver here keeps Celery from doing it again."""


if settings.ROLE:
    refuse_bad_environment(settings.PHLARE_ENVIRONMENT)
if settings.ROLE == "ingester":
    # By name, so that the step and what it needs are imported by the worker that runs it.
    app.steps["worker"].add("ingest.bootsteps:IngesterStep")
