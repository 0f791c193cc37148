"""The project as Django sees it."""

from django.core.management import call_command


def test_the_system_checks_pass():
    call_command("check")
