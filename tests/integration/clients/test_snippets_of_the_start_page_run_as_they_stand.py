"""What the page ``/start`` tells one to paste, run as it stands there: around it is only the program that is profiled.

Each program has a function of its own, which is looked for in the flame graph of the service that all snippets name.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integration.clients.answers import CPU, Program
from tests.integration.clients.test_java_agent import agent_jar
from tests.integration.clients.toolchains import go_program, node_project, require, run
from tests.integration.cluster.cluster import ROOT, Cluster, clean_environment, free_port, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

HERE = Path(__file__).parent
SERVICE = "my-service"  # what snippets call the program
WALL = "wall:wall:nanoseconds:wall:nanoseconds"
#: Agents send every 10 or 15 seconds, and start slowly on a machine that is busy.
PATIENCE_SECONDS = 180

PYTHON_PROGRAM = """
import time

def work_of_python():
    end = time.monotonic() + 0.02
    while time.monotonic() < end:
        sum(range(1000))

while True:
    work_of_python()
    time.sleep(0.02)
"""
GO_PROGRAM = """package main

import "time"

//go:noinline
func workOfGo() (sum int) {
	for end := time.Now().Add(20 * time.Millisecond); time.Now().Before(end); {
		for number := range 10000 {
			sum += number * sum
		}
	}
	return sum
}

func main() {
	for {
		workOfGo()
		time.Sleep(20 * time.Millisecond)
	}
}
"""
NODE_PROGRAM = """
function workOfNode() {
  let sum = 0;
  for (const end = Date.now() + 20; Date.now() < end; ) {
    for (let number = 0; number < 10000; number += 1) sum += number * sum;
  }
  return sum;
}
setInterval(workOfNode, 40);
"""
JAVA_PROGRAM = """
public class App {
    static volatile long kept;

    static void workOfJava() {
        long sum = 0;
        for (long end = System.nanoTime() + 20_000_000L; System.nanoTime() < end; ) {
            for (int number = 0; number < 10_000; number++) sum += number * sum;
        }
        kept = sum;
    }

    public static void main(String[] arguments) throws Exception {
        while (true) {
            workOfJava();
            Thread.sleep(20);
        }
    }
}
"""
#: What a collector that receives profiles has already.
COLLECTOR_SETTINGS = """
receivers:
  otlp: {{ protocols: {{ grpc: {{ endpoint: "127.0.0.1:{port}" }} }} }}
service:
  telemetry: {{ metrics: {{ level: none }} }}
"""


@dataclass
class Desk:
    """Where one snippet is tried: a folder, what the page says, and what was started."""

    cluster: Cluster
    folder: Path
    code: str
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a program; what it says goes into ``log`` of the folder. It is ended with the test."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**clean_environment(), **(environment or {})},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.running.append(process)

    def shell(self, **environment: str) -> None:
        """Start the snippet as lines of a shell, with the programs of this environment first on the path."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.start("bash", "-ec", self.code, environment={"PATH": path, **environment})

    def said(self) -> str:
        log = self.folder / "log"
        return log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else ""

    def end(self) -> None:
        for process in self.running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait(30)


@pytest.fixture(scope="module")
def page(agents_cluster: Cluster) -> dict[str, str]:
    """The snippets of the page by their short names, with all that it fills in."""
    status, body, _ = agents_cluster.request("GET", "/start")
    assert status == 200
    panels = re.findall(r'id="panel-(\w+)".*?<code>(.*?)</code>', body.decode(), re.DOTALL)
    return {name: html.unescape(code) for name, code in panels}


@pytest.fixture
def desk(
    agents_cluster: Cluster, page: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Desk]:
    made = Desk(agents_cluster, tmp_path, page[request.param])
    yield made
    made.end()


def python(desk: Desk) -> None:
    pytest.importorskip("pyroscope", reason="pyroscope-io is not installed")
    desk.start(sys.executable, str(desk.write("app.py", desk.code + PYTHON_PROGRAM)))


def django(desk: Desk) -> None:
    pytest.importorskip("pyroscope", reason="pyroscope-io is not installed")
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    desk.write("shop/__init__.py", "")
    desk.write(
        "shop/settings.py", 'INSTALLED_APPS = ["phlareweb.agent"]\nROOT_URLCONF = "shop.urls"\nSECRET_KEY = "one"\n'
    )
    desk.write(
        "shop/urls.py",
        "import time\n\nfrom django.http import HttpResponse\nfrom django.urls import path\n\n\n"
        "def work_of_django(request):\n    end = time.monotonic() + 0.5\n    while time.monotonic() < end:\n"
        "        sum(range(1000))\n    return HttpResponse()\n\n\nurlpatterns = [path('', work_of_django)]\n",
    )
    shutil.copy(HERE.parent / "agent" / "project" / "shop" / "wsgi.py", desk.folder / "shop" / "wsgi.py")
    port = free_port()
    paths = f"{desk.folder}{os.pathsep}{ROOT}"
    desk.shell(PYTHONPATH=paths, GUNICORN_CMD_ARGS=f"--bind 127.0.0.1:{port}")
    visit(f"http://127.0.0.1:{port}/", desk)


