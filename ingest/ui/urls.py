"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path, reverse_lazy

from ingest.ui import sign_in, views

urlpatterns = [
    path("", views.explore, name="home"),
    path("explore", views.explore, name="explore"),
    path("diff", views.diff, name="diff-page"),
    path("upload", views.upload, name="upload-page"),
    path("inbox", views.inbox, name="inbox"),
    path("ring", views.ring, name="ring"),
    path("start", views.start, name="start"),
    path("status", views.status, name="status"),
    path("limits", views.limits, name="limits-page"),
    path("accounts/login/", sign_in.SignInView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(next_page=reverse_lazy("explore")), name="logout"),
]
