"""Whether a server that was started answers yet."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from pathlib import Path

#: A probe holds up the supervisor, so it must be short; it is repeated until the server answers.
PROBE_SECONDS = 1.0

#: Goes straight to the address: a proxy of the environment has no business with the machine itself.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def redis_answers(socket_path: Path) -> bool:
    """Whether a Redis answers PING on ``socket_path``. Spoken by hand: the client library would cost 10 MB."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PROBE_SECONDS)
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def web_is_ready(url: str) -> bool:
    """Whether ``url`` answers 200."""
    try:
        with _opener.open(url, timeout=PROBE_SECONDS) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False
