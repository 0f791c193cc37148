"""The database as a Django application."""

from django.apps import AppConfig


class IngestAppConfig(AppConfig):
    """Registers the database's models, commands and checks."""

    name = "ingest"
    verbose_name = "database"
    default_auto_field = "django.db.models.BigAutoField"
