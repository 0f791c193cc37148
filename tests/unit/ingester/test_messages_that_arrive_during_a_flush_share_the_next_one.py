"""The committer: grouping, order, answers and draining."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from ingest.ingester import committer as module
from ingest.ingester.committer import Committer, WriteMessage
from ingest.storage.acks import Ack, AckCode

STORED = bytes([AckCode.STORED])


class Log:
    """Keeps what it was given; ``gate`` plays a slow disk."""

    def __init__(self) -> None:
        self.commits: list[list[bytes]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def commit(self, payloads: Sequence[bytes]) -> list[bytes]:
        self.entered.release()
        self.gate.wait()
        self.commits.append(list(payloads))
        return [STORED] * len(payloads)


class Sink:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Ack]] = []

    def send(self, acks: Sequence[tuple[str, Ack]]) -> None:
        self.sent += acks


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def crashes() -> list[BaseException]:
    return []


@pytest.fixture
def committer(log: Log, sink: Sink, crashes: list[BaseException]) -> Iterator[Committer]:
    made = Committer("a", log, sink, lambda codes: None, crashes.append)
    yield made
    log.gate.set()
    made.close()


def message(number: int, payload: bytes | None = b"p") -> WriteMessage:
    return WriteMessage(f"batch{number}", "reply", {f"payload{number}": payload})


def test_messages_that_wait_for_a_slow_flush_go_into_one_commit(committer: Committer, log: Log) -> None:
    log.gate.clear()
    committer.submit(message(0, b"0"))
    assert log.entered.acquire(timeout=5)
    for number in range(1, 6):
        committer.submit(message(number, str(number).encode()))
    log.gate.set()
    committer.drain()
    assert log.commits == [[b"0"], [b"1", b"2", b"3", b"4", b"5"]]


@pytest.mark.parametrize(
    ("bound", "value"),
    [
        pytest.param("MAX_WAITING_MESSAGES", 2, id="too many messages"),
        pytest.param("MAX_WAITING_BYTES", 150, id="too many bytes"),
    ],
)
def test_who_submits_is_held_back_while_too_much_waits(
    committer: Committer, log: Log, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    monkeypatch.setattr(module, bound, value)
    log.gate.clear()
    committer.submit(message(0))
    assert log.entered.acquire(timeout=5)
    committer.submit(message(1, b"x" * 100))
    committer.submit(message(2, b"x" * 100))
    late = threading.Thread(target=committer.submit, args=(message(3),))
    late.start()
    late.join(timeout=0.05)
    assert late.is_alive()
    log.gate.set()
    late.join(timeout=5)
    assert not late.is_alive()
    committer.drain()
    assert [len(commit) for commit in log.commits] in ([1, 2, 1], [1, 3])


def test_every_message_is_answered_to_its_asker_in_the_name_of_the_ingester(committer: Committer, sink: Sink) -> None:
    committer.submit(message(0))
    committer.drain()
    assert sink.sent == [("reply", Ack("batch0", "a", {"payload0": STORED}))]


def test_an_expired_payload_is_answered_as_gone_and_does_not_hold_up_the_others(
    committer: Committer, log: Log, sink: Sink
) -> None:
    committer.submit(WriteMessage("batch", "reply", {"gone": None, "here": b"x"}))
    committer.drain()
    assert log.commits == [[b"x"]]
    assert sink.sent[0][1].codes == {"gone": bytes([AckCode.PAYLOAD_GONE]), "here": STORED}


def test_a_message_after_the_drain_is_refused_and_not_stored(committer: Committer, log: Log, sink: Sink) -> None:
    committer.drain()
    committer.submit(message(0))
    assert log.commits == []
    assert sink.sent[0][1].codes == {"payload0": bytes([AckCode.NOT_SERVING])}


def test_draining_waits_for_the_commit_under_way(committer: Committer, log: Log, sink: Sink) -> None:
    log.gate.clear()
    committer.submit(message(0))
    assert log.entered.acquire(timeout=5)
    drainer = threading.Thread(target=committer.drain)
    drainer.start()
    log.gate.set()
    drainer.join(timeout=5)
    assert not drainer.is_alive()
    assert len(sink.sent) == 1


def test_a_call_runs_on_the_writing_thread_and_its_error_comes_back(committer: Committer) -> None:
    names: list[str] = []
    committer.run(lambda: names.append(threading.current_thread().name))
    assert names == ["committer"]

    def fail() -> None:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        committer.run(fail)


def test_an_error_that_nobody_foresaw_is_handed_to_whoever_ends_the_process(
    log: Log, sink: Sink, crashes: list[BaseException]
) -> None:
    class Broken(Log):
        def commit(self, payloads: Sequence[bytes]) -> list[bytes]:
            raise RuntimeError("unforeseen")

    told = threading.Event()

    def on_crash(error: BaseException) -> None:
        crashes.append(error)
        told.set()

    broken = Committer("a", Broken(), sink, lambda codes: None, on_crash)
    broken.submit(message(0))
    assert told.wait(5)
    assert isinstance(crashes[0], RuntimeError)
