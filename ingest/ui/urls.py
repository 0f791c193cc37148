"""Addresses of the pages."""

from __future__ import annotations

from django.urls import path

from ingest.ui import views

urlpatterns = [
    path("", views.explore, name="explore"),
    path("ring", views.ring, name="ring"),
]
