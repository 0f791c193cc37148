"""The admin's pages are there where addresses are resolved, sound, and loaded by no process that shows none."""

from __future__ import annotations

import subprocess
import sys

from django.contrib.admin.sites import site
from django.urls import reverse

from ingest.models import Tenant


def test_the_web_server_has_them_and_they_are_sound() -> None:
    assert reverse("admin:ingest_tenant_changelist") == "/admin/ingest/tenant/"
    assert site.is_registered(Tenant)
    assert site.check(None) == []


def test_a_process_that_resolves_no_address_does_not_load_them() -> None:
    code = "import sys, django; django.setup(); print({'ingest.models', 'ingest.admin'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "{'ingest.models'}\n"
