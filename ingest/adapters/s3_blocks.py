"""S3 as django-storages speaks it, with bounds on how long it waits."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage

#: Seconds until a server counts as away. Botocore's own 60 s and five attempts would hold an ingester's uploads and a
#: query's blocks for five minutes by one server that hangs.
CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 20
#: Attempts at one request. Who needs more patience has a retry of its own: uploads are tried again for ever.
ATTEMPTS = 2


class S3Blocks(S3Storage):
    """The storage of blocks when ``PHLARE_S3_BUCKET`` is set."""

    client_config: Config

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.client_config = self.client_config.merge(
            Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            )
        )
