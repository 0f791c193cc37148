"""The data directory: its layout, and the two things a process needs from it before Django starts.

| path | holds |
| --- | --- |
| ``secret_key`` | key that signs sessions, made at the first start, mode 0600 |
| ``admin_token`` | token of the administration, made at the first start, mode 0600 |
| ``phlareweb.sqlite3`` | catalogue, tenants and keys, unless a database URL is set |
| ``bucket/`` | uploaded blocks, unless an S3 bucket is set |
| ``redis/`` | socket and working directory of the embedded Redis |
| ``ring/`` | tokens of the ingesters of this machine |
| ``metrics/`` | Prometheus files of the running processes, wiped by each ``up`` |
| ``static/`` | copies of the static files, named by their content and compressed |
| ``run/`` | lock of ``up`` and files it writes for its processes |

Each ingester keeps its log, heads and blocks in a folder of its own beside these.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

#: A Unix socket's path has to fit 108 bytes with its final zero on Linux, 104 on macOS.
MAX_SOCKET_PATH_BYTES = 100
SECRET_KEY_BYTES = 48


@dataclass(frozen=True, slots=True)
class DataDirUnusable:
    """Why the data directory cannot be used."""

    message: str


def secret_key(data_dir: Path) -> str | DataDirUnusable:
    """Return the key kept in ``data_dir``, making directory and key when they are missing."""
    return _kept_secret(data_dir / "secret_key")


def admin_token_path(data_dir: Path) -> Path:
    """Return the file with the token of the administration."""
    return data_dir / "admin_token"


def admin_token(data_dir: Path) -> str | DataDirUnusable:
    """Return the token of the administration kept in ``data_dir``, making directory and token when missing."""
    return _kept_secret(admin_token_path(data_dir))


def _kept_secret(path: Path) -> str | DataDirUnusable:
    """Return the secret in a file, making it when it is missing.

    Processes that start at once agree on one: each writes its own file, and only the first link succeeds.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(SECRET_KEY_BYTES))
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        return DataDirUnusable(f"The data directory {str(path.parent)!r} cannot be used: {error}.")
    return secret or DataDirUnusable(f"{str(path)!r} is empty; remove it, and the next start makes a new one.")


def _write_once(path: Path, content: str) -> None:
    """Make ``path`` appear with its whole content, unless it is there already."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(content + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        os.unlink(draft)


def redis_socket(data_dir: Path) -> Path:
    """Return where the embedded Redis of ``data_dir`` listens: inside it, or in the temporary directory when the path
    would be too long for a socket. Any command that is given the same data directory finds the same server."""
    socket = data_dir / "redis" / "redis.sock"
    if len(os.fsencode(socket)) <= MAX_SOCKET_PATH_BYTES:
        return socket
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"phlareweb-{os.getuid()}-{name}" / "redis.sock"


def kernels_stamp(data_dir: Path) -> Path:
    """Return the file that tells whether the kernels are compiled."""
    return data_dir / "run" / "kernels.json"
