"""An S3 server for tests, behind a gate that can be shut: closed, the address refuses connections as a server does that
is away, while what is stored stays stored.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import boto3

from tests.integration.cluster.cluster import free_port, wait_for

BUCKET = "profiles"
KEY_ID, SECRET = "test-key", "test-secret"
_COPY_BYTES = 1 << 16


class Gate:
    """A TCP address that leads to another one while it is open."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()

    def open(self) -> None:
        """Accept connections."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        """Refuse connections and cut those that are open."""
        if self._listener is None:
            return
        _cut(self._listener)
        self._listener = None
        with self._lock:
            for connection in self._connections:
                _cut(connection)
            self._connections.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target_port))
            with self._lock:
                self._connections |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_COPY_BYTES):
                sink.sendall(data)
        with self._lock:
            self._connections -= {source, sink}
        _cut(source)
        _cut(sink)


class S3Server:
    """A server with one empty bucket."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.gate = Gate(self._port)

    @property
    def endpoint(self) -> str:
        """The address of the gate."""
        return f"http://127.0.0.1:{self.gate.port}"

    def start(self) -> None:
        """Start, wait until it answers, make the bucket and open the gate."""
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self._port)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self._answers, 60, "the S3 server answers")
        self.gate.open()
        self.client().create_bucket(Bucket=BUCKET)

    def stop(self) -> None:
        """End it; everything in it is gone."""
        self.gate.shut()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def options(self, prefix: str = "") -> dict[str, str]:
        """Return the options of a django-storages backend for it."""
        return {
            "bucket_name": BUCKET,
            "endpoint_url": self.endpoint,
            "region_name": "us-east-1",
            "access_key": KEY_ID,
            "secret_key": SECRET,
            "addressing_style": "path",
            "location": prefix,
        }

    def environment(self, prefix: str = "") -> dict[str, str]:
        """Return the variables that make a cluster use it."""
        return {
            "PHLARE_S3_BUCKET": BUCKET,
            "PHLARE_S3_PREFIX": prefix,
            "PHLARE_S3_ENDPOINT_URL": self.endpoint,
            "PHLARE_S3_REGION": "us-east-1",
            "PHLARE_S3_ACCESS_KEY_ID": KEY_ID,
            "PHLARE_S3_SECRET_ACCESS_KEY": SECRET,
            "PHLARE_S3_ADDRESSING_STYLE": "path",
        }

    def client(self) -> boto3.client:
        """Return a client of Amazon's library, which knows nothing of ours."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )

    def stored(self) -> list[str]:
        """Return the keys of all objects, ascending."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self._port}/", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
