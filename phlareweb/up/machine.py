"""The supervisor's mind: which process to start, restart, stop or kill, decided without touching one.

Events go in (:meth:`Supervision.handle`), instructions come out; the clock and chance are parameters. The states::

    WAITING -> STARTING -> READY -> STOPPING -> STOPPED
                  |          |
                  +--> BACKOFF (died) -> STARTING ...
                  +--> DONE (a task that ended well)

Invariants:

* a process starts only when every needed process of an earlier start stage is READY or DONE, so Redis comes first;
* on stop, a process is told to end only when no process of an earlier stop stage lives, so that pushes stop before the
  ingesters that store them, and Redis ends last;
* once stopping, nothing is started any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from phlareweb.up.backoff import Backoff

#: Attempts a process gets to become ready for the first time; one that never was will not be by a sixth.
FIRST_START_ATTEMPTS = 5


class State(StrEnum):
    """Where a process is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"
    DONE = "done"
    STOPPING = "stopping"
    STOPPED = "stopped"


ALLOWED: dict[State, frozenset[State]] = {
    State.WAITING: frozenset({State.STARTING, State.STOPPED}),
    State.STARTING: frozenset({State.READY, State.BACKOFF, State.DONE, State.STOPPING, State.STOPPED}),
    State.READY: frozenset({State.BACKOFF, State.STOPPING, State.STOPPED}),
    State.BACKOFF: frozenset({State.STARTING, State.STOPPED}),
    State.STOPPING: frozenset({State.STOPPED}),
    State.DONE: frozenset(),
    State.STOPPED: frozenset(),
}
_ALIVE = frozenset({State.STARTING, State.READY, State.STOPPING})
_PASSED = frozenset({State.READY, State.DONE})


@dataclass(frozen=True, slots=True)
class Rules:
    """How one process is to be treated."""

    name: str
    start_stage: int
    stop_stage: int
    #: Ends by itself, once; a failure ends everything. Otherwise it is a server that is restarted.
    is_task: bool = False
    #: Whether serving needs it. What is not needed is not waited for, and a failure of such a task is only told.
    is_needed: bool = True
    stop_timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Exited:
    """A process ended. ``code`` is its exit status, or minus the number of the signal that killed it."""

    name: str
    code: int


@dataclass(frozen=True, slots=True)
class BecameReady:
    """A server passed its probe for the first time since it was started."""

    name: str


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Someone asked the supervisor to end."""


@dataclass(frozen=True, slots=True)
class KillRequested:
    """Someone asked again: end now."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = Exited | BecameReady | StopRequested | KillRequested | Tick


@dataclass(frozen=True, slots=True)
class Start:
    """Start the process."""

    name: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """Ask the process to end."""

    name: str


@dataclass(frozen=True, slots=True)
class Kill:
    """End the process and whatever it started."""

    name: str


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the operator."""

    text: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Everything is ready for the first time."""


Instruction = Start | Terminate | Kill | Say | Announce


class InvalidTransition(Exception):
    """A process was to change in a way that :data:`ALLOWED` does not know."""


@dataclass(slots=True)
class _Process:
    rules: Rules
    state: State = State.WAITING
    started_at: float = 0.0
    retry_at: float = 0.0
    stop_by: float = 0.0
    failures: int = 0
    was_ready: bool = False
    kill_sent: bool = False

    def move(self, state: State) -> None:
        if state not in ALLOWED[self.state]:
            raise InvalidTransition(f"{self.rules.name}: {self.state} -> {state}")
        self.state = state


