"""The supervisor: carries out what :mod:`phlareweb.up.machine` decides, in one thread."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from phlareweb.up import machine
from phlareweb.up.children import Children
from phlareweb.up.console import Console
from phlareweb.up.machine import State, Supervision
from phlareweb.up.plan import Probe, Process

#: Longest wait for something to happen while a process starts or ends, and while all is quiet.
_BUSY_SECONDS, _QUIET_SECONDS = 0.1, 1.0


class Supervisor:
    """Runs a plan until it is told to stop. Single use."""

    def __init__(
        self,
        processes: Sequence[Process],
        supervision: Supervision,
        children: Children,
        console: Console,
        environment: Mapping[str, str],
        probes: Mapping[Probe, Callable[[], bool]],
        ready_text: str,
    ) -> None:
        self._plan = {process.rules.name: process for process in processes}
        self._supervision = supervision
        self._children = children
        self._console = console
        self._environment = environment
        self._probes = probes
        self._ready_text = ready_text
        self._stop_signals = 0
        self._started_at = time.monotonic()

    def run(self) -> int:
        """Run everything; returns the exit status once everything has ended."""
        with contextlib.closing(self._children), self._signals_wake_the_loop():
            asked = 0
            self._handle(machine.Tick())
            while not self._supervision.is_finished:
                self._children.wait(self._patience_seconds())
                for name, code in self._children.reap():
                    self._handle(machine.Exited(name, code))
                while asked < self._stop_signals:
                    asked += 1
                    self._handle(machine.StopRequested() if asked == 1 else machine.KillRequested())
                for name in self._newly_ready():
                    self._handle(machine.BecameReady(name))
                self._handle(machine.Tick())
        return self._supervision.exit_code

    def _handle(self, event: machine.Event) -> None:
        for instruction in self._supervision.handle(event, time.monotonic()):
            match instruction:
                case machine.Start(name):
                    process = self._plan[name]
                    self._children.start(name, process.command, {**self._environment, **process.environment})
                case machine.Terminate(name):
                    self._children.terminate(name)
                case machine.Kill(name):
                    self._children.kill(name)
                case machine.Say(text):
                    self._console.say(text)
                case machine.Announce():
                    self._console.say(f"{self._ready_text} (after {time.monotonic() - self._started_at:.1f} s)")

    def _newly_ready(self) -> list[str]:
        """Return the starting servers that answer now."""
        starting = [name for name in self._supervision.names_in(State.STARTING) if not self._plan[name].rules.is_task]
        return [name for name in starting if self._probes[self._plan[name].probe]()]

    def _patience_seconds(self) -> float:
        states = set(self._supervision.states().values())
        return _BUSY_SECONDS if states & {State.STARTING, State.STOPPING, State.BACKOFF} else _QUIET_SECONDS

    @contextlib.contextmanager
    def _signals_wake_the_loop(self) -> Iterator[None]:
        """Count SIGINT and SIGTERM; have them and the end of a process (SIGCHLD) end the loop's wait at once."""

        def count(_number: int, _frame: object) -> None:
            self._stop_signals += 1

        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        self._children.wake_on(reader)
        handlers = {number: signal.signal(number, count) for number in (signal.SIGINT, signal.SIGTERM)}
        handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        previous = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            reader.close()
            writer.close()
