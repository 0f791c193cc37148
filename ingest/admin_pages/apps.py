"""The admin as a Django application."""

from django.contrib.admin.apps import AdminConfig


class OperatorsAdminConfig(AdminConfig):
    """Django's admin with a site of our own."""

    default_site = "ingest.admin_pages.site.OperatorsSite"
