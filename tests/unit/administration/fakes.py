"""The ports of the administration in memory: a ring of entries, ingesters that answer as scripted, a list as log."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ingest.administration.actions import RingActions
from ingest.administration.ports import Entry
from ingest.administration.types import Action, Actor, Order, Outcome, QueueFate, Result, Timeouts, Unreachable

ALIVE = Entry(is_alive=True, read_only=False, read_only_updated_ms=0)
SILENT = replace(ALIVE, is_alive=False)
AS_YOU_WISH = Result(Outcome.DONE, "As you wish.", {"state": "set", "unregister": True})


@dataclass
class MemoryRing:
    """Entries by id. The clock stands at ``now_ms``."""

    entries: dict[str, Entry]
    now_ms: int = 5000
    changes: list[str] = field(default_factory=list)
    is_away: bool = False

    def find(self, instance: str) -> Entry | None:
        if self.is_away:
            raise Unreachable("Redis is away")
        return self.entries.get(instance)

    def is_registered(self, instance: str) -> bool:
        return self.find(instance) is not None

    def set_read_only(self, instance: str, read_only: bool, reason: str) -> bool:
        found = self.find(instance)
        if found is None:
            return False
        self.entries[instance] = replace(found, read_only=read_only, read_only_updated_ms=self.now_ms)
        self.changes.append(f"{instance}: {reason}")
        return True

    def remove(self, instance: str, reason: str) -> bool:
        if self.find(instance) is None:
            return False
        del self.entries[instance]
        self.changes.append(f"{instance}: {reason}")
        return True


@dataclass
class ScriptedIngesters:
    """Answer every order with ``answer`` and remember it."""

    answer: Result = field(default=AS_YOU_WISH)
    heard: set[str] = field(default_factory=set)
    told: list[tuple[str, Order, float]] = field(default_factory=list)

    def is_heard(self, instance: str) -> bool:
        return instance in self.heard

    def tell(self, instance: str, order: Order, timeout_seconds: float) -> Result:
        self.told.append((instance, order, timeout_seconds))
        return self.answer


@dataclass
class RecordedQueues:
    """Say what would be done."""

    settled: list[tuple[str, QueueFate]] = field(default_factory=list)

    def settle(self, instance: str, fate: QueueFate) -> str:
        self.settled.append((instance, fate))
        return f"Its queue: {fate}."


@dataclass
class MemoryAudit:
    """Lines of (actor, action, instance, outcome, detail)."""

    lines: list[tuple[str, Action, str, str, str]] = field(default_factory=list)
    is_away: bool = False

    def begin(self, actor: Actor, action: Action, instance: str) -> int:
        if self.is_away:
            raise Unreachable("the audit log cannot be written")
        self.lines.append((actor.name, action, instance, "begun", ""))
        return len(self.lines) - 1

    def end(self, number: int, outcome: Outcome, detail: str) -> None:
        self.lines[number] = (*self.lines[number][:3], outcome.value, detail)


@dataclass
class Office:
    """The actions and everything around them."""

    ring: MemoryRing
    ingesters: ScriptedIngesters = field(default_factory=ScriptedIngesters)
    queues: RecordedQueues = field(default_factory=RecordedQueues)
    audit: MemoryAudit = field(default_factory=MemoryAudit)

    @property
    def actions(self) -> RingActions:
        return RingActions(self.ring, self.ingesters, self.queues, self.audit, Timeouts(1.0, 60.0))


def office(**entries: Entry) -> Office:
    """Return an office over these entries; ``a`` is alive unless given."""
    return Office(MemoryRing({"a": ALIVE, **entries}))
