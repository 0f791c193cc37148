"""Group commit of pushes: concurrent pushes of one process travel to the ingesters together.

Invariants:

* a write is resolved exactly once: by the quorum tracker, or by its waiter giving up at the deadline;
* a batch is remembered until every ingester it went to has answered or it grew too old, because the replicas beyond the
  quorum still need the payload after the pusher has its answer;
* while ``MAX_UNRESOLVED_BATCHES`` are on their way, writes gather for the next one, so that batches grow with the load;
  a batch stands in the way of others for ``MAX_LINGER_SECONDS`` at most, whatever becomes of it;
* an ingester that is away gets the message as well, as a hint: its answer never counts for a quorum, and nobody waits
  for it. A batch that waits for such answers only is remembered by the names of its payloads, at most
  ``MAX_HINTED_BATCHES`` of them and none for longer than its payload lives;
* the bytes of remembered payloads never exceed ``max_outstanding_bytes``: the oldest batches whose writes are all
  resolved are dropped first; if that is not enough, new pushes are refused.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.distributor.ports import Batch, Publisher, ReplicaSet
from ingest.storage.acks import Ack, AckCode
from ring.core.quorum import KeyTracker, Verdict

#: Writes taken into one batch at most: bounds the size of a message and the work one fsync waits for.
MAX_WRITES_A_BATCH = 512
#: Payload bytes after which a batch is closed.
MAX_BYTES_A_BATCH = 8 << 20

#: Batches without a verdict that hold others back. A batch costs each of its ingesters about a millisecond whatever is
#: in it, so few and large ones are better: with one instead of two, a third more pushes a second in two thirds of the
#: time each, at RF 3 on two cores.
MAX_UNRESOLVED_BATCHES = 1
#: Seconds after which a batch without a verdict holds nobody back any more: a lost answer must not cost others more.
MAX_LINGER_SECONDS = 0.03
#: Batches remembered for hints alone, about 600 bytes each, so that their payloads can be dropped as soon as the
#: ingester is back and has them. Payloads of those forgotten live until they expire.
MAX_HINTED_BATCHES = 20_000


class PushWait:
    """Counts the unresolved writes of one push and wakes the pusher when there are none left."""

    __slots__ = ("_done", "_lock", "_open")

    def __init__(self, writes: int) -> None:
        self._open = writes
        self._lock = threading.Lock()
        self._done = threading.Event()
        if not writes:
            self._done.set()

    def one_more(self) -> None:
        """Count one write up; only before the push is sent."""
        with self._lock:
            self._open += 1

    def one_resolved(self) -> None:
        """Count one write down."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self._done.set()

    def wait(self, timeout_seconds: float) -> bool:
        """Return whether all writes were resolved in time."""
        return self._done.wait(timeout_seconds)


@dataclass(slots=True, eq=False)
class Write:
    """One push record on its way to its replica set."""

    record: bytes
    replicas: ReplicaSet
    wait: PushWait
    verdict: Verdict = Verdict.PENDING
    client_code: AckCode | None = None  #: last error that was the sender's fault
    server_code: AckCode | None = None  #: last error that was not
    tracker: KeyTracker = field(init=False)

    def __post_init__(self) -> None:
        self.tracker = KeyTracker(len(self.replicas.instances), self.replicas.max_errors)

    def outcome(self, code: AckCode) -> bool:
        """Count one replica's answer; returns whether it decided the write, which is resolved by that."""
        if self.verdict is not Verdict.PENDING:
            return False
        if code.is_client_error:
            self.client_code = code
        elif not code.is_success:
            self.server_code = code
        self.verdict = self.tracker.record(code.is_success, code.is_client_error)
        if self.verdict is Verdict.PENDING:
            return False
        self.wait.one_resolved()
        return True


@dataclass(slots=True, eq=False)
class _Sent:
    """A batch that not every ingester has answered yet."""

    payloads: dict[str, list[Write]]
    awaiting: set[str]
    hinted: set[str]  #: ingesters with the message whose answer counts for nothing
    size_bytes: int
    sent_at_seconds: float
    undecided: int  #: writes without a verdict

    @property
    def nobody_waits(self) -> bool:
        return self.undecided == 0


@dataclass(slots=True, eq=False)
class _Hinted:
    """A batch that everybody has answered but ingesters that are away."""

    names: tuple[str, ...]
    hinted: set[str]
    sent_at_seconds: float


