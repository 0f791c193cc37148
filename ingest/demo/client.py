"""Pushing one profile over HTTP as an agent does: patient with a server that says so, otherwise honest at once."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from ingest.demo.schedule import Push

#: Tries of one push in all, the first included.
MAX_ATTEMPTS = 8
#: Longest wait between two tries, whatever the server asks for.
MAX_WAIT_SECONDS = 10.0
#: First wait when the server could not be reached; doubles from try to try.
FIRST_WAIT_SECONDS = 0.25
TIMEOUT_SECONDS = 30.0
_RETRYABLE = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one push."""

    stored: bool
    refusals: tuple[str, ...] = ()  #: reasons, also of the part that was refused when the rest was stored
    message: str = ""
    attempts: int = 1


class PushClient:
    """Pushes through ``POST /api/v1/profiles``, from any number of threads, each with a connection of its own."""

    def __init__(self, url: str, tenant: str, wait: Callable[[float], bool], token: str = "") -> None:
        """``wait(seconds)`` waits and returns True when the work is to be given up; ``token`` may push."""
        self._address = parse_url(url)
        self._headers = {
            "Content-Type": "application/octet-stream",
            **({"X-Scope-OrgID": tenant} if tenant else {}),
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        self._wait = wait
        self._local = threading.local()
        self._opened: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        """Close all connections; nobody may be pushing."""
        for connection in self._opened:
            connection.close()

    def push(self, push: Push) -> Verdict:
        """Push until the server decided. Trying again is safe: the same profile is never stored twice."""
        body = push.recording.restamped(push.time_ns)
        path = f"{self._address.path}/api/v1/profiles?{urlencode(push.labels)}"
        verdict = Verdict(stored=False)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            verdict, wait_seconds = self._attempt(path, body, attempt)
            if wait_seconds is None or attempt == MAX_ATTEMPTS or self._wait(wait_seconds):
                break
        return verdict

    def is_ready(self) -> tuple[bool, str]:
        """Return whether the server takes pushes, and otherwise why not."""
        try:
            status, _, body = self._request("GET", f"{self._address.path}/ready", None)
        except (OSError, http.client.HTTPException) as error:
            return False, str(error) or type(error).__name__
        return status == 200, body.decode("utf-8", "replace").strip()

    def _attempt(self, path: str, body: bytes, attempt: int) -> tuple[Verdict, float | None]:
        """Return the verdict so far and the seconds to wait before another try, None when there is to be none."""
        try:
            status, retry_after, answer = self._request("POST", path, body)
        except (OSError, http.client.HTTPException) as error:
            wait_seconds = min(FIRST_WAIT_SECONDS * 2 ** (attempt - 1), MAX_WAIT_SECONDS)
            return Verdict(False, ("unreachable",), str(error) or type(error).__name__, attempt), wait_seconds
        if status == 200:
            return _accepted(answer, attempt), None
        reason, message = _refused(status, answer)
        verdict = Verdict(False, (reason,), message, attempt)
        return verdict, (_wait_seconds(retry_after) if status in _RETRYABLE else None)

    def _request(self, method: str, path: str, body: bytes | None) -> tuple[int, str, bytes]:
        """Make one request; a connection that the server closed meanwhile is opened again by the next try."""
        connection = self._connection()
        try:
            connection.request(method, path, body=body, headers=self._headers)
            response = connection.getresponse()
            return response.status, response.headers.get("Retry-After", ""), response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._local, "connection"):
            secure = self._address.scheme == "https"
            make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            self._local.connection = make(self._address.netloc, timeout=TIMEOUT_SECONDS)
            self._opened.append(self._local.connection)
        connection: http.client.HTTPConnection = self._local.connection
        return connection


def parse_url(url: str) -> SplitResult:
    """Return the parts of the address of a server; raises ValueError when it is not one."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is not an address like http://127.0.0.1:4040")
    return parts._replace(path=parts.path.rstrip("/"))


def _accepted(answer: bytes, attempt: int) -> Verdict:
    document = _document(answer)
    refusals = tuple(str(one.get("reason", "unknown")) for one in document.get("rejected", []))
    return Verdict(bool(document.get("stored")) or bool(document.get("empty")), refusals, attempts=attempt)


def _refused(status: int, answer: bytes) -> tuple[str, str]:
    document = _document(answer)
    return str(document.get("reason") or f"http_{status}"), str(document.get("message", ""))


def _document(answer: bytes) -> dict[str, Any]:
    try:
        document = json.loads(answer)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _wait_seconds(retry_after: str) -> float:
    """Return the seconds of a ``Retry-After`` header; its other form, a date, counts as not given."""
    return min(float(retry_after), MAX_WAIT_SECONDS) if retry_after.isdecimal() else 1.0
