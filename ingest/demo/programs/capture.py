"""Takes the pushes of an agent and writes each profile to a folder, with its labels beside it.

python capture.py 4141 <folder>      from the project's root, by its Python; ends with Ctrl-C
"""

from __future__ import annotations

import gzip
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

from ingest.api.proto import push_pb2

_numbers = count(1)


class Capture(BaseHTTPRequestHandler):
    """Answers every push with success."""

    folder: Path

    def do_POST(self) -> None:
        """Write the profiles of a push request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for series in push_pb2.PushRequest.FromString(body).series:
            labels = {label.name: label.value for label in series.labels}
            for sample in series.samples:
                stem = self.folder / f"{next(_numbers):03d}"
                stem.with_suffix(".pb.gz").write_bytes(sample.raw_profile)
                stem.with_suffix(".json").write_text(json.dumps(labels, indent=1, sort_keys=True) + "\n")
                print(stem.name, len(sample.raw_profile), labels, dict(self.headers), flush=True)
        self.send_response(200)
        self.send_header("Content-Type", self.headers["Content-Type"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: each profile has a line of its own."""


def main() -> None:
    """Serve until interrupted."""
    Capture.folder = Path(sys.argv[2])
    Capture.folder.mkdir(parents=True, exist_ok=True)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Capture).serve_forever()


if __name__ == "__main__":
    main()
