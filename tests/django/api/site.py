"""The addresses under test."""

from django.urls import include, path

urlpatterns = [path("", include("ingest.api.urls")), path("", include("ingest.ui.urls"))]
