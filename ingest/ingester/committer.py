"""Group commit in an ingester: messages that arrive while a flush runs share the next one.

One thread owns the store's writing side. Everything that writes goes through its queue, so heads and log need no lock
for writing and sealing can never overtake an append.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.storage.acks import Ack, AckCode

#: Messages taken into one flush at most: bounds the memory of payloads held decoded at once.
MAX_MESSAGES_A_COMMIT = 64
#: Payload bytes after which a commit is closed. Decoded they take a few times as much.
MAX_BYTES_A_COMMIT = 8 << 20
#: Messages, and bytes of their payloads, waiting beyond which the consumer of the queue is held back; the broker keeps
#: the rest.
MAX_WAITING_MESSAGES = 128
MAX_WAITING_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class WriteMessage:
    """One message of a distributor: payloads to store, in order. ``None`` is a payload that had expired."""

    batch_id: str
    reply_to: str
    payloads: Mapping[str, bytes | None]

    @property
    def size_bytes(self) -> int:
        """Bytes of the payloads."""
        return sum(len(payload) for payload in self.payloads.values() if payload is not None)


class AckSink(Protocol):
    """The way back to distributors."""

    def send(self, acks: Sequence[tuple[str, Ack]]) -> None:
        """Send answers, each to its ``reply_to``. Must not raise: an answer that is lost is a deadline for the
        pusher.
        """
        ...


class Log(Protocol):
    """What the committer does with payloads: the writing side of a store."""

    def commit(self, payloads: Sequence[bytes]) -> list[bytes]:
        """Make payloads durable and readable; returns one AckCode byte a record for each payload."""
        ...


class Committer:
    """Owns the thread that writes. ``submit`` and ``run`` may be called from any other thread."""

    def __init__(
        self,
        instance: str,
        log: Log,
        acks: AckSink,
        on_commit: Callable[[list[bytes]], None],
        on_crash: Callable[[BaseException], None],
    ) -> None:
        """``instance`` signs the answers. ``on_commit`` hears the codes of each commit. ``on_crash`` is told of an
        error that no code path expects: the process must not go on with such a store.
        """
        self._on_commit = on_commit
        self._instance = instance
        self._log = log
        self._acks = acks
        self._on_crash = on_crash
        self._waiting: deque[WriteMessage] = deque()
        self._waiting_bytes = 0
        self._calls: deque[tuple[Callable[[], None], _Done]] = deque()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._closing = False
        self._accepting = True
        self._busy = False
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    def submit(self, message: WriteMessage) -> None:
        """Queue a message; waits while too many are queued. After ``drain`` it is answered as not serving."""
        with self._lock:
            while self._accepting and self._is_full():
                self._changed.wait()
            if self._accepting:
                self._waiting.append(message)
                self._waiting_bytes += message.size_bytes
                self._changed.notify_all()
                return
        refused = dict.fromkeys(message.payloads, bytes([AckCode.NOT_SERVING]))
        self._acks.send([(message.reply_to, Ack(message.batch_id, self._instance, refused))])

    def run(self, call: Callable[[], None]) -> None:
        """Run ``call`` on the writing thread between two commits; returns when it has, raising what it raised."""
        done = _Done()
        with self._lock:
            if self._closing:
                return
            self._calls.append((call, done))
            self._changed.notify_all()
        done.wait()

    def drain(self) -> None:
        """Take no more messages and wait until those already taken are committed and answered."""
        with self._lock:
            self._accepting = False
            self._changed.notify_all()
            while self._waiting or self._busy:
                self._changed.wait()

    def close(self) -> None:
        """Drain, then stop the thread."""
        self.drain()
        with self._lock:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                with self._lock:
                    self._busy = False
                    self._changed.notify_all()
                    while not self._waiting and not self._calls and not self._closing:
                        self._changed.wait()
                    if self._closing and not self._waiting and not self._calls:
                        return
                    self._busy = True
                    calls = list(self._calls)
                    self._calls.clear()
                    messages = self._take()
                for call, done in calls:
                    done.run(call)
                if messages:
                    self._commit(messages)
        except BaseException as error:
            self._on_crash(error)

    def _is_full(self) -> bool:
        return len(self._waiting) >= MAX_WAITING_MESSAGES or self._waiting_bytes >= MAX_WAITING_BYTES

    def _take(self) -> list[WriteMessage]:
        taken: list[WriteMessage] = []
        size = 0
        while self._waiting and len(taken) < MAX_MESSAGES_A_COMMIT and size < MAX_BYTES_A_COMMIT:
            message = self._waiting.popleft()
            size += message.size_bytes
            taken.append(message)
        self._waiting_bytes -= size
        return taken

    def _commit(self, messages: Sequence[WriteMessage]) -> None:
        payloads = [payload for message in messages for payload in message.payloads.values() if payload is not None]
        committed = self._log.commit(payloads) if payloads else []
        codes = iter(committed)
        acks: list[tuple[str, Ack]] = []
        for message in messages:
            answer = {
                name: next(codes) if payload is not None else bytes([AckCode.PAYLOAD_GONE])
                for name, payload in message.payloads.items()
            }
            acks.append((message.reply_to, Ack(message.batch_id, self._instance, answer)))
        self._acks.send(acks)
        self._on_commit(committed)


class _Done:
    """Waits for a call that another thread makes."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._error: Exception | None = None

    def run(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self._error = error
        self._event.set()

    def wait(self) -> None:
        self._event.wait()
        if self._error is not None:
            raise self._error
