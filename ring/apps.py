"""The ring as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class RingAppConfig(AppConfig):
    """Registers the system checks; the ring has no models, its state lives in Redis."""

    name = "ring"
    verbose_name = "Ring"

    def ready(self) -> None:
        """Register the checks."""
        import ring.checks  # noqa: F401  (registration is the point)
