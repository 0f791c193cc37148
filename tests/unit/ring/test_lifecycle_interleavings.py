"""Every interleaving of events, crashes, emptied stores and lost answers keeps instances on legal edges."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ring.core import lifecycle
from ring.core.desc import Instance, RingDesc
from ring.core.lifecycle import Membership, Plan, Publish, Remove, SaveTokens, Step, View
from ring.core.states import ALLOWED, RESUMED, InstanceState
from ring.core.tokens import attributed_tokens
from tests.unit.ring.rings import NOW_MS

A, P, J, L = InstanceState.ACTIVE, InstanceState.PENDING, InstanceState.JOINING, InstanceState.LEAVING


@dataclass
class Shop:
    """A ring store in memory, with the conditions of the real one."""

    ring: RingDesc = field(default_factory=RingDesc)
    revision: int = 0
    now_ms: int = NOW_MS

    def view(self) -> View:
        return View(self.ring, self.now_ms, self.revision)

    def carry_out(self, instruction: lifecycle.Instruction) -> bool:
        match instruction:
            case Publish(entry, expected, _, revision):
                if self.ring.get(entry.id) != expected or revision not in (None, self.revision):
                    return False
                self.ring = self.ring.with_instance(entry)
                self.revision += 1
            case Remove(instance_id):
                self.ring = self.ring.without(instance_id)
                self.revision += 1
        return True


class Life(RuleBasedStateMachine):
    """Three instances of one ring in any order of events, with crashes, wiped stores and answers that get lost."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.rng = random.Random(0)
        self.clock_ms = 0
        self.members: dict[str, Membership] = {}
        self.files: dict[str, tuple[int, ...]] = {}

    def apply(self, name: str, step: Step, lost_after: int | None) -> None:
        """Carry out a step; ``lost_after`` instructions the connection breaks, after the store did its part."""
        before = self.shop.ring.get(name)
        running = name in self.members
        for number, instruction in enumerate(step.instructions):
            if isinstance(instruction, SaveTokens):
                self.files[name] = instruction.tokens
            elif not self.shop.carry_out(instruction):
                return
            if number == lost_after:
                self.check_edge(before, self.shop.ring.get(name), running)
                return
        self.check_edge(before, self.shop.ring.get(name), running)
        self.members[name] = step.membership

    def check_edge(self, before: Instance | None, after: Instance | None, running: bool) -> None:
        if before is None or after is None or before.state is after.state:
            return
        allowed = set(ALLOWED[before.state]) if running else {RESUMED[before.state]}
        if not running and not before.tokens:
            allowed.add(A)
        assert after.state in allowed, f"{before.state} -> {after.state}"

    #: the instruction whose answer gets lost; most often none
    lost = st.sampled_from([None, None, 0, 1])
    moves = st.lists(
        st.tuples(st.sampled_from(["look", "beat"]), lost, st.sampled_from([0, 60])), min_size=1, max_size=5
    )

    @precondition(lambda self: len(self.members) < 3)
    @rule(data=st.data(), observe=st.sampled_from([0, 50]), wait=st.sampled_from([0, 30]), lost=lost, moves=moves)
    def start(
        self, data: st.DataObject, observe: int, wait: int, lost: int | None, moves: list[tuple[str, int | None, int]]
    ) -> None:
        name = data.draw(st.sampled_from([name for name in "abc" if name not in self.members]))
        made = Plan(
            id=name,
            addr=f"queue.{name}",
            zone="z",
            tokens_per_instance=4,
            observe_period_ms=observe,
            join_after_ms=wait,
            joins_after=data.draw(st.sampled_from(["", *"abc".replace(name, "")])),
            can_join_timeout_ms=40,
        )
        step = lifecycle.start(made, self.shop.view(), self.files.get(name, ()), self.clock_ms, self.rng)
        self.apply(name, step, lost)
        if name in self.members:
            self.go(name, moves)

    @precondition(lambda self: self.members)
    @rule(data=st.data(), moves=moves)
    def live(self, data: st.DataObject, moves: list[tuple[str, int | None, int]]) -> None:
        self.go(data.draw(st.sampled_from(sorted(self.members))), moves)

    def go(self, name: str, moves: list[tuple[str, int | None, int]]) -> None:
        """Let one instance look at the ring or beat a few times."""
        for move, lost, pass_ms in moves:
            self.clock_ms += pass_ms
            self.shop.now_ms += pass_ms
            membership = self.members[name]
            if move == "look":
                step = lifecycle.look(membership, self.shop.view(), self.clock_ms, self.rng)
            else:
                step = lifecycle.beat(membership, self.shop.ring.get(name), self.shop.now_ms, self.clock_ms)
            self.apply(name, step, lost)

    @precondition(lambda self: self.members)
    @rule(data=st.data(), lost=lost)
    def leave(self, data: st.DataObject, lost: int | None) -> None:
        name = data.draw(st.sampled_from(sorted(self.members)))
        self.apply(name, lifecycle.leave(self.members[name], self.shop.ring.get(name), self.shop.now_ms), lost)

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.members)))
        for instruction in lifecycle.finish(self.members.pop(name)):
            self.shop.carry_out(instruction)

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.members.pop(data.draw(st.sampled_from(sorted(self.members))))

    @rule()
    def wipe(self) -> None:
        self.shop.ring = RingDesc()
        self.shop.revision = 0

    @rule(name=st.sampled_from(["a", "b", "c"]))
    def set_read_only(self, name: str) -> None:
        entry = self.shop.ring.get(name)
        if entry is not None:
            self.shop.ring = self.shop.ring.with_instance(replace(entry, read_only=not entry.read_only))
            self.shop.revision += 1

    @invariant()
    def every_membership_is_sound(self) -> None:
        for membership in self.members.values():
            assert lifecycle.validate(membership) == []

    @invariant()
    def an_active_entry_has_tokens(self) -> None:
        for entry in self.shop.ring:
            assert entry.tokens or entry.state is P

    def teardown(self) -> None:
        """Left alone with a store that works, everybody who has not begun to leave becomes active."""
        for _ in range(6):
            self.clock_ms += 200
            for name in sorted(self.members):
                self.apply(name, lifecycle.look(self.members[name], self.shop.view(), self.clock_ms, self.rng), None)
                found = self.shop.ring.get(name)
                self.apply(name, lifecycle.beat(self.members[name], found, self.shop.now_ms, self.clock_ms), None)
        for name, membership in self.members.items():
            entry = self.shop.ring.get(name)
            assert entry == membership.entry
            gave_up = membership.state in (P, J) and membership.due_ms() is None
            assert gave_up or membership.state in (A, L)
            assert attributed_tokens(self.shop.ring, name) or membership.state is P


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=20, deadline=None)
TestEveryInterleaving = Life.TestCase
