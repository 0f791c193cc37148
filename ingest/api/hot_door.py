"""The shortest way to the doors of agents: past what sessions, forms and pages need.

A push costs its view 50 µs, the middleware of the site would cost it 200 µs and the framework's own handling of
requests 100 µs more, on a path where every microsecond is paid a thousand times a second and nothing of that is used:
no session, no database connection to look after, no error page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest

from ingest.api.connect import pusher
from ingest.api.connect.door import unary
from ingest.api.ingest import view as ingest
from ingest.api.otlp import view as otlp

Application = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]


class HotDoor:
    """A WSGI application that answers pushes at once and passes everything else on to ``application``."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._views = {
            "/" + pusher.RPC.path: unary(pusher.RPC),
            "/" + otlp.PATH: otlp.view,
            **{f"/{path}": ingest.view for path in ingest.PATHS},
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer a request."""
        view = self._views.get(environ.get("PATH_INFO", ""))
        if view is None:
            return self._application(environ, start_response)
        response = view(WSGIRequest(environ))
        content = response.content
        # Otherwise the work of a middleware; without a length the connection could not be used again.
        response["Content-Length"] = str(len(content))
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [content]
