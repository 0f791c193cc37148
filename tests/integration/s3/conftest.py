"""One S3 server for each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.s3.server import S3Server


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A running server with an empty bucket."""
    server = S3Server(tmp_path_factory.mktemp("s3") / "s3.log")
    server.start()
    yield server
    server.stop()
