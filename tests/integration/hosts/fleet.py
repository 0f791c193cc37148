"""A cluster on hosts of its own: one for Redis, one for PostgreSQL and the bucket, one for web, worker and beat, and
one for each of three ingesters in three zones. A seventh is where clients push from.

Processes are started by the commands of ``deploy/systemd`` and share nothing but the network: each host sees its own
disk below ``/mnt`` and nobody else's, and everything but that disk and the cache of compiled kernels is read-only, as
the unit files have it.
"""

from __future__ import annotations

import contextlib
import glob
import http.client
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import boto3
import redis

from ingest.adapters.keys import ingester_status_key, read_queue, write_queue
from ingest.adapters.ring_view import STATUS_KEEP_SECONDS
from ingest.adapters.status_publisher import PERIOD_SECONDS
from ingest.profiles.quantities import parse_duration
from phlareweb.up.redis_server import find_server
from ring.core.states import InstanceState
from ring.redis_store import RedisRingStore
from tests.integration.cluster.cluster import ROOT, clean_environment, wait_for
from tests.integration.hosts import network
from tests.integration.hosts.network import Network
from tests.integration.hosts.units import environment_file, read_unit
from tests.integration.s3.server import BUCKET, KEY_ID, SECRET

INGESTERS = ("ingester-0", "ingester-1", "ingester-2")
ZONES = dict(zip(INGESTERS, ("zone-a", "zone-b", "zone-c"), strict=True))
HOSTS = ("redis", "data", "web", *INGESTERS, "clients")
#: Each host's own disk, as its processes see it.
_DISK = "/mnt"
_KERNELS = ROOT / "ingest" / "profiles" / "__pycache__" / "kernels"
_REDIS_PORT, _POSTGRESQL_PORT, _S3_PORT, _WEB_PORT = 6379, 5432, 9000, 4040
START_SECONDS = 240.0

#: The mounts of one host: its own disk and the kernels can be written, other disks are out of sight. $1 its disk,
#: $2 the folder of all disks, $3 the kernels.
_MOUNTS = f"""
set -e
mount --bind "$1" {_DISK}
mount -t tmpfs none "$2"
mount --bind "$3" "$3"
mount -o remount,bind,ro /
shift 3
exec "$@"
"""


def why_impossible() -> str | None:
    """Return what this machine lacks, in a sentence; None when it has all."""
    if _postgresql_programs() is None:
        return "hosts need PostgreSQL (Debian: postgresql)"
    if shutil.which("setpriv") is None or shutil.which("mount") is None:
        return "hosts need setpriv and mount (Debian: util-linux, mount)"
    return network.why_impossible()


