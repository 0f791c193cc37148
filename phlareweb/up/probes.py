"""Whether a server that was started answers yet."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

#: Redis answers at once or not at all, and its probe holds up the supervisor.
REDIS_SECONDS = 1.0
#: A web server that is starting answers when it has loaded the kernels.
WEB_SECONDS = 30.0

#: Goes straight to the address: a proxy of the environment has no business with the machine itself.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def redis_answers(socket_path: Path) -> bool:
    """Whether a Redis answers PING on ``socket_path``. Spoken by hand: the client library would cost 10 MB."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(REDIS_SECONDS)
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def web_is_ready(url: str) -> bool:
    """Whether ``url`` answers 200."""
    try:
        with _opener.open(url, timeout=WEB_SECONDS) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


class Background:
    """Runs a slow probe on a thread of its own, one at a time, and gives its last answer meanwhile.

    An answer counts once: the next call after it asks anew, since the server may have been started again.
    """

    def __init__(self, probe: Callable[[], bool]) -> None:
        self._probe = probe
        self._thread: threading.Thread | None = None
        self._answer = False

    def __call__(self) -> bool:
        """Return whether the probe that has just ended succeeded; False while one runs."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._ask, name="probe", daemon=True)
            self._thread.start()
            return False
        if self._thread.is_alive():
            return False
        self._thread = None
        return self._answer

    def _ask(self) -> None:
        self._answer = self._probe()
