"""The life of one instance: what it makes of what it finds, and what it may never do."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from ring.core import lifecycle
from ring.core.desc import Instance, RingDesc
from ring.core.lifecycle import Membership, Plan, Publish, Remove, SaveTokens, Step, View
from ring.core.states import InstanceState
from tests.unit.ring.rings import NOW_MS, instance

RNG = random.Random(1)
A, P, J, L = InstanceState.ACTIVE, InstanceState.PENDING, InstanceState.JOINING, InstanceState.LEAVING


def plan(**fields: object) -> Plan:
    return Plan(**{"id": "me", "addr": "queue.me", "zone": "z", "tokens_per_instance": 4, **fields})  # type: ignore[arg-type]


def view(*entries: Instance, revision: int = 7) -> View:
    return View(RingDesc.of(entries), NOW_MS, revision)


def mine(tokens: tuple[int, ...], state: str, **fields: object) -> Instance:
    return instance("me", tokens, state, "z", **fields)


def published(step: Step) -> list[Publish]:
    return [one for one in step.instructions if isinstance(one, Publish)]


def saved(step: Step) -> list[tuple[int, ...]]:
    return [one.tokens for one in step.instructions if isinstance(one, SaveTokens)]


class TestStart:
    @pytest.mark.parametrize(
        ("found", "file", "state", "tokens"),
        [
            pytest.param(None, (), P, (), id="nothing at all: pending without tokens"),
            pytest.param(None, (1, 2, 3, 4), A, (1, 2, 3, 4), id="a full tokens file: active at once"),
            pytest.param(None, (1, 2, 3, 4, 5), A, (1, 2, 3, 4, 5), id="a tokens file with more: all are kept"),
            pytest.param(None, (1, 2), P, (), id="a tokens file with fewer: pending"),
            pytest.param(mine((), "P"), (), P, (), id="crashed before joining"),
            pytest.param(mine((1, 2), "P"), (), P, (1, 2), id="pending with tokens keeps them"),
            pytest.param(mine((1, 2, 3, 4), "J"), (), P, (1, 2, 3, 4), id="crashed while joining: joins anew"),
            pytest.param(mine((1, 2, 3, 4), "J"), (5, 6, 7, 8), P, (1, 2, 3, 4), id="the entry counts, not the file"),
            pytest.param(mine((1, 2, 3, 4), "L"), (), A, (1, 2, 3, 4), id="a leave is taken back"),
            pytest.param(mine((1, 2, 3, 4), "A"), (), A, (1, 2, 3, 4), id="crashed while active"),
            pytest.param(mine((1, 2), "A"), (), A, (1, 2), id="active with other than the configured number"),
            pytest.param(mine((), "A"), (), P, (), id="active without tokens is not believed"),
            pytest.param(mine((), "A"), (1, 2, 3, 4), A, (1, 2, 3, 4), id="no tokens in the entry: those of the file"),
        ],
    )
    def test_what_is_found_decides(
        self, found: Instance | None, file: tuple[int, ...], state: InstanceState, tokens: tuple[int, ...]
    ) -> None:
        step = lifecycle.start(plan(), view(*([found] if found else [])), file, 0, RNG)
        (publish,) = published(step)
        assert (publish.entry.state, publish.entry.tokens) == (state, tokens)
        assert publish.expected == found
        assert step.membership.entry == publish.entry
        assert lifecycle.validate(step.membership) == []

    def test_a_leaver_with_too_few_tokens_gets_more_and_keeps_its_own(self) -> None:
        step = lifecycle.start(plan(tokens_per_instance=128), view(mine(tuple(range(64)), "L")), (), 0, RNG)
        assert len(step.membership.entry.tokens) == 128
        assert set(range(64)) < set(step.membership.entry.tokens)
        assert published(step)[0].revision == 7, "new tokens are bound to the ring they were drawn for"

    def test_a_leaver_with_too_many_tokens_keeps_a_part(self) -> None:
        held = tuple(range(128))
        step = lifecycle.start(plan(tokens_per_instance=64), view(mine(held, "L")), (), 0, RNG)
        assert len(step.membership.entry.tokens) == 64
        assert set(step.membership.entry.tokens) < set(held)

    def test_the_registration_is_kept_with_the_entry_and_new_without(self) -> None:
        kept = lifecycle.start(plan(), view(mine((1, 2, 3, 4), "A", registered_ms=5)), (), 0, RNG)
        assert kept.membership.entry.registered_ms == 5
        unknown = lifecycle.start(plan(), view(mine((1, 2, 3, 4), "A", registered_ms=0)), (), 0, RNG)
        assert unknown.membership.entry.registered_ms == 0
        fresh = lifecycle.start(plan(), view(), (1, 2, 3, 4), 0, RNG)
        assert fresh.membership.entry.registered_ms == NOW_MS

    def test_address_and_zone_are_those_of_now(self) -> None:
        before = replace(mine((1, 2, 3, 4), "A"), addr="old", zone="old", versions=(("x", 1),))
        entry = lifecycle.start(plan(versions=(("x", 2),)), view(before), (), 0, RNG).membership.entry
        assert (entry.addr, entry.zone, entry.versions) == ("queue.me", "z", (("x", 2),))

    def test_the_read_only_flag_is_taken_over(self) -> None:
        found = mine((1, 2, 3, 4), "L", read_only=True, read_only_updated_ms=9)
        entry = lifecycle.start(plan(), view(found), (), 0, RNG).membership.entry
        assert (entry.read_only, entry.read_only_updated_ms) == (True, 9)

    def test_tokens_of_the_file_that_others_took_are_not_claimed(self) -> None:
        other = instance("other", (2, 3))
        step = lifecycle.start(plan(), view(other), (1, 2, 3, 4), 0, RNG)
        assert step.membership.state is P
        joined = lifecycle.look(step.membership, view(other, step.membership.entry), 0, RNG)
        tokens = joined.membership.entry.tokens
        assert {1, 4} < set(tokens)
        assert not {2, 3} & set(tokens)
        assert len(tokens) == 4


class TestJoin:
    def pending(self, **fields: object) -> Membership:
        return lifecycle.start(plan(**fields), view(), (), 1000, RNG).membership

    def test_without_waits_it_is_active_at_the_first_look(self) -> None:
        before = self.pending()
        step = lifecycle.look(before, view(before.entry), 1000, RNG)
        assert step.membership.state is A
        assert len(step.membership.entry.tokens) == 4
        assert published(step)[0].revision == 7
        assert saved(step) == [step.membership.entry.tokens]
        assert step.membership.due_ms() is None

    def test_it_joins_not_before_the_wait_is_over(self) -> None:
        before = self.pending(join_after_ms=500)
        assert before.due_ms() == 1500
        assert lifecycle.look(before, view(before.entry), 1499, RNG) == Step(before)
        assert lifecycle.look(before, view(before.entry), 1500, RNG).membership.state is A

    @pytest.mark.parametrize(("state", "registered"), [("J", 5), ("L", 5)])
    def test_beside_another_instance_the_own_tokens_are_kept(self, state: str, registered: int) -> None:
        other = instance("other", (2, 3))
        found = mine((1, 4), state, registered_ms=registered)
        membership = lifecycle.start(plan(tokens_per_instance=2), view(found, other), (), 0, RNG).membership
        if membership.state is P:
            membership = lifecycle.look(membership, view(membership.entry, other), 0, RNG).membership
        assert membership.entry.state is A
        assert membership.entry.tokens == (1, 4)
        assert membership.entry.registered_ms == registered

    def test_tokens_are_observed_before_it_is_active(self) -> None:
        before = self.pending(observe_period_ms=300)
        joining = lifecycle.look(before, view(before.entry), 1000, RNG).membership
        assert (joining.state, joining.due_ms()) == (J, 1300)
        assert lifecycle.look(joining, view(joining.entry), 1299, RNG) == Step(joining)
        active = lifecycle.look(joining, view(joining.entry), 1300, RNG)
        assert active.membership.state is A
        assert active.membership.entry.tokens == joining.entry.tokens

    def test_tokens_lost_while_observing_are_replaced_and_observed_again(self) -> None:
        before = self.pending(tokens_per_instance=5, observe_period_ms=300)
        joining = lifecycle.look(before, view(before.entry), 1000, RNG).membership
        kept, lost = joining.entry.tokens[:2], joining.entry.tokens[2:]
        thief = instance("a-lower-id", lost)
        again = lifecycle.look(joining, view(joining.entry, thief), 1300, RNG).membership
        assert (again.state, again.due_ms()) == (J, 1600)
        assert set(kept) < set(again.entry.tokens)
        assert not set(lost) & set(again.entry.tokens)
        assert len(again.entry.tokens) == 5
        assert lifecycle.look(again, view(again.entry, thief), 1600, RNG).membership.state is A

    def test_an_entry_that_vanished_while_waiting_is_written_again(self) -> None:
        before = self.pending(join_after_ms=500)
        step = lifecycle.look(before, view(), 1500, RNG)
        assert step.membership.state is P
        assert published(step)[0].expected is None


class TestHeartbeat:
    def active(self, **fields: object) -> Membership:
        return lifecycle.start(plan(**fields), view(mine((1, 2, 3, 4), "A")), (), 0, RNG).membership

    def test_an_entry_as_it_should_be_needs_nothing(self) -> None:
        before = self.active()
        assert lifecycle.beat(before, before.entry, NOW_MS, 0).instructions == ()

    def test_a_lost_entry_is_registered_now_with_the_same_tokens(self) -> None:
        before = self.active()
        step = lifecycle.beat(before, None, NOW_MS + 5, 0)
        (publish,) = published(step)
        assert publish.entry.tokens == before.entry.tokens
        assert publish.entry.state is A
        assert publish.entry.registered_ms == NOW_MS + 5
        assert publish.expected is None

    def test_address_zone_and_state_are_put_right(self) -> None:
        before = self.active()
        found = replace(before.entry, addr="x", zone="y", state=P)
        (publish,) = published(lifecycle.beat(before, found, NOW_MS, 0))
        assert publish.entry == before.entry
        assert publish.expected == found

    def test_tokens_registration_and_read_only_come_from_the_entry(self) -> None:
        before = self.active()
        found = replace(before.entry, tokens=(1, 9), registered_ms=3, read_only=True, read_only_updated_ms=4)
        step = lifecycle.beat(before, found, NOW_MS, 0)
        assert step.membership.entry == found
        assert step.instructions == (SaveTokens((1, 9)),)

    def test_tokens_are_never_taken_away_by_an_entry_without_any(self) -> None:
        before = self.active()
        step = lifecycle.beat(before, replace(before.entry, tokens=()), NOW_MS, 0)
        assert published(step)[0].entry.tokens == (1, 2, 3, 4)

    def test_a_step_whose_answer_was_lost_is_not_undone(self) -> None:
        before = lifecycle.start(plan(), view(), (), 0, RNG).membership
        done = lifecycle.look(before, view(before.entry), 0, RNG).membership
        after = lifecycle.beat(before, done.entry, NOW_MS, 0)
        assert published(after) == []
        assert after.membership.state is A
        assert lifecycle.validate(after.membership) == []


class TestLeave:
    def test_an_active_instance_announces_it_and_keeps_its_tokens(self) -> None:
        before = TestHeartbeat().active()
        step = lifecycle.leave(before, before.entry, NOW_MS)
        assert published(step)[0].entry == replace(before.entry, state=L)
        again = lifecycle.leave(step.membership, step.membership.entry, NOW_MS)
        assert again.instructions == (), "saying it twice changes nothing"

    def test_one_that_is_not_active_yet_has_nothing_to_announce(self) -> None:
        before = lifecycle.start(plan(join_after_ms=9), view(), (), 0, RNG).membership
        step = lifecycle.leave(before, before.entry, NOW_MS)
        assert step.instructions == ()
        assert step.membership.due_ms() is None, "and it will not join any more"

    def test_one_the_ring_lost_is_written_as_leaving(self) -> None:
        (publish,) = published(lifecycle.leave(TestHeartbeat().active(), None, NOW_MS))
        assert (publish.entry.state, publish.entry.registered_ms, publish.expected) == (L, NOW_MS, None)

    @pytest.mark.parametrize(
        ("configured", "override", "removed"),
        [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
    )
    def test_the_entry_is_removed_if_configured_or_told(
        self, configured: bool, override: bool | None, removed: bool
    ) -> None:
        membership = TestHeartbeat().active(unregister_on_shutdown=configured)
        expected = (Remove("me", "left"),) if removed else ()
        assert lifecycle.finish(membership, override) == expected


@pytest.mark.parametrize(
    ("limit_ms", "age_seconds", "forgotten"),
    [
        pytest.param(60_000, 0, False, id="fresh"),
        pytest.param(60_000, 55, False, id="almost"),
        pytest.param(60_000, 60, False, id="exactly at the limit"),
        pytest.param(60_000, 65, True, id="silent too long"),
        pytest.param(0, 10**6, False, id="never, unless configured"),
    ],
)
def test_others_are_forgotten_by_their_heartbeat_only(limit_ms: int, age_seconds: int, forgotten: bool) -> None:
    membership = TestHeartbeat().active(auto_forget_ms=limit_ms)
    heartbeat_ms = NOW_MS - age_seconds * 1000
    other = instance("other", (9,), heartbeat_ms=heartbeat_ms)
    own = replace(membership.entry, heartbeat_ms=0)
    step = lifecycle.forget_silent(membership, view(own, other))
    removals = [(one.instance_id, one.heartbeat_ms) for one in step.instructions if isinstance(one, Remove)]
    assert removals == ([("other", heartbeat_ms)] if forgotten else [])
