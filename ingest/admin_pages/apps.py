"""The admin as a Django application."""

from django.contrib.admin.apps import SimpleAdminConfig


class OperatorsAdminConfig(SimpleAdminConfig):
    """Django's admin with a site of our own.

    Its pages are found when the site's addresses are, and not by every process: only the web server shows them, and
    they bring 15 MiB of modules with them.
    """

    default_site = "ingest.admin_pages.site.OperatorsSite"
