"""Child processes and their output: the part of the supervisor that touches the operating system."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

LAUNCHER = Path(__file__).with_name("launch.py")
#: Bytes taken from one process at a time, so that a talkative one does not starve the others.
_READ_BYTES = 64 * 1024


class Children:
    """Starts, signals and reaps processes by name, and passes on what they write.

    ``on_output(name, data)`` gets their output as it comes, ``on_output(name, b"")`` at its end. Single-threaded.
    """

    def __init__(self, work_dir: Path, on_output: Callable[[str, bytes], None]) -> None:
        self._work_dir = work_dir
        self._on_output = on_output
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._selector = selectors.DefaultSelector()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a process in a session of its own, so that the terminal's Ctrl-C reaches the supervisor alone."""
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._work_dir,
            env=dict(environment),
            start_new_session=True,
        )
        stream = _stdout(child)
        os.set_blocking(stream.fileno(), False)
        self._selector.register(stream, selectors.EVENT_READ, name)
        self._running[name] = child

    def terminate(self, name: str) -> None:
        """Ask a process to end."""
        with contextlib.suppress(KeyError):
            self._running[name].terminate()

    def kill(self, name: str) -> None:
        """End a process and everything in its session at once."""
        with contextlib.suppress(KeyError, ProcessLookupError):
            os.killpg(self._running[name].pid, signal.SIGKILL)

    def wake_on(self, stream: Any) -> None:
        """Let :meth:`wait` return when ``stream`` can be read; its content is thrown away."""
        self._selector.register(stream, selectors.EVENT_READ, None)

    def wait(self, seconds: float) -> None:
        """Wait until a process writes or the waker wakes, and pass the output on."""
        for key, _ in self._selector.select(seconds):
            data = b""
            with contextlib.suppress(BlockingIOError):
                data = os.read(key.fd, _READ_BYTES)
            if key.data is not None:
                self._on_output(key.data, data)
            if key.data is not None and not data:
                self._selector.unregister(key.fileobj)

    def reap(self) -> list[tuple[str, int]]:
        """Return the processes that ended since the last call, with their exit codes; nothing of theirs lives on."""
        ended = [(name, code) for name, child in self._running.items() if (code := child.poll()) is not None]
        for name, _ in ended:
            self.kill(name)  # a server's workers, should it have left any
            self._drain(name, _stdout(self._running.pop(name)))
        return ended

    def close(self) -> None:
        """Kill whatever still runs."""
        for name, child in list(self._running.items()):
            self.kill(name)
            child.wait()
            self._drain(name, _stdout(child))
        self._running.clear()
        self._selector.close()

    def _drain(self, name: str, stream: IO[bytes]) -> None:
        """Pass on the last words of a process that ended."""
        if not stream.closed:
            with contextlib.suppress(KeyError):
                self._selector.unregister(stream)
            with contextlib.suppress(BlockingIOError):
                while data := os.read(stream.fileno(), _READ_BYTES):
                    self._on_output(name, data)
            stream.close()
        self._on_output(name, b"")


def _stdout(child: subprocess.Popen[bytes]) -> IO[bytes]:
    if child.stdout is None:
        raise AssertionError("every child is started with a pipe")
    return child.stdout