@dataclass
class Fleet:
    """The hosts and what runs on them."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    network: Network = field(default_factory=lambda: Network(HOSTS))
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    # -------------------------------------------------------------------------------------------- as a whole

    def start(self) -> None:
        """Build the network and start everything; returns when pushes are taken by all ingesters."""
        for host in HOSTS:
            for name in ("tmp", "metrics"):
                (self._disk(host) / name).mkdir(parents=True)
        subprocess.run([sys.executable, "manage.py", "compile_kernels"], cwd=ROOT, check=True, capture_output=True,
                       env={**clean_environment(), "PHLARE_DATA_DIR": str(self.folder / "kernels")})  # fmt: skip
        self.network.build()
        self.start_redis()
        self._start_data()
        self._run_to_end("web", "phlareweb-migrate.service")
        for ingester in INGESTERS:
            self.start_ingester(ingester)
        self.start_web()
        self.start_process("worker", "web", "phlareweb-worker.service")
        self.start_process("beat", "web", "phlareweb-beat.service")
        self.wait_until_ready()
        self.wait_until_whole()

    def destroy(self) -> None:
        """End everything and remove the hosts."""
        self.network.destroy()
        for process in self._processes.values():
            process.wait(30)

    def wait_until_ready(self) -> None:
        """Wait until the web server says that it takes pushes; fails at once when a process has ended."""
        wait_for(self._takes_pushes, START_SECONDS, f"/ready is 200 (see {self.folder})")

    def wait_until_whole(self, timeout_seconds: float = START_SECONDS) -> None:
        """Wait until every ingester serves, has a fresh heartbeat and has taken all messages that waited for it."""
        wait_for(lambda: all(map(self.is_caught_up, INGESTERS)), timeout_seconds, "every ingester has caught up")

    # ------------------------------------------------------------------------------------------- single processes

    def start_redis(self) -> None:
        """Start a Redis that holds nothing."""
        program = find_server()
        assert program is not None
        options = ["--bind", "0.0.0.0", "--port", str(_REDIS_PORT), "--protected-mode", "no", "--save", "",
                   "--appendonly", "no", "--maxmemory", "268435456", "--maxmemory-policy", "noeviction",
                   "--dir", _DISK, "--loglevel", "warning"]  # fmt: skip
        self._start("redis", "redis", [str(program), *options], {})
        wait_for(self._redis_answers, 30, "Redis answers")

    def start_ingester(self, ingester: str, environment: Mapping[str, str] | None = None) -> None:
        """Start an ingester on its host."""
        self.start_process(ingester, ingester, "phlareweb-ingester@.service", environment)

    def start_web(self, environment: Mapping[str, str] | None = None) -> None:
        """Start the web server on its host."""
        self.start_process("web", "web", "phlareweb-web.service", environment)

    def start_process(self, name: str, host: str, unit_name: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a unit's process on a host."""
        unit = read_unit(unit_name, instance=name, host=host)
        self._start(name, host, unit.command, {**self._environment(host), **unit.environment, **self._moved(),
                                               **(environment or {})})  # fmt: skip

    def stop(self, name: str, timeout_seconds: float = 120.0) -> int:
        """Stop a process as a service manager does, and wait; returns its exit code."""
        process = self._processes[name]
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout_seconds)

    def power_off(self, host: str) -> None:
        """Cut a host's power: off the network first, so that nobody hears of the end of its processes."""
        self.network.unplug(host)
        self.network.kill_all(host)
        for process in self._processes.values():
            process.poll()

    def power_on(self, host: str) -> None:
        """Put a host back on the network; nothing runs on it yet."""
        self.network.plug(host)

    # ----------------------------------------------------------------------------------------------- what it says

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 40.0,
    ) -> tuple[int, bytes, dict[str, str]]:
        """Make one HTTP request from the clients' host; raises OSError or HTTPException without an answer."""
        connection = http.client.HTTPConnection(self.network.address("web"), _WEB_PORT, timeout=timeout_seconds)
        try:
            with self.network.seen_from("clients"):
                connection.connect()
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())
        finally:
            connection.close()

    def is_caught_up(self, ingester: str) -> bool:
        """Whether an ingester is ACTIVE and has just been heard of, and no message waits for it. Asks Redis itself."""
        fresh_ms = 2000 * float(parse_duration(self.settings["PHLARE_RING_HEARTBEAT_PERIOD_SECONDS"]) or 0)
        try:
            with self.redis() as client:
                view = RedisRingStore(client, "ingesters").load().view
                waiting = client.llen(write_queue(ingester)) + client.llen(read_queue(ingester))
                status = json.loads(client.get(ingester_status_key(ingester)) or "{}")
                silent_ms = STATUS_KEEP_SECONDS * 1000 - client.pttl(ingester_status_key(ingester))
        except (OSError, redis.RedisError):
            return False
        entry = view.ring.get(ingester)
        if entry is None or entry.state is not InstanceState.ACTIVE or waiting or status.get("phase") != "serving":
            return False
        return max(view.ring_ms - entry.heartbeat_ms, silent_ms - PERIOD_SECONDS * 1000) <= fresh_ms

    def queue_length(self, ingester: str) -> int:
        """Return how many messages wait for an ingester."""
        with self.redis() as client:
            return int(client.llen(write_queue(ingester)))

    @contextmanager
    def redis(self) -> Iterator[redis.Redis]:
        """Lend a client of Redis whose connection comes from the clients' host."""
        client = redis.Redis(
            self.network.address("redis"), _REDIS_PORT, socket_timeout=5, single_connection_client=False
        )
        with self.network.seen_from("clients"):
            client.ping()
        try:
            yield client
        finally:
            client.close()

    def log(self, name: str) -> str:
        """Return what a process said."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def clock_offset_seconds(self, name: str) -> float:
        """Return by how much a process's clock is ahead: the time in its last line against the time of its writing."""
        path = self.folder / f"{name}.log"
        stamps = [json.loads(line)["time"] for line in self.log(name).splitlines() if line.startswith('{"event')]
        return datetime.fromisoformat(stamps[-1]).timestamp() - path.stat().st_mtime

    # ----------------------------------------------------------------------------------------------------- inside

    def _disk(self, host: str) -> Path:
        return self.folder / "disks" / host

    def _environment(self, host: str) -> dict[str, str]:
        """The variables of the environment files, with the addresses of these hosts and the test's own wishes."""
        data, redis_host = self.network.address("data"), self.network.address("redis")
        return {
            **environment_file("phlareweb.env"),
            **environment_file("secrets.env"),
            "PHLARE_REDIS_URL": f"redis://{redis_host}:{_REDIS_PORT}/0",
            "PHLARE_DATABASE_URL": f"postgresql://phlare:change-me@{data}:{_POSTGRESQL_PORT}/phlare",
            "PHLARE_S3_BUCKET": BUCKET,
            "PHLARE_S3_ENDPOINT_URL": f"http://{data}:{_S3_PORT}",
            "PHLARE_S3_ACCESS_KEY_ID": KEY_ID,
            "PHLARE_S3_SECRET_ACCESS_KEY": SECRET,
            **({"PHLARE_ZONE": ZONES[host]} if host in ZONES else {}),
            **self.settings,
        }

    def _moved(self) -> dict[str, str]:
        """Where the places of the unit files lie on a test's host. The kernels' cache is the machine's."""
        return {
            "PHLARE_DATA_DIR": f"{_DISK}/data",
            "PROMETHEUS_MULTIPROC_DIR": f"{_DISK}/metrics",
            "NUMBA_CACHE_DIR": "",
        }

    def _start(
        self, name: str, host: str, command: Sequence[str], environment: Mapping[str, str], user: str = ""
    ) -> None:
        before = self._processes.get(name)
        assert before is None or before.poll() is not None, f"{name} runs already"
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*self._enter(host, user), *command],
                cwd=ROOT,
                env={**clean_environment(), "TMPDIR": f"{_DISK}/tmp", **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _enter(self, host: str, user: str = "") -> list[str]:
        """The beginning of a command that runs on a host; it ends with the test, however that ends."""
        disk = self._disk(host)
        mounts = ["sh", "-c", _MOUNTS, "sh", str(disk), str(disk.parent), str(_KERNELS)]
        switch = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        return ["ip", "netns", "exec", self.network.namespace(host), *mounts,
                "setpriv", *switch, "--pdeathsig", "KILL", "--"]  # fmt: skip

    def _run(self, host: str, command: Sequence[str], environment: Mapping[str, str], user: str = "") -> None:
        done = subprocess.run(
            [*self._enter(host, user), *command],
            cwd=ROOT,
            env={**clean_environment(), "TMPDIR": f"{_DISK}/tmp", **environment},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"

    def _run_to_end(self, host: str, unit_name: str) -> None:
        unit = read_unit(unit_name, host=host)
        self._run(host, unit.command, {**self._environment(host), **unit.environment, **self._moved()})

    def _start_data(self) -> None:
        """Start PostgreSQL with an empty database and an S3 server with an empty bucket."""
        programs = _postgresql_programs()
        assert programs is not None
        user = pwd.getpwnam("postgres")
        folder = self._disk("data") / "postgresql"
        folder.mkdir()
        for path in (folder, folder.parent / "tmp"):
            os.chown(path, user.pw_uid, user.pw_gid)
        cluster = f"{_DISK}/postgresql/cluster"
        self._run("data", [str(programs / "initdb"), "-D", cluster, "--auth=trust", "-U", "phlare", "--no-sync",
                           "-E", "UTF8", "--no-locale"], {}, "postgres")  # fmt: skip
        settings = {"listen_addresses": "*", "port": _POSTGRESQL_PORT, "unix_socket_directories": f"{_DISK}/postgresql"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        host_rule = "host all all 10.99.0.0/16 trust\n"
        with (folder / "cluster" / "pg_hba.conf").open("a") as rules:
            rules.write(host_rule)
        self._start("postgresql", "data", [str(programs / "postgres"), "-D", cluster, *options], {}, "postgres")
        create = [str(programs / "createdb"), "-h", f"{_DISK}/postgresql", "-U", "phlare", "phlare"]
        wait_for(lambda: "ready to accept connections" in self.log("postgresql"), 60, "PostgreSQL is ready")
        self._run("data", create, {}, "postgres")
        command = [sys.executable, "-m", "moto.server", "-H", "0.0.0.0", "-p", str(_S3_PORT)]
        self._start("s3", "data", command, {})
        wait_for(self._s3_answers, 60, "the S3 server answers")
        with self.network.seen_from("clients"):
            client = boto3.client(
                "s3",
                endpoint_url=f"http://{self.network.address('data')}:{_S3_PORT}",
                region_name="us-east-1",
                aws_access_key_id=KEY_ID,
                aws_secret_access_key=SECRET,
            )
            client.create_bucket(Bucket=BUCKET)
            client.close()

    def _redis_answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.redis() as client:
            return bool(client.ping())
        return False

    def _s3_answers(self) -> bool:
        try:
            with self.network.seen_from("clients"):
                urllib.request.urlopen(f"http://{self.network.address('data')}:{_S3_PORT}/", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def _takes_pushes(self) -> bool:
        for name, process in self._processes.items():
            assert process.poll() is None, f"{name} ended with {process.returncode}:\n{self.log(name)[-4000:]}"
        try:
            return self.request("GET", "/ready", timeout_seconds=5)[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def seconds_until(condition: Callable[[], bool], timeout_seconds: float, what: str) -> float:
    """Wait until ``condition`` holds; returns how long that took."""
    started = time.monotonic()
    wait_for(condition, timeout_seconds, what)
    return time.monotonic() - started


def _postgresql_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs: Debian keeps a folder for each version."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]))
    found = folders[-1] if folders else None
    if found is None and (program := shutil.which("postgres")):
        found = str(Path(program).resolve().parent)
    return Path(found) if found else None
