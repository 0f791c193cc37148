"""One sampler a process, started where work is done and again in every child.

pyroscope-io samples from a thread of its own. A fork copies the memory of that thread and not the thread, so a child
that inherits a running sampler is profiled by nobody. Here a process is profiled from its first request or task: what
only forks (gunicorn's master, uWSGI's, Celery's prefork parent) never starts one, and a child of a process that did
starts its own.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from phlareweb.agent.config import AgentConfig, Clock

#: Label of profiles whose samples count threads that wait: the sampler names all it sends after the processor.
CLOCK_LABEL = "__clock__"


class Backend(Protocol):
    """What is used of the pyroscope module."""

    def configure(self, **options: Any) -> bool:
        """Start sampling; returns whether that was possible."""
        ...

    def shutdown(self) -> bool:
        """Send what was sampled and stop."""
        ...

    def add_thread_tag(self, key: str, value: str) -> Any:
        """Label the samples of the calling thread from now on."""
        ...

    def remove_thread_tag(self, key: str, value: str) -> Any:
        """Undo :meth:`add_thread_tag`."""
        ...


class Sampler:
    """Profiles the process it is used in. Safe from any thread, and over forks."""

    def __init__(self, config: AgentConfig, backend: Backend) -> None:
        self._config = config
        self._backend = backend
        self._lock = threading.Lock()
        #: The process that was last tried, and whether it is profiled.
        self._pid = 0
        self._is_running = False
        os.register_at_fork(after_in_child=self._forget)

    @property
    def is_running(self) -> bool:
        """Whether this process is profiled."""
        return self._is_running and self._pid == os.getpid()

    def ensure_started(self) -> None:
        """Profile this process from now on. One comparison when it is profiled already; a failure is tried once."""
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid == os.getpid():
                return
            self._is_running = self._start()
            self._pid = os.getpid()

    def stop(self) -> None:
        """Send what was sampled and end; safe to call twice and in a process that was never profiled."""
        with self._lock:
            if self.is_running:
                self._is_running = False
                self._backend.shutdown()

    @contextmanager
    def labelled(self, labels: Mapping[str, str]) -> Iterator[None]:
        """Give the samples of the calling thread these labels for as long as the block lasts."""
        self.ensure_started()
        if not self.is_running:
            yield
            return
        for name, value in labels.items():
            self._backend.add_thread_tag(name, value)
        try:
            yield
        finally:
            for name, value in labels.items():
                self._backend.remove_thread_tag(name, value)

    def _start(self) -> bool:
        config = self._config
        on_cpu = config.clock is Clock.CPU
        labels = dict(config.labels)
        if not on_cpu:
            labels[CLOCK_LABEL] = config.clock.value
        try:
            started = self._backend.configure(
                application_name=config.application,
                server_address=config.url,
                tenant_id=config.tenant,
                http_headers={"Authorization": f"Bearer {config.token}"} if config.token else {},
                sample_rate=config.sample_rate_hz,
                oncpu=on_cpu,
                # Code that lets go of the interpreter's lock, kernels for instance, works as well.
                gil_only=False,
                upload_interval=config.upload_seconds,
                mem_enabled=config.memory,
                tags=labels,
            )
        except Exception as error:  # a profiler that cannot start must not take the program with it
            print(f"phlareweb.agent: not profiled: {type(error).__name__}: {error}", file=sys.stderr)
            return False
        if not started:
            print("phlareweb.agent: not profiled: the sampler did not start", file=sys.stderr)
            return False
        atexit.register(self.stop)
        return True

    def _forget(self) -> None:
        """In a child: it is another process, and the lock may have been held by a thread that is not here."""
        self._lock = threading.Lock()
        self._pid = 0
        self._is_running = False
