"""Redis is killed under load and returns: empty, or with what it had written to its own disk."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from phlareweb.up.redis_server import find_server
from tests.integration.chaos.harm import QUICK, lasting, suffer
from tests.integration.cluster.cluster import Cluster, free_port, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3600)]


class OwnRedis:
    """A server beside the cluster, which can be killed and started again with or without its data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        program = find_server()
        assert program is not None
        options = ("--port", str(self._port), "--dir", str(self._folder), "--save", "", "--appendonly", "yes")
        self._process = subprocess.Popen([str(program), *options], stdout=subprocess.DEVNULL)
        wait_for(self._answers, 30, "Redis answers")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def lose_everything(self) -> None:
        for path in sorted(self._folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    made = OwnRedis(tmp_path_factory.mktemp("redis") / "data")
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, server: OwnRedis) -> Iterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    made = Cluster(folder / "data", environment={**QUICK, "PHLARE_REDIS_URL": server.url})
    made.start()
    yield made
    made.kill_everything()


def test_redis_comes_back_with_its_data(cluster: Cluster, server: OwnRedis) -> None:
    suffer(cluster, "Redis restarts with its data", server.kill, server.start, lasting(3, 60), ingesters=3)


def test_redis_comes_back_empty(cluster: Cluster, server: OwnRedis) -> None:
    def return_empty() -> None:
        server.lose_everything()
        server.start()

    suffer(cluster, "Redis restarts without its data", server.kill, return_empty, lasting(3, 60), ingesters=3)
