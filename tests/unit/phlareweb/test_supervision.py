"""The decisions of the supervisor: a script of events with times, and the instructions each must give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phlareweb.up.backoff import Backoff
from phlareweb.up.machine import (
    ALLOWED,
    FIRST_START_ATTEMPTS,
    Announce,
    BecameReady,
    Event,
    Exited,
    InvalidTransition,
    Kill,
    KillRequested,
    Rules,
    Say,
    Start,
    State,
    StopRequested,
    Supervision,
    Terminate,
    Tick,
)

BACKOFF = Backoff(base_seconds=1.0, factor=2.0, max_seconds=8.0, jitter=0.5, stable_after_seconds=60.0)
REDIS = Rules("redis", start_stage=0, stop_stage=9)
MIGRATE = Rules("migrate", start_stage=0, stop_stage=0, is_task=True)
WEB = Rules("web", start_stage=1, stop_stage=0, stop_timeout_seconds=5.0)
FORMATS = Rules("formats", start_stage=2, stop_stage=0, is_task=True, is_needed=False)
INGESTER = Rules("ingester", start_stage=1, stop_stage=1, stop_timeout_seconds=20.0)


def supervision(*rules: Rules, draw: float = 0.0) -> Supervision:
    return Supervision(rules or (REDIS, MIGRATE, WEB, INGESTER), BACKOFF, lambda: draw)


def commands(supervised: Supervision, event: Event, now: float = 0.0) -> list[object]:
    """Return the instructions without those that only speak."""
    return [done for done in supervised.handle(event, now) if not isinstance(done, Say)]


def started(*rules: Rules) -> Supervision:
    """Return a supervision in which everything is ready."""
    supervised = supervision(*rules)
    supervised.handle(Tick(), 0.0)
    for _ in range(2):
        for name in supervised.names_in(State.STARTING):
            supervised.handle(Exited(name, 0) if name == "migrate" else BecameReady(name), 0.0)
    assert supervised.is_announced
    return supervised


class TestStart:
    def test_the_first_stage_starts_at_once_and_the_second_waits_for_all_of_it(self):
        supervised = supervision()
        assert commands(supervised, Tick()) == [Start("redis"), Start("migrate")]
        assert commands(supervised, BecameReady("redis")) == []
        assert commands(supervised, Exited("migrate", 0)) == [Start("web"), Start("ingester")]

    def test_the_last_one_ready_announces_everything_once(self):
        supervised = supervision(REDIS, WEB)
        supervised.handle(Tick(), 0.0)
        assert commands(supervised, BecameReady("redis")) == [Start("web")]
        assert commands(supervised, BecameReady("web")) == [Announce()]
        assert commands(supervised, Tick()) == []

    def test_what_is_not_needed_starts_when_all_is_ready_and_is_not_waited_for(self):
        supervised = supervision(REDIS, FORMATS, WEB)
        assert commands(supervised, Tick()) == [Start("redis")]
        assert commands(supervised, BecameReady("redis")) == [Start("web")]
        assert commands(supervised, BecameReady("web")) == [Start("formats"), Announce()]
        assert commands(supervised, Exited("formats", 0)) == []

    @pytest.mark.parametrize(("code", "how"), [(3, "ended with status 3"), (-9, "was killed by signal 9")])
    def test_what_is_not_needed_fails_with_a_word_and_nothing_else(self, code: int, how: str):
        supervised = started(REDIS, WEB, FORMATS)
        assert supervised.handle(Exited("formats", code), 1.0) == [Say(f"formats {how}")]
        assert commands(supervised, Tick(), 100.0) == []
        assert supervised.exit_code == 0
        assert commands(supervised, StopRequested(), 100.0) == [Terminate("web")]

    def test_a_task_that_fails_ends_everything(self):
        supervised = supervision()
        supervised.handle(Tick(), 0.0)
        done = supervised.handle(Exited("migrate", 3), 0.0)
        assert Say("migrate ended with status 3; giving up") in done
        assert Terminate("redis") in done
        supervised.handle(Exited("redis", 0), 0.0)
        assert supervised.is_finished
        assert supervised.exit_code == 1

    def test_a_server_that_never_gets_ready_ends_everything_after_some_attempts(self):
        supervised = supervision(WEB)
        now = 0.0
        supervised.handle(Tick(), now)
        for _ in range(FIRST_START_ATTEMPTS - 1):
            supervised.handle(Exited("web", 1), now)
            assert not supervised.is_stopping
            now += 100.0
            assert commands(supervised, Tick(), now) == [Start("web")]
        supervised.handle(Exited("web", 1), now)
        assert supervised.is_finished
        assert supervised.exit_code == 1


class TestRestart:
    def test_a_server_that_dies_is_started_again_after_its_pause_and_the_operator_is_told(self):
        supervised = started(REDIS, WEB)
        assert supervised.handle(Exited("web", -9), 10.0) == [
            Say("web was killed by signal 9; starting it again in 1.0 s")
        ]
        assert commands(supervised, Tick(), 10.9) == []
        assert commands(supervised, Tick(), 11.0) == [Start("web")]

    def test_the_pause_doubles_while_it_keeps_dying(self):
        supervised = started(WEB)
        now, pauses = 0.0, []
        for _ in range(5):
            (said,) = supervised.handle(Exited("web", 1), now)
            assert isinstance(said, Say)
            pauses.append(float(said.text.split(" in ")[1].split()[0]))
            now += pauses[-1]
            supervised.handle(Tick(), now)
        assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0]

    def test_a_server_that_lived_long_starts_with_a_short_pause_again(self):
        supervised = started(WEB)
        supervised.handle(Exited("web", 1), 0.0)
        supervised.handle(Tick(), 1.0)
        (said,) = supervised.handle(Exited("web", 1), 1.0 + BACKOFF.stable_after_seconds)
        assert said == Say("web ended with status 1; starting it again in 1.0 s")

    def test_even_a_clean_end_of_a_server_is_a_death(self):
        supervised = started(WEB)
        assert supervised.handle(Exited("web", 0), 0.0) == [Say("web ended with status 0; starting it again in 1.0 s")]

    def test_after_the_first_start_nobody_waits_for_redis_to_come_back(self):
        supervised = started()
        supervised.handle(Exited("redis", -9), 0.0)
        supervised.handle(Exited("web", -9), 0.0)
        assert set(map(repr, commands(supervised, Tick(), 1.0))) == {repr(Start("redis")), repr(Start("web"))}


class TestStop:
    def test_each_stage_ends_only_when_the_one_before_is_gone(self):
        supervised = started()
        assert commands(supervised, StopRequested()) == [Terminate("web")]
        assert commands(supervised, Exited("web", 0)) == [Terminate("ingester")]
        assert commands(supervised, Exited("ingester", 0)) == [Terminate("redis")]
        assert commands(supervised, Exited("redis", 0)) == []
        assert supervised.is_finished
        assert supervised.exit_code == 0

    def test_what_takes_too_long_is_killed_once_and_the_exit_status_tells(self):
        supervised = started()
        supervised.handle(StopRequested(), 100.0)
        assert commands(supervised, Tick(), 104.9) == []
        assert commands(supervised, Tick(), 105.0) == [Kill("web")]
        assert commands(supervised, Tick(), 106.0) == []
        assert commands(supervised, Exited("web", -9), 106.0) == [Terminate("ingester")]
        assert supervised.exit_code == 1

    def test_the_time_of_a_stage_counts_from_its_own_turn(self):
        supervised = started()
        supervised.handle(StopRequested(), 0.0)
        supervised.handle(Exited("web", 0), 4.0)
        assert commands(supervised, Tick(), 23.9) == []
        assert commands(supervised, Tick(), 24.0) == [Kill("ingester")]

    def test_one_that_dies_before_its_turn_is_not_started_again(self):
        supervised = started()
        supervised.handle(StopRequested(), 0.0)
        supervised.handle(Exited("ingester", -9), 1.0)
        assert commands(supervised, Tick(), 100.0) == [Kill("web")]
        assert commands(supervised, Exited("web", -9), 100.0) == [Terminate("redis")]

    def test_one_that_waits_for_its_restart_is_left_alone(self):
        supervised = started(REDIS, WEB)
        supervised.handle(Exited("web", 1), 0.0)
        assert commands(supervised, StopRequested(), 0.5) == [Terminate("redis")]
        supervised.handle(Exited("redis", 0), 0.6)
        assert supervised.is_finished

    def test_a_stop_during_the_start_ends_what_has_started_and_starts_nothing_more(self):
        supervised = supervision()
        supervised.handle(Tick(), 0.0)
        assert commands(supervised, StopRequested()) == [Terminate("migrate")]
        assert commands(supervised, Exited("migrate", 0)) == [Terminate("redis")]
        supervised.handle(Exited("redis", 0), 0.0)
        assert supervised.is_finished

    def test_the_second_request_kills_everything_at_once(self):
        supervised = started()
        supervised.handle(StopRequested(), 0.0)
        assert commands(supervised, KillRequested()) == [Kill("redis"), Kill("web"), Kill("ingester")]
        assert supervised.exit_code == 1


def test_an_impossible_change_of_state_raises():
    supervised = started(WEB)
    supervised.handle(StopRequested(), 0.0)
    supervised.handle(Exited("web", 0), 0.0)
    with pytest.raises(InvalidTransition, match="web: stopped -> stopped"):
        supervised.handle(Exited("web", 0), 0.0)


def test_every_state_has_its_row_of_transitions():
    assert set(ALLOWED) == set(State)


_STEPS = st.lists(
    st.tuples(st.sampled_from(["tick", "ready", "die", "end", "stop", "kill"]), st.integers(0, 3), st.floats(0, 40)),
    max_size=60,
)


@given(_STEPS)
def test_whatever_happens_nothing_starts_twice_or_after_a_stop_and_all_ends_in_order(steps):
    """Plays any history in which only live processes report, and checks the instructions against what is alive."""
    supervised = supervision(REDIS, MIGRATE, WEB, INGESTER, FORMATS, draw=0.3)
    rules = {rule.name: rule for rule in (REDIS, MIGRATE, WEB, INGESTER, FORMATS)}
    alive: set[str] = set()
    now = 0.0

    def play(event: Event) -> None:
        if isinstance(event, Exited):
            alive.discard(event.name)
        for done in supervised.handle(event, now):
            match done:
                case Start(name):
                    assert name not in alive
                    assert not supervised.is_stopping
                    alive.add(name)
                case Terminate(name):
                    assert name in alive
                    assert all(rules[name].stop_stage <= rules[other].stop_stage for other in alive)
                case Kill(name):
                    assert name in alive
                case _:
                    pass

    play(Tick())
    for what, which, later in steps:
        now += later
        name = sorted(alive)[which % len(alive)] if alive else None
        if what == "tick" or (name is None and what in ("ready", "die", "end")):
            play(Tick())
        elif what == "stop":
            play(StopRequested())
        elif what == "kill":
            play(KillRequested())
        elif what == "ready" and name is not None and not rules[name].is_task:
            play(BecameReady(name))
        elif name is not None:
            play(Exited(name, 0 if what == "end" else -9))
    play(StopRequested())
    while alive:
        play(Exited(sorted(alive)[0], 0))
    assert supervised.is_finished