class Batcher:
    """Collects writes, publishes them in batches on its own thread and routes the answers back."""

    def __init__(
        self,
        publisher: Publisher,
        new_batch_id: Callable[[], str],
        clock_seconds: Callable[[], float],
        max_outstanding_bytes: int,
        keep_seconds: float,
        max_unresolved_batches: int = MAX_UNRESOLVED_BATCHES,
    ) -> None:
        self._publisher = publisher
        self._new_batch_id = new_batch_id
        self._clock_seconds = clock_seconds
        self._max_outstanding_bytes = max_outstanding_bytes
        self._keep_seconds = keep_seconds
        self._waiting: deque[Write] = deque()
        self._outstanding_bytes = 0
        self._sent: OrderedDict[str, _Sent] = OrderedDict()
        self._hinted: OrderedDict[str, _Hinted] = OrderedDict()
        self._lock = threading.Lock()
        self._more = threading.Condition(self._lock)
        self._max_unresolved_batches = max_unresolved_batches
        self._unresolved: OrderedDict[str, float] = OrderedDict()  # batch id -> seconds at which it was sent
        self._room = threading.Condition(self._lock)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="push-batcher", daemon=True)
        self._thread.start()

    @property
    def outstanding_bytes(self) -> int:
        """Bytes of payloads that are waiting to be sent or answered."""
        return self._outstanding_bytes

    @property
    def outstanding_batches(self) -> int:
        """Batches that not every ingester has answered yet."""
        return len(self._sent)

    @property
    def hinted_batches(self) -> int:
        """Batches that only ingesters which are away have not answered."""
        return len(self._hinted)

    def submit(self, writes: Sequence[Write]) -> bool:
        """Queue writes; False when the bound on outstanding bytes is reached and nothing was queued."""
        size = sum(len(write.record) for write in writes)
        with self._lock:
            if self._closed:
                return False
            if self._outstanding_bytes + size > self._max_outstanding_bytes:
                self._forget_resolved()
                if self._outstanding_bytes + size > self._max_outstanding_bytes:
                    return False
            self._outstanding_bytes += size
            self._waiting.extend(writes)
            self._more.notify()
        return True

    def deliver(self, ack: Ack) -> None:
        """Route one ingester's answer to the writes of its batch. Late and unknown answers are ignored."""
        self._take_answer(ack, is_late=False)

    def close(self) -> None:
        """Send what is queued, then stop the thread."""
        with self._lock:
            self._closed = True
            self._more.notify()
            self._room.notify()
        self._thread.join()

    def _take_answer(self, ack: Ack, is_late: bool) -> None:
        """Count an answer; with ``is_late`` the ingester will still give another one, which counts for nothing."""
        with self._lock:
            sent = self._sent.get(ack.batch_id)
            if sent is None:
                unneeded = self._take_hinted(ack)
            else:
                unneeded = self._take_sent(ack, sent, is_late)
        if unneeded:
            self._publisher.discard(unneeded)

    def _take_sent(self, ack: Ack, sent: _Sent, is_late: bool) -> tuple[str, ...]:
        """Count an answer for its writes; returns the names of the payloads that nobody needs any more."""
        if ack.instance in sent.hinted:
            sent.hinted.discard(ack.instance)
            return ()
        if ack.instance not in sent.awaiting:
            return ()
        sent.awaiting.discard(ack.instance)
        if is_late:
            sent.hinted.add(ack.instance)
        for name in ack.codes.keys() & sent.payloads.keys() if sent.undecided else ():
            writes = sent.payloads[name]
            # All writes of a payload have the same replicas; one of them may be here for a hint only.
            if ack.instance in writes[0].replicas.instances:
                for write, code in zip(writes, ack.codes_of(name, len(writes)), strict=True):
                    sent.undecided -= write.outcome(code)
        if not sent.awaiting:
            self._remove(ack.batch_id)
            names = tuple(sent.payloads)
            if not sent.hinted:
                return names
            self._hinted[ack.batch_id] = _Hinted(names, sent.hinted, sent.sent_at_seconds)
            if len(self._hinted) > MAX_HINTED_BATCHES:
                self._hinted.popitem(last=False)
        elif sent.nobody_waits:
            # Only the names are wanted from here on. An ingester that is away for a minute leaves every batch of that
            # time here, and a write with its waiter takes more than a small payload.
            sent.payloads = {name: [] for name in sent.payloads}
            self._make_room(ack.batch_id)
        return ()

    def _take_hinted(self, ack: Ack) -> tuple[str, ...]:
        """Take the answer of an ingester that was away; returns the names of the payloads nobody needs any more."""
        hinted = self._hinted.get(ack.batch_id)
        if hinted is None:
            return ()
        hinted.hinted.discard(ack.instance)
        if hinted.hinted:
            return ()
        del self._hinted[ack.batch_id]
        return hinted.names

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._closed:
                    self._more.wait()
                if not self._waiting:
                    return
                self._wait_for_room()
                writes = self._take()
            self._publish(writes)

    def _wait_for_room(self) -> None:
        """Wait, holding the lock, until another batch may leave. With little to do there always is room."""
        while len(self._unresolved) >= self._max_unresolved_batches and not self._closed:
            oldest = next(iter(self._unresolved.values()))
            left_seconds = oldest + MAX_LINGER_SECONDS - self._clock_seconds()
            if left_seconds <= 0:
                self._unresolved.popitem(last=False)
            else:
                self._room.wait(left_seconds)

    def _make_room(self, batch_id: str) -> None:
        if self._unresolved.pop(batch_id, None) is not None:
            self._room.notify()

    def _take(self) -> list[Write]:
        taken: list[Write] = []
        size = 0
        while self._waiting and len(taken) < MAX_WRITES_A_BATCH and size < MAX_BYTES_A_BATCH:
            write = self._waiting.popleft()
            size += len(write.record)
            taken.append(write)
        return taken

    def _publish(self, writes: Sequence[Write]) -> None:
        batch_id = self._new_batch_id()
        by_set: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Write]] = {}
        for write in writes:
            # The order of a set is that of the walk to it and differs from key to key.
            replicas = write.replicas
            key = tuple(sorted(replicas.instances)), tuple(sorted(replicas.absent)) if replicas.absent else ()
            by_set.setdefault(key, []).append(write)
        payloads: dict[str, list[Write]] = {}
        messages: dict[str, list[str]] = {}
        hints: dict[str, list[str]] = {}
        for number, ((instances, absent), members) in enumerate(by_set.items()):
            name = f"{batch_id}.{number}"
            payloads[name] = members
            for instance in instances:
                messages.setdefault(instance, []).append(name)
            for instance in absent:
                hints.setdefault(instance, []).append(name)
        for instance in hints.keys() & messages.keys():  # it went or came between two writes: one message has all
            messages[instance] += hints.pop(instance)
        bodies = {name: b"".join([write.record for write in members]) for name, members in payloads.items()}
        for write in writes:
            write.record = b""  # the payload holds it from here on
        size_bytes = sum(map(len, bodies.values()))
        sent = _Sent(payloads, set(messages), set(hints), size_bytes, self._clock_seconds(), len(writes))
        with self._lock:
            self._forget_old()
            self._sent[batch_id] = sent
            self._unresolved[batch_id] = sent.sent_at_seconds
        batch = Batch(batch_id, bodies, _frozen(messages), _frozen(hints))
        for instance, code in self._publisher.publish(batch).items():
            codes = dict.fromkeys(messages.get(instance, ()), bytes([code]))
            self._take_answer(Ack(batch_id, instance, codes), is_late=code is AckCode.BACKLOGGED)

    def _remove(self, batch_id: str) -> _Sent:
        sent = self._sent.pop(batch_id)
        self._make_room(batch_id)
        self._outstanding_bytes -= sent.size_bytes
        return sent

    def _forget_old(self) -> None:
        """Drop batches older than the time their payload is kept: the answer can no longer come."""
        oldest = self._clock_seconds() - self._keep_seconds
        while self._hinted and next(iter(self._hinted.values())).sent_at_seconds <= oldest:
            self._hinted.popitem(last=False)
        while self._sent:
            batch_id, sent = next(iter(self._sent.items()))
            if sent.sent_at_seconds > oldest:
                return
            self._remove(batch_id)

    def _forget_resolved(self) -> None:
        """Make room: drop batches, oldest first, for which only a replica beyond the quorum is still missing."""
        self._forget_old()
        for batch_id in [batch_id for batch_id, sent in self._sent.items() if sent.nobody_waits]:
            self._remove(batch_id)
            if self._outstanding_bytes <= self._max_outstanding_bytes // 2:
                return


def _frozen(names: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {instance: tuple(of_instance) for instance, of_instance in names.items()}
