"""The WSGI application that the web server imports in each of its workers."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import is_valid_path
from django.utils.module_loading import import_string

from phlareweb.base_path import BasePath
from phlareweb.checks import refuse_bad_environment, warn_of_open_ports
from phlareweb.up.launch import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phlareweb.settings")

if settings.ROLE == "web":
    # The web server starts its workers itself; without this they would outlive it when it is killed.
    die_with_parent(os.getppid())
refuse_bad_environment(settings.PHLARE_ENVIRONMENT)
_site = get_wsgi_application()
# By name, because what it imports needs the applications that the line above sets up.
application = import_string("ingest.api.hot_door.HotDoor")(_site)
if settings.BASE_PATH:
    application = BasePath(application, settings.BASE_PATH, lambda path: bool(is_valid_path(path)))
if settings.ROLE == "web":
    warn_of_open_ports()
    if settings.GRPC_PORT:
        # Only then, because the library alone takes 19 MB.
        import_string("ingest.api.grpc.process.serve")()
