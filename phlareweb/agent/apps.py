"""The application that profiles a Django project: ``"phlareweb.agent"`` in INSTALLED_APPS, PHLARE_AGENT_URL set."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

MIDDLEWARE = "phlareweb.agent.middleware.AgentMiddleware"


class PhlareAgentConfig(AppConfig):
    """Does nothing unless PHLARE_AGENT_URL is set, so it may stay installed everywhere."""

    name = "phlareweb.agent"
    label = "phlareweb_agent"

    def ready(self) -> None:
        """Make the sampler, label requests and tasks."""
        from phlareweb.agent import process
        from phlareweb.agent.config import Start

        application = os.environ.get("DJANGO_SETTINGS_MODULE", "django").partition(".")[0]
        config, problems = process.configuration(application)
        is_missing = bool(config.url) and find_spec("pyroscope") is None

        @register
        def agent_is_configured(**_kwargs: Any) -> list[CheckMessage]:
            # The database's own settings report what is wrong with all its variables.
            shown = [] if hasattr(settings, "PHLARE_ENVIRONMENT") else problems
            found: list[CheckMessage] = [Error(one.message, hint=one.hint or None, id=str(one.id)) for one in shown]
            if is_missing:
                found.append(
                    Error("PHLARE_AGENT_URL needs pyroscope-io.", hint="pip install pyroscope-io", id="phlare.E020")
                )
            return found

        if not config.url or is_missing:
            return
        sampler = process.install(config)
        if MIDDLEWARE not in settings.MIDDLEWARE:
            settings.MIDDLEWARE = [MIDDLEWARE, *settings.MIDDLEWARE]
        if find_spec("celery") is not None:
            from phlareweb.agent import celery_tasks  # noqa: F401  connects its signals
        if config.start is Start.AT_ONCE:
            sampler.ensure_started()
