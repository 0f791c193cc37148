"""Where each part of the site hangs. The API comes first: its addresses are asked for most, and matched in order."""

from django.contrib import admin
from django.urls import include, path

admin.autodiscover()

urlpatterns = [
    path("", include("ingest.api.urls")),
    path("admin/", admin.site.urls),
    path("", include("ingest.ui.urls")),
]
