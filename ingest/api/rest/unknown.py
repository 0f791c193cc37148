"""The answer to an address under the API that does not exist: JSON as well, since a program asked."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from ingest.api.rest.view import ApiView


class UnknownView(ApiView):
    """No such address."""

    schema: Any = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> HttpResponse:
        """Refuse whatever the method."""
        raise NotFound
