"""The WSGI application that the web server imports in each of its workers."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from phlareweb.checks import refuse_bad_environment
from phlareweb.up.launch import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phlareweb.settings")

if settings.ROLE == "web":
    # The web server starts its workers itself; without this they would outlive it when it is killed.
    die_with_parent(os.getppid())
refuse_bad_environment(settings.PHLARE_ENVIRONMENT)
application = get_wsgi_application()
