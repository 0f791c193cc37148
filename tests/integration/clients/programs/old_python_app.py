"""The same program profiled by pyroscope-io before 1.0, which sends to ``/ingest``.

``old_python_app.py <server> <service> <seconds>``
"""

from __future__ import annotations

import sys
import threading
import time

import pyroscope
from python_app import work_until


def main() -> None:
    server, service, seconds = sys.argv[1:]
    pyroscope.configure(
        application_name=service,
        server_address=server,
        sample_rate=100,
        tags={"region": "eu-west", "version": "1.2.3"},
    )
    worker = threading.Thread(target=work_until, args=(time.monotonic() + float(seconds),))
    worker.start()
    worker.join()
    pyroscope.shutdown()


if __name__ == "__main__":
    main()
