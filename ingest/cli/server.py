"""Talking to a server: one request, one answer, and errors in a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import click
import urllib3

#: Longest wait for an answer: a query may take half a minute.
TIMEOUT_SECONDS = 60.0
CONNECT_SECONDS = 5.0

Parameters = Iterable[tuple[str, str]]


class Refusal(click.ClickException):
    """The server refused: exit code 1."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}" if reason else message)
        self.status = status
        self.reason = reason
        self.told = message  #: without the reason


class Unreachable(click.ClickException):
    """Nobody answered: exit code 3."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """Return the body read as a JSON object; an empty one when it is something else."""
        try:
            read = json.loads(self.body)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def refusal(self) -> Refusal:
        """The refusal that the body tells of."""
        document = self.document()
        plain = self.body[:300].decode("utf-8", "replace").strip() or f"HTTP status {self.status}"
        return Refusal(self.status, str(document.get("reason", "")), str(document.get("message", "")) or plain)


class Server:
    """One server, as one user and tenant."""

    def __init__(self, url: str, token: str = "", tenant: str = "", timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Raises click.BadParameter for an address that is none."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise click.BadParameter(f"{url!r} is not an address; write http://host:4040.", param_hint="--url")
        self.url = url.rstrip("/")
        self._headers = {
            "User-Agent": "phlare",
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **({"X-Scope-OrgID": tenant} if tenant else {}),
        }
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=timeout_seconds)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)

    def request(
        self,
        method: str,
        path: str,
        parameters: Parameters = (),
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request, whatever its status. Raises :class:`Unreachable` when nobody answers."""
        address = f"{self.url}{path}"
        query = urlencode(list(parameters))
        try:
            response = self._pool.request(
                method,
                f"{address}?{query}" if query else address,
                body=body,
                headers={**self._headers, **(headers or {})},
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(
                f"No server answers at {self.url} ({_why(error)}). Start one with `make up`, or say which with --url."
            ) from error
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, lowered, response.data)

    def get(self, path: str, parameters: Parameters = ()) -> dict[str, Any]:
        """Return the JSON object at ``path``. Raises :class:`Refusal` for every status but 200."""
        answer = self.request("GET", path, parameters)
        if answer.status != 200:
            raise answer.refusal
        return answer.document()

    def get_bytes(self, path: str, parameters: Parameters = ()) -> Answer:
        """Return what is at ``path``. Raises :class:`Refusal` for every status but 200."""
        answer = self.request("GET", path, parameters)
        if answer.status != 200:
            raise answer.refusal
        return answer


def _why(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return str(getattr(cause, "strerror", None) or cause or type(error).__name__)
