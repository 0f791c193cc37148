"""Each process that works starts one sampler of its own; what only forks starts none."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from phlareweb.agent.config import AgentConfig, Clock
from phlareweb.agent.sampler import CLOCK_LABEL, Sampler

CONFIG = AgentConfig(
    url="http://127.0.0.1:4040", application="shop", token="secret", tenant="team-a", labels=(("release", "1.2"),)
)


@dataclass
class RecordingBackend:
    """Notes what is asked of it."""

    starts: bool = True
    error: Exception | None = None
    options: list[dict[str, Any]] = field(default_factory=list)
    stops: int = 0
    tags: list[tuple[str, str]] = field(default_factory=list)

    def configure(self, **options: Any) -> bool:
        self.options.append(options)
        if self.error is not None:
            raise self.error
        return self.starts

    def shutdown(self) -> bool:
        self.stops += 1
        return True

    def add_thread_tag(self, key: str, value: str) -> None:
        self.tags.append((key, value))

    def remove_thread_tag(self, key: str, value: str) -> None:
        self.tags.remove((key, value))


def in_a_child(work: Callable[[], Any]) -> Any:
    """Run ``work`` in a fork of this process; returns what it returned."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        told = answer.read()
    os.waitpid(pid, 0)
    return json.loads(told)


def test_nothing_is_started_before_there_is_work():
    backend = RecordingBackend()

    sampler = Sampler(CONFIG, backend)

    assert (backend.options, sampler.is_running) == ([], False)


def test_work_of_many_threads_starts_one_sampler():
    backend = RecordingBackend()
    sampler = Sampler(CONFIG, backend)
    threads = [threading.Thread(target=sampler.ensure_started) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(backend.options) == 1
    assert sampler.is_running


def test_a_child_starts_its_own_when_it_works():
    backend = RecordingBackend()
    sampler = Sampler(CONFIG, backend)
    sampler.ensure_started()

    def work() -> tuple[bool, int, bool]:
        before = sampler.is_running
        sampler.ensure_started()
        return before, len(backend.options), sampler.is_running

    assert in_a_child(work) == [False, 2, True]
    assert len(backend.options) == 1


def test_a_fork_while_another_thread_starts_the_sampler_leaves_the_child_free_to_start():
    backend = RecordingBackend()
    sampler = Sampler(CONFIG, backend)

    def work() -> bool:
        sampler.ensure_started()
        return sampler.is_running

    with sampler._lock:  # as a thread would hold it that is not in the child
        assert in_a_child(work) is True


@pytest.mark.parametrize("backend", [RecordingBackend(starts=False), RecordingBackend(error=OSError("no thread"))])
def test_a_sampler_that_cannot_start_is_tried_once_and_does_no_harm(
    backend: RecordingBackend, capsys: pytest.CaptureFixture[str]
):
    sampler = Sampler(CONFIG, backend)

    for _ in range(3):
        with sampler.labelled({"view": "cart"}):
            pass

    assert len(backend.options) == 1
    assert backend.tags == []
    assert "not profiled" in capsys.readouterr().err


def test_labels_last_as_long_as_the_work_and_survive_no_error():
    backend = RecordingBackend()
    sampler = Sampler(CONFIG, backend)

    def work() -> None:
        with sampler.labelled({"task": "pay", "queue": "slow"}):
            assert backend.tags == [("task", "pay"), ("queue", "slow")]
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    assert backend.tags == []


def test_a_stop_sends_what_was_sampled_once_and_only_where_it_was_sampled():
    backend = RecordingBackend()
    sampler = Sampler(CONFIG, backend)
    sampler.stop()
    assert backend.stops == 0
    sampler.ensure_started()

    def work() -> int:
        sampler.stop()
        return backend.stops

    assert in_a_child(work) == 0
    sampler.stop()
    sampler.stop()
    assert backend.stops == 1


@pytest.mark.parametrize(
    ("clock", "on_cpu", "labels"),
    [(Clock.CPU, True, {"release": "1.2"}), (Clock.WALL, False, {"release": "1.2", CLOCK_LABEL: "wall"})],
)
def test_the_sampler_is_told_where_to_send_and_what_to_count(clock: Clock, on_cpu: bool, labels: dict[str, str]):
    backend = RecordingBackend()
    config = AgentConfig(
        url=CONFIG.url, application="shop", token="secret", tenant="team-a", labels=CONFIG.labels, clock=clock
    )

    Sampler(config, backend).ensure_started()

    [options] = backend.options
    assert (options["server_address"], options["application_name"]) == (CONFIG.url, "shop")
    assert options["http_headers"] == {"Authorization": "Bearer secret"}
    assert (options["tenant_id"], options["oncpu"], options["tags"]) == ("team-a", on_cpu, labels)


def test_the_token_is_not_shown():
    assert "secret" not in repr(CONFIG)
