"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from ingest.ui import sign_in, views

urlpatterns = [
    path("", views.explore, name="explore"),
    path("inbox", views.inbox, name="inbox"),
    path("ring", views.ring, name="ring"),
    path("accounts/login/", sign_in.SignInView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(next_page="/"), name="logout"),
]
