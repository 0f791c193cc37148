"""How the parts of the database do: each is asked, all at once, for a bounded time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

#: From here on an answer counts as slow. Each takes milliseconds where nothing is amiss.
SLOW_SECONDS = 0.5
#: How long an answer is waited for.
WAIT_SECONDS = 3.0


class Health(StrEnum):
    """How a part does, from best to worst."""

    OK = "ok"
    CHANGING = "changing"  #: it comes or goes, as it should
    SLOW = "slow"
    DOWN = "down"


_ORDER = list(Health)


@dataclass(frozen=True, slots=True)
class Component:
    """One part and how it does."""

    name: str
    kind: str
    health: Health
    latency_ms: float | None  #: None: nothing was timed
    detail: str


@dataclass(frozen=True, slots=True)
class Question:
    """How to find out about a part: ``ask`` returns a detail for people, or raises with the reason it is down."""

    name: str
    kind: str
    ask: Callable[[], str]
    is_timed: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.kind, self.name


@dataclass(slots=True)
class _Round:
    question: Question
    began: float
    answer: Component | None = None
    done: threading.Event = field(default_factory=threading.Event)


class HealthChecks:
    """Asks all questions on threads. One that hangs keeps its one thread, however often it is asked meanwhile."""

    def __init__(
        self, questions: Sequence[Question], clock_seconds: Callable[[], float], wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._questions = questions
        self._clock_seconds = clock_seconds
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], _Round] = {}

    def components(self, more: Sequence[Question] = ()) -> list[Component]:
        """Return how each part does, in the order of the questions; ``more`` are of parts that come and go."""
        rounds = [self._begin(question) for question in (*self._questions, *more)]
        deadline = self._clock_seconds() + self._wait_seconds
        return [self._end(one, deadline) for one in rounds]

    def _begin(self, question: Question) -> _Round:
        with self._lock:
            running = self._running.get(question.key)
            if running is not None:
                return running
            made = self._running[question.key] = _Round(question, self._clock_seconds())
        threading.Thread(target=self._ask, args=(made,), name=f"health-{question.name}", daemon=True).start()
        return made

    def _ask(self, one: _Round) -> None:
        question = one.question
        try:
            detail, is_up = question.ask(), True
        except Exception as error:  # whatever it is, it is why the part does not answer
            detail, is_up = _sentence(error), False
        took_seconds = self._clock_seconds() - one.began
        health = _health(is_up, took_seconds if question.is_timed else 0.0)
        latency_ms = took_seconds * 1000 if is_up and question.is_timed else None
        one.answer = Component(question.name, question.kind, health, latency_ms, detail)
        with self._lock:
            del self._running[question.key]
        one.done.set()

    def _end(self, one: _Round, deadline: float) -> Component:
        one.done.wait(max(0.0, deadline - self._clock_seconds()))
        if one.answer is not None:
            return one.answer
        waited_seconds = self._clock_seconds() - one.began
        detail = f"No answer for {waited_seconds:.0f} s."
        return Component(one.question.name, one.question.kind, Health.DOWN, None, detail)


def worst(components: Sequence[Component]) -> Health:
    """Return how the whole does: as its worst part."""
    return max((one.health for one in components), key=_ORDER.index, default=Health.OK)


def _health(is_up: bool, took_seconds: float) -> Health:
    if not is_up:
        return Health.DOWN
    return Health.SLOW if took_seconds >= SLOW_SECONDS else Health.OK


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__
