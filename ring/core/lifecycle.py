"""The life of one instance as a pure machine: events in, the next membership and instructions out.

A step is a proposal. Its membership replaces the old one only after all its instructions were carried out; when one
fails the old membership stays and the event is repeated with what the ring holds by then. So every step has to be right
when part of it has happened already: a state further on in the own entry was written by a step whose answer got lost.

Tokens, registration time and the read-only flag belong to the ring entry and are copied from it. Address, zone and
versions belong to the instance and are written over whatever the entry says; so is the state, unless it is further on.

Two clocks, never mixed: ``clock_ms`` is the instance's own monotonic clock and times waits; ``ring_ms`` is the store's
and stamps entries.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from ring.core.desc import Instance, RingDesc
from ring.core.join_order import has_joined
from ring.core.states import ALLOWED, RESUMED, InstanceState, step
from ring.core.tokens import attributed_tokens, random_tokens

#: Draws ``count`` tokens for an instance id that are not among the taken ones.
TokenSource = Callable[[str, int, set[int], random.Random], tuple[int, ...]]


#: Pause between two looks for the instance that has to join before.
CAN_JOIN_PAUSE_MS = 500


def draw_randomly(_instance_id: str, count: int, taken: set[int], rng: random.Random) -> tuple[int, ...]:
    """The default :data:`TokenSource`."""
    return random_tokens(count, taken, rng)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an instance is to be; fixed while the process runs."""

    id: str
    addr: str
    zone: str = ""
    tokens_per_instance: int = 128
    join_after_ms: int = 0
    observe_period_ms: int = 0
    unregister_on_shutdown: bool = True
    auto_forget_ms: int = 0  #: remove others whose heartbeat is older; 0 = never
    joins_after: str = ""  #: id of the instance that has to have joined before; empty = none
    can_join_timeout_ms: int = 0  #: how long it is waited for beyond ``join_after_ms``
    versions: tuple[tuple[str, int], ...] = ()
    token_source: TokenSource = draw_randomly


@dataclass(frozen=True, slots=True)
class View:
    """The ring at one moment."""

    ring: RingDesc
    ring_ms: int
    revision: int  #: changes with every change but heartbeats


@dataclass(frozen=True, slots=True)
class Membership:
    """Where an instance stands. ``entry`` is what it last wrote to the ring or found there."""

    plan: Plan
    entry: Instance
    spare_tokens: tuple[int, ...] = ()  #: from the tokens file, waiting for the join
    join_at_ms: int | None = None  #: when to try to join, by the own clock; only while PENDING
    join_by_ms: int | None = None  #: when to join whoever is still missing, by the own clock; only while PENDING
    observe_until_ms: int | None = None  #: by the own clock; only while JOINING

    @property
    def state(self) -> InstanceState:
        """The state of the instance."""
        return self.entry.state

    def due_ms(self) -> int | None:
        """Return when the machine wants to see the ring next, by the own clock; None = not of its own accord."""
        return self.join_at_ms if self.state is InstanceState.PENDING else self.observe_until_ms


# ----------------------------------------------------------------------------------------------------- instructions


