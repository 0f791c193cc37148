"""URLs of the services we use, turned into what the libraries want."""

from __future__ import annotations

import re
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from phlareweb.env import Problem, ProblemId

#: How long a connection waits for a lock of the SQLite file. Writers hold it for milliseconds.
SQLITE_BUSY_TIMEOUT_SECONDS = 20
#: How long a connection to PostgreSQL is kept for the next request of its thread.
POSTGRESQL_KEEP_SECONDS = 600

#: Seconds of silence after which the kernel ends a connection: a host that lost its power or its network does not say
#: so, and by default it would be waited for from a quarter of an hour (data on its way) to two hours (none).
SILENCE_SECONDS = 20
#: Silence before the kernel asks whether the other end is there, and between its questions.
_PROBE_SECONDS = 5
#: How long a connection to PostgreSQL may take to be made.
_POSTGRESQL_CONNECT_SECONDS = 5

_POSTGRESQL_SCHEMES = ("postgres", "postgresql")
_REDIS_SCHEMES = ("redis", "rediss", "unix")
#: What needs no escaping, wherever it is written.
_BASE_PATH = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._~-]*)+", re.ASCII)


def database(url: str, default_file: Path, variable: str) -> dict[str, Any] | Problem:
    """Return Django's description of the database at ``url``; SQLite in ``default_file`` when it is empty.

    Understood are ``postgresql://user:password@host:port/name?sslmode=...`` and ``sqlite:///absolute/path``.
    """
    if not url:
        return _sqlite(default_file)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return Problem(ProblemId.NOT_A_URL, variable, f"{variable}: {error}.")
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme == "sqlite" and name and not parts.netloc:
        return _sqlite(Path("/") / name)
    if parts.scheme not in _POSTGRESQL_SCHEMES or not name:
        hint = "Write postgresql://user:password@host:5432/name or sqlite:///absolute/path."
        return Problem(ProblemId.NOT_A_URL, variable, f"{variable} is not the URL of a database.", hint)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "CONN_MAX_AGE": POSTGRESQL_KEEP_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**_postgresql_bounds(), **dict(parse_qsl(parts.query))},
    }


def _postgresql_bounds() -> dict[str, str]:
    """How long libpq waits for a server that is silent; the URL may say otherwise."""
    return {
        "connect_timeout": str(_POSTGRESQL_CONNECT_SECONDS),
        "keepalives_idle": str(_PROBE_SECONDS),
        "keepalives_interval": str(_PROBE_SECONDS),
        "keepalives_count": str(SILENCE_SECONDS // _PROBE_SECONDS - 1),
        "tcp_user_timeout": str(SILENCE_SECONDS * 1000),
    }


def _sqlite(file: Path) -> dict[str, Any]:
    """Readers and one writer do not block each other (WAL); a commit is on the disk before it is answered (FULL),
    because an ingester drops its log once the catalogue knows the block; IMMEDIATE takes the write lock at the start of
    a transaction, where waiting for it works, instead of in the middle, where SQLite refuses at once."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": SQLITE_BUSY_TIMEOUT_SECONDS,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
        },
    }


def redis(url: str, variable: str) -> Problem | None:
    """Return what is wrong with a Redis URL, if anything."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return Problem(ProblemId.NOT_A_URL, variable, f"{variable}: {error}.")
    located = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in _REDIS_SCHEMES or not located:
        hint = "Write redis://host:6379/0, rediss://user:password@host:6380/0 or unix:///path/redis.sock?db=0."
        return Problem(ProblemId.NOT_A_URL, variable, f"{variable} is not the URL of a Redis.", hint)
    return None


def redis_socket_options(redis_url: str) -> dict[str, Any]:
    """Return what makes a client of Redis notice within :data:`SILENCE_SECONDS` that the other end is gone.

    A blocking read has nothing on its way, so only the kernel's probes find out; what is on its way is bounded by
    ``TCP_USER_TIMEOUT``. Empty for a socket file, whose other end is on the same machine.
    """
    if urlsplit(redis_url).scheme == "unix":
        return {}
    wanted = {
        "TCP_KEEPIDLE": _PROBE_SECONDS,
        "TCP_KEEPINTVL": _PROBE_SECONDS,
        "TCP_KEEPCNT": SILENCE_SECONDS // _PROBE_SECONDS - 1,
        "TCP_USER_TIMEOUT": SILENCE_SECONDS * 1000,  # milliseconds
    }
    options = {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}
    return {"socket_keepalive": True, "socket_keepalive_options": options}


def broker(redis_url: str) -> tuple[str, dict[str, Any] | None]:
    """Return the same Redis as Celery writes it, and its TLS options.

    Celery calls the scheme of a socket ``redis+socket`` and its database ``virtual_host``.
    """
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        options = urlencode({"virtual_host": dict(parse_qsl(parts.query)).get("db", "0")})
        password = f":{parts.password}@" if parts.password else ""
        return f"redis+socket://{password}{parts.path}?{options}", None
    if parts.scheme == "rediss":
        return redis_url, {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    return redis_url, None


def base_path(path: str, variable: str) -> Problem | None:
    """Return what is wrong with the path that the site is below; None for an empty one as well."""
    if not path or _BASE_PATH.fullmatch(path):
        return None
    hint = "Write /profiles, with a slash at its front, or leave it empty."
    return Problem(ProblemId.NOT_A_URL, variable, f"{variable}: {path!r} is not a path of plain names.", hint)
