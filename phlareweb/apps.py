"""The project as a Django application: it brings the system checks of the settings and the ``up`` command."""

from django.apps import AppConfig


class PhlarewebConfig(AppConfig):
    """Registers the checks of the settings."""

    name = "phlareweb"

    def ready(self) -> None:
        import phlareweb.checks  # noqa: F401  registers on import, which needs the apps to be loaded