@dataclass(frozen=True, slots=True)
class Publish:
    """Write the own entry, provided that it still is ``expected`` and (if given) the ring still is ``revision``.

    Otherwise the step is void and the event is repeated. The store stamps the heartbeat.
    """

    entry: Instance
    expected: Instance | None
    reason: str
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete an entry, provided that its heartbeat is at most ``heartbeat_ms`` (None: in any case)."""

    instance_id: str
    reason: str
    heartbeat_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SaveTokens:
    """Keep these tokens for a start that finds no entry. Failing to do so is not fatal."""

    tokens: tuple[int, ...]


Instruction = Publish | Remove | SaveTokens


@dataclass(frozen=True, slots=True)
class Step:
    """A proposal: what to do, and what holds once it is done."""

    membership: Membership
    instructions: tuple[Instruction, ...] = ()


# ----------------------------------------------------------------------------------------------------------- events


def start(plan: Plan, view: View, file_tokens: tuple[int, ...], clock_ms: int, rng: random.Random) -> Step:
    """Enter the ring, or take up again what is found there.

    Tokens of the file are used only if the entry has none, and only those that nobody else took meanwhile.
    """
    found = view.ring.get(plan.id)
    if found is None:
        base = Instance(plan.id, plan.addr, plan.zone, InstanceState.PENDING, registered_ms=view.ring_ms)
    else:
        base = replace(found, state=RESUMED[found.state])
    base = replace(base, addr=plan.addr, zone=plan.zone, versions=plan.versions)
    reason = "started" if found is None else f"restarted, was {found.state}"
    if base.state is InstanceState.ACTIVE and base.tokens:
        tokens = base.tokens
        if found is not None and found.state is InstanceState.LEAVING:
            tokens = _resized(plan, tokens, view.ring, rng)
        entry = replace(base, tokens=tokens)
        revision = view.revision if tokens != base.tokens else None
        membership = Membership(plan, entry)
        return Step(membership, (Publish(entry, found, reason, revision), SaveTokens(tokens)))
    spare: tuple[int, ...] = ()
    if not base.tokens:
        taken = view.ring.taken_tokens(besides=plan.id)
        spare = tuple(token for token in file_tokens if token not in taken)
        if len(spare) >= plan.tokens_per_instance:
            entry = replace(base, state=InstanceState.ACTIVE, tokens=spare)
            why = f"{reason}, tokens restored"
            return Step(Membership(plan, entry), (Publish(entry, found, why, view.revision), SaveTokens(spare)))
    entry = replace(base, state=InstanceState.PENDING)
    join_at_ms = clock_ms + plan.join_after_ms
    membership = Membership(plan, entry, spare, join_at_ms, join_by_ms=join_at_ms + plan.can_join_timeout_ms)
    return Step(membership, (Publish(entry, found, reason),))


def look(membership: Membership, view: View, clock_ms: int, rng: random.Random) -> Step:
    """Go on where the machine waited: join when the wait is over, become active when the tokens stayed undisputed."""
    found = view.ring.get(membership.plan.id)
    if found is None:
        return _register_again(membership, view.ring_ms)
    due = membership.due_ms()
    if due is None or clock_ms < due:
        return Step(membership)
    if membership.state is InstanceState.PENDING:
        if must_wait(membership, view.ring, clock_ms):
            return Step(replace(membership, join_at_ms=clock_ms + CAN_JOIN_PAUSE_MS))
        return _join(membership, found, view, clock_ms, rng)
    if membership.state is InstanceState.JOINING:
        return _end_observation(membership, found, view, clock_ms, rng)
    return Step(membership)


def must_wait(membership: Membership, ring: RingDesc, clock_ms: int) -> bool:
    """Return whether the instance before this one has not joined yet and may still be waited for."""
    before, until_ms = membership.plan.joins_after, membership.join_by_ms
    return bool(before) and not has_joined(ring, before) and until_ms is not None and clock_ms < until_ms


def beat(membership: Membership, found: Instance | None, ring_ms: int, clock_ms: int) -> Step:
    """Take in the answer of a heartbeat: the own entry, or None if the ring has lost it.

    An entry that was lost is written again with the same tokens but registered now: meanwhile others may have taken
    writes for its keys, and a lookback has to include them.
    """
    if found is None:
        return _register_again(membership, ring_ms)
    membership = _caught_up(membership, found, clock_ms)
    mine = membership.entry
    plan = membership.plan
    tokens = found.tokens or mine.tokens
    wanted = replace(found, addr=plan.addr, zone=plan.zone, versions=plan.versions, state=mine.state, tokens=tokens)
    after = replace(membership, entry=wanted)
    instructions: list[Instruction] = []
    if wanted != found:
        instructions.append(Publish(wanted, found, "entry differed from the instance"))
    if tokens != mine.tokens:
        instructions.append(SaveTokens(tokens))
    return Step(after, tuple(instructions))


def forget_silent(membership: Membership, view: View) -> Step:
    """Remove other instances that have been silent for the configured time."""
    limit = membership.plan.auto_forget_ms
    if limit <= 0:
        return Step(membership)
    silent = [
        Remove(other.id, f"forgotten by {membership.plan.id}: silent too long", other.heartbeat_ms)
        for other in view.ring
        if other.id != membership.plan.id and view.ring_ms - other.heartbeat_ms > limit
    ]
    return Step(membership, tuple(silent))


def leave(membership: Membership, found: Instance | None, ring_ms: int) -> Step:
    """Begin to leave: take no more writes. One that never became active has nothing to announce."""
    if membership.state in (InstanceState.PENDING, InstanceState.JOINING):
        return Step(replace(membership, join_at_ms=None, join_by_ms=None, observe_until_ms=None))
    state = step(membership.state, InstanceState.LEAVING)
    if found is None:
        again = _register_again(membership, ring_ms).membership.entry
        entry = replace(again, state=state)
    else:
        entry = replace(found, state=state)
    if entry == found:
        return Step(replace(membership, entry=entry))
    return Step(replace(membership, entry=entry), (Publish(entry, found, "leaving"),))


def finish(membership: Membership, unregister: bool | None = None) -> tuple[Instruction, ...]:
    """Return what is left to do when all data is safe; ``unregister`` overrides the plan."""
    wanted = membership.plan.unregister_on_shutdown if unregister is None else unregister
    return (Remove(membership.plan.id, "left"),) if wanted else ()


# ---------------------------------------------------------------------------------------------------------- details


def _caught_up(membership: Membership, found: Instance, clock_ms: int) -> Membership:
    """Return the membership in the state of its entry if a step led there whose answer got lost."""
    if found.state not in ALLOWED[membership.state] or found.state is InstanceState.PENDING or not found.tokens:
        return membership
    observing = found.state is InstanceState.JOINING
    return replace(
        membership,
        entry=replace(membership.entry, state=found.state),
        join_at_ms=None,
        join_by_ms=None,
        observe_until_ms=clock_ms + membership.plan.observe_period_ms if observing else None,
    )


def _register_again(membership: Membership, ring_ms: int) -> Step:
    entry = replace(membership.entry, registered_ms=ring_ms, heartbeat_ms=ring_ms)
    return Step(replace(membership, entry=entry), (Publish(entry, None, "entry was missing, registered again"),))


def _join(membership: Membership, found: Instance, view: View, clock_ms: int, rng: random.Random) -> Step:
    """Publish tokens: those of the entry, else those of the file, and new ones up to the configured number."""
    plan = membership.plan
    taken = view.ring.taken_tokens(besides=plan.id)
    held = attributed_tokens(view.ring, plan.id) or tuple(t for t in membership.spare_tokens if t not in taken)
    tokens = _filled(plan, held, taken, rng)
    if plan.observe_period_ms > 0:
        return _publish_tokens(membership, found, tokens, InstanceState.JOINING, view.revision, clock_ms)
    return _publish_tokens(membership, found, tokens, InstanceState.ACTIVE, view.revision, clock_ms)


def _end_observation(membership: Membership, found: Instance, view: View, clock_ms: int, rng: random.Random) -> Step:
    """Become active if no token was lost to another; otherwise replace the lost ones and watch for another period."""
    plan = membership.plan
    kept = attributed_tokens(view.ring, plan.id)
    if kept and len(kept) == len(found.tokens):
        return _publish_tokens(membership, found, kept, InstanceState.ACTIVE, view.revision, clock_ms)
    tokens = _filled(plan, kept, view.ring.taken_tokens(besides=plan.id), rng)
    return _publish_tokens(membership, found, tokens, InstanceState.JOINING, view.revision, clock_ms)


def _publish_tokens(
    membership: Membership,
    found: Instance,
    tokens: tuple[int, ...],
    state: InstanceState,
    revision: int,
    clock_ms: int,
) -> Step:
    plan = membership.plan
    entry = replace(
        found,
        addr=plan.addr,
        zone=plan.zone,
        versions=plan.versions,
        state=step(membership.state, state),
        tokens=tokens,
    )
    until = clock_ms + plan.observe_period_ms if state is InstanceState.JOINING else None
    reason = f"tokens published, observing for {plan.observe_period_ms} ms" if until is not None else "joined"
    instructions: tuple[Instruction, ...] = (Publish(entry, found, reason, revision),)
    if state is InstanceState.ACTIVE:
        instructions = (*instructions, SaveTokens(tokens))
    after = replace(membership, entry=entry, join_at_ms=None, join_by_ms=None, observe_until_ms=until)
    return Step(after, instructions)


def _filled(plan: Plan, held: tuple[int, ...], taken: set[int], rng: random.Random) -> tuple[int, ...]:
    """Return ``held`` with new tokens up to the configured number."""
    missing = plan.tokens_per_instance - len(held)
    if missing <= 0:
        return held
    return tuple(sorted((*held, *plan.token_source(plan.id, missing, taken | set(held), rng))))


def _resized(plan: Plan, held: tuple[int, ...], ring: RingDesc, rng: random.Random) -> tuple[int, ...]:
    """Return ``held`` with the configured number of tokens: more are drawn, or a random part is kept."""
    if len(held) > plan.tokens_per_instance:
        return tuple(sorted(rng.sample(held, plan.tokens_per_instance)))
    return _filled(plan, held, ring.taken_tokens(besides=plan.id), rng)


def validate(membership: Membership) -> list[str]:
    """Return the invariants that a membership breaks; none, unless there is a defect here."""
    entry, plan = membership.entry, membership.plan
    broken = []
    if (entry.id, entry.addr, entry.zone) != (plan.id, plan.addr, plan.zone):
        broken.append("the entry is not about the instance of the plan")
    if entry.state is not InstanceState.PENDING and not entry.tokens:
        broken.append(f"{entry.state} without tokens")
    if list(entry.tokens) != sorted(set(entry.tokens)):
        broken.append("tokens are not ascending and unique")
    if membership.join_at_ms is not None and entry.state is not InstanceState.PENDING:
        broken.append(f"{entry.state} but waiting to join")
    if membership.observe_until_ms is not None and entry.state is not InstanceState.JOINING:
        broken.append(f"{entry.state} but observing")
    return broken
