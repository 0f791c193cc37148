"""The lines of the README that push and ask, run as they stand there: only addresses and files are the test's own."""

from __future__ import annotations

import gzip
import http.server
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.demo.library import load_recordings
from tests.integration.cluster.cluster import ROOT, Cluster, clean_environment, wait_for

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine"),
]

README = (ROOT / "README.md").read_text(encoding="utf-8")
RECORDINGS = ROOT / "ingest" / "demo" / "recordings"
JFR = next((ROOT / "tests").rglob("*.jfr*"))


def commands() -> list[str]:
    """Return the commands of the README's shell blocks that talk to a server, each on one line."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [
        line
        for block in blocks
        for line in re.sub(r"(\\|\|)\n\s+", lambda m: m[1].strip("\\") + " ", block).split("\n")
    ]
    return [line.partition("     #")[0] for line in lines if re.match(r"(curl|phlare|\.venv/bin/phlare) ", line)]


@pytest.fixture
def profiled_program() -> Iterator[str]:
    """A Go program's debug address, which answers with a heap profile of one."""
    profile = (RECORDINGS / "go_heap_1.pb.gz").read_bytes()

    class Debug(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(profile)))
            self.end_headers()
            self.wfile.write(profile)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Debug)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that the README speaks of, just recorded."""
    go_cpu = next(one for one in load_recordings() if one.file == "go_cpu_1.pb.gz")
    (tmp_path / "cpu.pb.gz").write_bytes(go_cpu.restamped(0))
    recording = JFR.read_bytes()
    (tmp_path / "recording.jfr").write_bytes(gzip.decompress(recording) if JFR.suffix == ".gz" else recording)
    (tmp_path / "app.collapsed").write_text("main;serve;query 30\nmain;idle 5\n", encoding="utf-8")
    return tmp_path


def run(command: str, cluster: Cluster, folder: Path, program: str) -> str:
    command = command.replace("127.0.0.1:4040", f"127.0.0.1:{cluster.port}").replace("127.0.0.1:6060", program)
    command = re.sub(r"^(\.venv/bin/)?phlare ", f"{sys.executable} -m ingest.cli ", command)
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=folder,
        env={**clean_environment(), "PYTHONPATH": str(ROOT), "PHLARE_URL": f"http://127.0.0.1:{cluster.port}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert '"code"' not in done.stdout, f"{command}\n{done.stdout}"
    return done.stdout


def test_every_line_does_what_it_is_there_for(agents_cluster: Cluster, folder: Path, profiled_program: str) -> None:
    agents_cluster.manage("demo", f"--url=http://127.0.0.1:{agents_cluster.port}", "--hours=0.1", "--interval=30")
    agents_cluster.manage("tenant", "set", "anonymous", "reject-older-than", "0s")
    agents_cluster.manage("tenant", "set", "anonymous", "out-of-order-window", "366d")

    def takes_old_profiles() -> bool:
        status, _, _ = agents_cluster.request(
            "POST", "/api/v1/upload?service_name=old&type=cpu&time=now-300d", b"main;run 1\n"
        )
        return status == 200

    # Web process and ingesters follow a setting one by one.
    wait_for(lambda: all(takes_old_profiles() for _ in range(5)), 60, "old recordings are taken")
    found = commands()
    said = {command: run(command, agents_cluster, folder, profiled_program) for command in found}

    assert sum("curl" in command for command in found) >= 3
    assert sum("phlare" in command for command in found) >= 4
    assert any('"stored"' in output for output in said.values())
    assert (folder / "checkout.html").stat().st_size > 1000