@dataclass(slots=True)
class Supervision:
    """The processes under supervision and what is going on with them."""

    rules: Iterable[Rules]
    backoff: Backoff
    #: Returns a number in [0, 1).
    draw: Callable[[], float]
    exit_code: int = 0
    is_stopping: bool = False
    is_announced: bool = False
    _processes: dict[str, _Process] = field(init=False)

    def __post_init__(self) -> None:
        self._processes = {rules.name: _Process(rules) for rules in self.rules}

    def handle(self, event: Event, now: float) -> list[Instruction]:
        """Take in one event and return what is to be done, in order. ``now`` is monotonic seconds."""
        done: list[Instruction] = []
        match event:
            case Exited(name, code):
                done.extend(self._exited(self._processes[name], code, now))
            case BecameReady(name) if self._processes[name].state is State.STARTING:
                self._processes[name].move(State.READY)
                self._processes[name].was_ready = True
            case StopRequested() if not self.is_stopping:
                done.extend(self._begin_stop())
            case KillRequested():
                done.extend(self._kill_all())
            case _:
                pass
        done.extend(self._continue_stop(now) if self.is_stopping else self._start_due(now))
        return done

    @property
    def is_finished(self) -> bool:
        """Whether the supervisor has nothing left to wait for."""
        return self.is_stopping and not any(process.state in _ALIVE for process in self._processes.values())

    def states(self) -> dict[str, State]:
        """Return the state of each process."""
        return {name: process.state for name, process in self._processes.items()}

    def names_in(self, state: State) -> list[str]:
        """Return the processes in ``state``."""
        return [name for name, process in self._processes.items() if process.state is state]

    def _exited(self, process: _Process, code: int, now: float) -> Iterator[Instruction]:
        rules = process.rules
        if self.is_stopping:
            process.move(State.STOPPED)
        elif rules.is_task and code == 0:
            process.move(State.DONE)
        elif rules.is_task:
            process.move(State.STOPPED)
            how = f"{rules.name} {describe_exit(code)}"
            yield from self._give_up(how) if rules.is_needed else [Say(how)]
        else:
            yield from self._retry(process, code, now)

    def _retry(self, process: _Process, code: int, now: float) -> Iterator[Instruction]:
        if now - process.started_at >= self.backoff.stable_after_seconds:
            process.failures = 0
        process.failures += 1
        process.move(State.BACKOFF)
        name = process.rules.name
        if not process.was_ready and process.failures >= FIRST_START_ATTEMPTS:
            yield from self._give_up(f"{name} {describe_exit(code)} {process.failures} times and was never ready")
            return
        pause = self.backoff.delay_seconds(process.failures, self.draw())
        process.retry_at = now + pause
        yield Say(f"{name} {describe_exit(code)}; starting it again in {pause:.1f} s")

    def _give_up(self, why: str) -> Iterator[Instruction]:
        self.exit_code = 1
        yield Say(f"{why}; giving up")
        yield from self._begin_stop()

    def _begin_stop(self) -> Iterator[Instruction]:
        self.is_stopping = True
        for process in self._processes.values():
            if process.state in (State.WAITING, State.BACKOFF):
                process.move(State.STOPPED)
        yield Say("stopping")

    def _continue_stop(self, now: float) -> Iterator[Instruction]:
        """Tell the earliest stop stage that still lives to end, and kill those that took too long."""
        alive = [process for process in self._processes.values() if process.state in _ALIVE]
        stage = min((process.rules.stop_stage for process in alive), default=0)
        for process in alive:
            name = process.rules.name
            if process.state is not State.STOPPING:
                if process.rules.stop_stage == stage:
                    process.move(State.STOPPING)
                    process.stop_by = now + process.rules.stop_timeout_seconds
                    yield Terminate(name)
            elif now >= process.stop_by and not process.kill_sent:
                process.kill_sent = True
                self.exit_code = 1
                yield Say(f"{name} did not end within {process.rules.stop_timeout_seconds:g} s; killing it")
                yield Kill(name)

    def _kill_all(self) -> Iterator[Instruction]:
        if not self.is_stopping:
            yield from self._begin_stop()
        self.exit_code = 1
        for process in self._processes.values():
            if process.state in _ALIVE and not process.kill_sent:
                if process.state is not State.STOPPING:
                    process.move(State.STOPPING)
                process.kill_sent = True
                yield Kill(process.rules.name)

    def _start_due(self, now: float) -> Iterator[Instruction]:
        processes = self._processes.values()
        # After the first start a server that is away holds nothing back: the others wait for it by themselves.
        needed = [process for process in processes if process.rules.is_needed]
        blocked = [p.rules.start_stage for p in needed if not p.was_ready and p.state not in _PASSED]
        stage = min(blocked, default=math.inf)
        for process in processes:
            is_due = process.state is State.BACKOFF and now >= process.retry_at
            if is_due or (process.state is State.WAITING and process.rules.start_stage <= stage):
                process.move(State.STARTING)
                process.started_at = now
                yield Start(process.rules.name)
        if not self.is_announced and all(process.state in _PASSED for process in needed):
            self.is_announced = True
            yield Announce()


def describe_exit(code: int) -> str:
    """Return the end of a process in words."""
    return f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
