"""Serving below a path of a host that has other things as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]


class BasePath:
    """A WSGI application that takes the path off the front of an address before ``application`` sees it.

    Proxies differ in whether they take it off themselves; an address that comes without it is left as it is, so both
    kinds work with the same setting, and so do agents that push to this server directly.
    """

    def __init__(self, application: Application, path: str) -> None:
        self._application = application
        self._path = path

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Pass a request on."""
        asked = environ.get("PATH_INFO", "")
        if asked == self._path or asked.startswith(f"{self._path}/"):
            environ["PATH_INFO"] = asked[len(self._path) :] or "/"
        return self._application(environ, start_response)