def visit(address: str, desk: Desk) -> None:
    """Call for a page until a few answers came."""
    answers = 0

    def is_visited() -> bool:
        nonlocal answers
        with suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(address, timeout=30).close()
            answers += 1
        return answers >= 4

    wait_for(is_visited, PATIENCE_SECONDS, f"the server answers; {desk.said()}")


def go(desk: Desk) -> None:
    desk.write("main.go", GO_PROGRAM)
    desk.write("profiling.go", desk.code)
    for name in ("go.mod", "go.sum"):
        shutil.copy(HERE / "go" / name, desk.folder)
    go_program(HERE / "go")  # has what the lock file names downloaded, or skips
    run([require("go"), "vet", "."], desk.folder)
    desk.start(require("go"), "run", ".")


def node(desk: Desk) -> None:
    packages = node_project(HERE / "node") / "node_modules"
    (desk.folder / "node_modules").symlink_to(packages)
    desk.start(require("node"), str(desk.write("app.js", desk.code + NODE_PROGRAM)))


def java(desk: Desk) -> None:
    (desk.folder / "pyroscope.jar").symlink_to(agent_jar())
    desk.write("App.java", JAVA_PROGRAM)
    run([require("javac"), "App.java"], desk.folder)
    run([require("jar"), "--create", "--file", "app.jar", "--main-class", "App", "App.class"], desk.folder)
    desk.shell()


def curl(desk: Desk) -> None:
    require("curl")
    desk.shell()
    assert desk.running[0].wait(PATIENCE_SECONDS) == 0, desk.said()


def otlp(desk: Desk) -> None:
    port = free_port()
    desk.write("collector.yaml", COLLECTOR_SETTINGS.format(port=port))
    desk.write("snippet.yaml", desk.code)
    files = [f"--config=file:{desk.folder / name}.yaml" for name in ("collector", "snippet")]
    desk.start(str(go_program(HERE / "otel_collector")), *files, "--feature-gates=service.profilesSupport")
    sender = [str(go_program(HERE.parent / "otlp" / "collector")), "grpc", f"127.0.0.1:{port}", "none", SERVICE]

    def is_sent() -> bool:
        return subprocess.run(sender, capture_output=True, timeout=120, check=False).returncode == 0

    wait_for(is_sent, PATIENCE_SECONDS, f"the collector receives; {desk.said()}")


#: How the program of a snippet is made and started, the profile type of its work, and a part of its function's name.
PROGRAMS: dict[str, tuple[Callable[[Desk], None], str, str]] = {
    "python": (python, CPU, "work_of_python"),
    "django": (django, CPU, "work_of_django"),
    "go": (go, CPU, "main.workOfGo"),
    "node": (node, WALL, "workOfNode"),
    "java": (java, CPU, "App.workOfJava"),
    "curl": (curl, "wall:wall:nanoseconds::", "inner"),
    "otlp": (otlp, CPU, "checkout"),
}


@pytest.mark.parametrize(("desk", "name"), [(name, name) for name in PROGRAMS], indirect=["desk"], ids=list(PROGRAMS))
def test_a_program_with_the_snippet_is_in_the_flame_graphs(desk: Desk, name: str) -> None:
    make, profile_type, function = PROGRAMS[name]
    now_ms = time.time_ns() // 1_000_000
    seen = Program(desk.cluster, SERVICE, now_ms - 60_000, now_ms + 3_600_000)
    make(desk)
    types: set[str] = set()

    def is_seen() -> bool:
        types.update(seen.label_values("__profile_type__"))
        return any(function in found for found in seen.totals(profile_type))

    try:
        wait_for(is_seen, PATIENCE_SECONDS, f"{function} is in {profile_type}")
    except AssertionError as error:
        raise AssertionError(f"{error}; there are {sorted(types)}; {desk.said()}") from None


def test_what_is_not_tried_here_is_known(page: dict[str, str]) -> None:
    """A new snippet is tried here, or named as one for which no toolchain is at hand."""
    assert set(page) - set(PROGRAMS) == {"ruby", "rust", "dotnet", "alloy"}
