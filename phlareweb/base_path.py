"""Serving below a path of a host that has other things as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]


class BasePath:
    """A WSGI application that takes the path off the front of an address before ``application`` sees it.

    Proxies differ in whether they take it off themselves; an address that comes without it is left as it is, so both
    kinds work with the same setting, and so do agents that push to this server directly. Below ``/pyroscope`` or
    ``/api`` an address without the path may look like one with it: where only the whole is one of the site, it stays.
    """

    def __init__(self, application: Application, path: str, is_address: Callable[[str], bool]) -> None:
        """``is_address`` says whether something answers at a path of the site."""
        self._application = application
        self._path = path
        self._is_address = is_address

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Pass a request on."""
        asked = environ.get("PATH_INFO", "")
        if asked == self._path or asked.startswith(f"{self._path}/"):
            rest = asked[len(self._path) :] or "/"
            if self._is_address(rest) or not self._is_address(asked):
                environ["PATH_INFO"] = rest
        return self._application(environ, start_response)
