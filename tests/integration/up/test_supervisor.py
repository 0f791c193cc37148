"""The supervisor with real processes: small shell scripts that say what they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
WAIT_SECONDS = 20.0

#: Runs a supervisor over the scripts it is given as ``name:start stage:stop stage:script``.
DRIVER = """
import random, sys
from pathlib import Path
from phlareweb.up.backoff import Backoff
from phlareweb.up.children import Children
from phlareweb.up.console import Console
from phlareweb.up.machine import Rules, Supervision
from phlareweb.up.plan import Probe, Process
from phlareweb.up.supervisor import Supervisor

processes = []
for argument in sys.argv[1:]:
    name, start, stop, script = argument.split(":", 3)
    rules = Rules(name, int(start), int(stop), is_task=name.startswith("task"), stop_timeout_seconds=2.0)
    processes.append(Process(rules, ("/bin/sh", "-c", script)))

def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()

console = Console(write, [process.rules.name for process in processes], False)
supervision = Supervision([process.rules for process in processes], Backoff(base_seconds=0.1), random.random)
children = Children(Path("/"), console.output)
probes = {Probe.RUNS: lambda: True}
environment = {"PATH": "/usr/bin:/bin"}
sys.exit(Supervisor(processes, supervision, children, console, environment, probes, "all ready").run())
"""

#: Ends when asked, and says so.
POLITE = 'echo "pid $$"; trap "echo bye; exit 0" TERM; while :; do sleep 0.05; done'
STUBBORN = 'echo "pid $$"; trap "" TERM; while :; do sleep 0.05; done'


class Driver:
    """A supervisor in a process of its own, and the lines it has written."""

    def __init__(self, output: Path, *processes: str) -> None:
        self._output = output
        with output.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-c", DRIVER, *processes], cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT
            )

    def lines(self) -> list[str]:
        return self._output.read_text().splitlines()

    def wait_for(self, condition: Callable[[list[str]], object], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition(self.lines()):
            assert time.monotonic() < deadline, f"{what} did not happen; the output was {self.lines()}"
            time.sleep(0.02)

    def wait_for_line(self, text: str) -> None:
        self.wait_for(lambda lines: any(text in line for line in lines), f"a line with {text!r}")

    def pids(self, name: str) -> list[int]:
        return [int(line.split()[-1]) for line in self.lines() if line.startswith(name) and " pid " in line]


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Callable[..., Driver]]:
    drivers: list[Driver] = []

    def drive(*processes: str) -> Driver:
        drivers.append(Driver(tmp_path / f"output-{len(drivers)}", *processes))
        return drivers[-1]

    yield drive
    for driver in drivers:
        driver.process.kill()
        driver.process.wait()


def ends(pid: int) -> bool:
    """Whether the process is gone, or is soon."""
    deadline = time.monotonic() + WAIT_SECONDS
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_all_are_ready_then_sigterm_ends_them_stage_by_stage(drive):
    driver = drive(f"inner:0:1:{POLITE}", f"outer:1:0:{POLITE}")
    driver.wait_for_line("all ready")
    driver.wait_for(lambda _: driver.pids("inner") and driver.pids("outer"), "both scripts running")
    driver.process.terminate()
    assert driver.process.wait(WAIT_SECONDS) == 0
    assert [line for line in driver.lines() if line.endswith("bye")] == ["outer | bye", "inner | bye"]


def test_a_task_runs_before_what_needs_it(drive):
    driver = drive("task:0:0:echo prepared", f"server:1:0:{POLITE}")
    driver.wait_for_line("pid")
    lines = driver.lines()
    assert lines.index("task   | prepared") < next(i for i, line in enumerate(lines) if "pid" in line)


def test_a_task_that_fails_ends_everything_with_its_status_in_words(drive):
    driver = drive("task:0:0:echo broken; exit 7", f"server:0:1:{POLITE}")
    assert driver.process.wait(WAIT_SECONDS) == 1
    assert "up     | task ended with status 7; giving up" in driver.lines()
    assert "task   | broken" in driver.lines()


def test_a_killed_server_is_started_again_and_the_operator_is_told(drive):
    driver = drive(f"server:0:0:{POLITE}")
    driver.wait_for(lambda _: driver.pids("server"), "the first start")
    os.kill(driver.pids("server")[0], signal.SIGKILL)
    driver.wait_for(lambda _: len(driver.pids("server")) == 2, "the second start")
    assert any("server was killed by signal 9; starting it again in 0.1 s" in line for line in driver.lines())


def test_what_does_not_end_in_time_is_killed(drive):
    driver = drive(f"server:0:0:{STUBBORN}")
    driver.wait_for(lambda _: driver.pids("server"), "the start")
    driver.process.terminate()
    assert driver.process.wait(WAIT_SECONDS) == 1
    assert ends(driver.pids("server")[0])
    assert any("server did not end within 2 s; killing it" in line for line in driver.lines())


def test_the_second_ctrl_c_kills_at_once(drive):
    driver = drive(f"first:0:0:{STUBBORN}", f"second:0:9:{STUBBORN}")
    driver.wait_for(lambda _: driver.pids("first") and driver.pids("second"), "the start")
    driver.process.send_signal(signal.SIGINT)
    driver.wait_for_line("stopping")
    driver.process.send_signal(signal.SIGINT)
    assert driver.process.wait(WAIT_SECONDS) == 1
    assert ends(driver.pids("first")[0])
    assert ends(driver.pids("second")[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent")
def test_killing_the_supervisor_takes_its_processes_along(drive):
    driver = drive(f"polite:0:0:{POLITE}", f"stubborn:0:0:{STUBBORN}")
    driver.wait_for(lambda _: driver.pids("polite") and driver.pids("stubborn"), "the start")
    driver.process.kill()
    driver.process.wait(WAIT_SECONDS)
    assert ends(driver.pids("polite")[0])
    assert ends(driver.pids("stubborn")[0])


def test_what_a_dead_server_started_does_not_live_on(drive):
    driver = drive(f"server:0:0:({STUBBORN}) & echo parent $$; wait")
    driver.wait_for(lambda _: driver.pids("server"), "the start")
    (parent,) = [int(line.split()[-1]) for line in driver.lines() if "parent" in line]
    child = next(process.pid for process in psutil.Process(parent).children())
    os.kill(parent, signal.SIGKILL)
    assert ends(child)


def test_the_last_words_of_a_server_are_not_lost(drive):
    driver = drive("server:0:0:echo one; printf two; exit 1")
    driver.wait_for_line("starting it again")
    lines = [line for line in driver.lines() if line.startswith("server | ")]
    assert lines[:2] == ["server | one", "server | two"]
