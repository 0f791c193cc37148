"""The series of a tenant: counted once each before anything is stored; known ones go on, those beyond are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ingest.distributor import series as module
from ingest.distributor.series import AWAY_SECONDS, WINDOW_SECONDS, SeriesLimiter
from ingest.distributor.types import ItemResult, Outcome, RawSeries
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.profiles.reasons import Reason
from ingest.profiles.record import decode_record, iter_records
from ingest.storage.acks import AckCode
from tests.unit.distributor.buckets import Clock, MemoryRegistry
from tests.unit.distributor.scripted_ingesters import NOW_NS, ScriptedIngesters, always, one_series
from tests.unit.profiles.pprof.pprof_model import Profile, Sample


class Tenant:
    """Distributors that share a registry, and one tenant that pushes through them."""

    def __init__(self, limit: int, distributors: int = 1) -> None:
        self.clock = Clock()
        self.registry = MemoryRegistry(self.clock)
        self.ingesters = ScriptedIngesters(always(*[AckCode.STORED] * 3))
        self.limits = replace(DEFAULT_LIMITS, max_global_series_per_tenant=limit)
        self.limiters = [SeriesLimiter(self.registry, self.clock) for _ in range(distributors)]
        self._pushes = 0

    def push(self, *series: RawSeries, through: int = 0) -> tuple[ItemResult, ...]:
        made = self.ingesters.distributor(limits_of=self._limits, series=self.limiters[through])
        return made.push("team-a", series, "push-1").items

    def outcome(self, number: int, through: int = 0) -> Outcome:
        """Push one profile of one series; its number makes the series."""
        (item,) = self.push(one_series(number), through=through)
        return item.outcome

    def _limits(self, tenant: str) -> Limits:
        return self.limits


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    made = Tenant(limit=3, distributors=2)
    yield made
    made.ingesters.batcher.close()


def test_new_series_are_refused_at_the_limit_and_known_ones_go_on(tenant: Tenant) -> None:
    assert [tenant.outcome(number) for number in range(4)] == [Outcome.STORED] * 3 + [Outcome.REJECTED]
    assert [tenant.outcome(number) for number in range(4)] == [Outcome.STORED] * 3 + [Outcome.REJECTED]
    assert tenant.registry.active("team-a") == 3


def test_the_refusal_names_the_limit_the_number_and_the_series(tenant: Tenant) -> None:
    for number in range(3):
        tenant.push(one_series(number))
    (item,) = tenant.push(one_series(7))
    assert item.reason is Reason.SERIES_LIMIT
    for words in ("3 active series of at most 3", "max_global_series_per_tenant", 'number="7"', "20 minutes"):
        assert words in item.message


def test_what_was_seen_by_one_distributor_is_known_through_the_others(tenant: Tenant) -> None:
    assert [tenant.outcome(number, through=number % 2) for number in range(3)] == [Outcome.STORED] * 3
    assert [tenant.outcome(number, through=1 - number % 2) for number in range(3)] == [Outcome.STORED] * 3
    assert tenant.outcome(3, through=1) is Outcome.REJECTED


def test_a_known_series_asks_nobody(tenant: Tenant) -> None:
    for _ in range(5):
        tenant.push(one_series(0))
    assert tenant.registry.asked == [1]


def test_every_series_is_asked_about_once_more_when_a_window_ends(tenant: Tenant) -> None:
    for _ in range(3):
        tenant.push(one_series(0))
        tenant.push(one_series(1))
        tenant.clock.seconds += WINDOW_SECONDS
    assert tenant.registry.asked == [1, 1] * 3


def test_a_series_that_falls_silent_makes_room_after_two_windows(tenant: Tenant) -> None:
    for number in range(3):
        tenant.push(one_series(number))
    tenant.clock.seconds += WINDOW_SECONDS
    assert [tenant.outcome(number) for number in (0, 1, 3)] == [Outcome.STORED, Outcome.STORED, Outcome.REJECTED]
    tenant.clock.seconds += WINDOW_SECONDS
    assert [tenant.outcome(number) for number in (0, 1, 3)] == [Outcome.STORED] * 3


def test_a_lowered_limit_refuses_new_series_and_a_raised_one_takes_them(tenant: Tenant) -> None:
    for number in range(3):
        tenant.push(one_series(number))
    tenant.limits = replace(tenant.limits, max_global_series_per_tenant=1)
    assert [tenant.outcome(number) for number in (0, 2, 5)] == [Outcome.STORED, Outcome.STORED, Outcome.REJECTED]
    tenant.limits = replace(tenant.limits, max_global_series_per_tenant=4)
    assert tenant.outcome(5) is Outcome.STORED


def test_each_sample_type_is_a_series(tenant: Tenant) -> None:
    heap = Profile([Sample((("f", "a", 1),), (1, 2))], types=[("space", "bytes"), ("objects", "count")])
    labels = (("__name__", "memory"), ("service_name", "web"))
    one, other = (replace(heap, time_ns=NOW_NS + number).encode() for number in range(2))
    assert tenant.push(RawSeries(labels, (one,)))[0].outcome is Outcome.STORED
    assert tenant.registry.active("team-a") == 2
    # Two more would be four of three: the group is refused whole, and counts nothing.
    assert tenant.push(RawSeries((*labels, ("pod", "b")), (other,)))[0].outcome is Outcome.REJECTED
    assert tenant.registry.active("team-a") == 2
    assert tenant.outcome(0) is Outcome.STORED


def test_of_a_profile_whose_samples_make_series_those_that_fit_are_stored(tenant: Tenant) -> None:
    samples = [Sample((("f", "a", 1),), (1,), (("route", f"/{number}"),)) for number in range(5)]
    labels = (("__name__", "cpu"), ("service_name", "web"))
    (item,) = tenant.push(
        RawSeries(labels, (Profile(samples, types=[("cpu", "nanoseconds")], time_ns=NOW_NS).encode(),))
    )
    assert (item.outcome, item.reason, item.series_count) == (Outcome.REJECTED, Reason.SERIES_LIMIT, 3)
    (batch,) = tenant.ingesters.batches
    groups = [
        group for body in batch.payloads.values() for view in iter_records(body) for group in decode_record(view).groups
    ]
    assert len(groups) == len({group.labels for group in groups}) == 3


def test_one_refused_series_costs_the_others_of_a_request_nothing(tenant: Tenant) -> None:
    outcomes = [item.outcome for item in tenant.push(*[one_series(number) for number in range(5)])]
    assert outcomes == [Outcome.STORED] * 3 + [Outcome.REJECTED] * 2
    assert tenant.registry.asked == [5]


def test_while_the_registry_is_away_all_pass_and_are_asked_about_later(tenant: Tenant) -> None:
    tenant.registry.away = True
    assert [tenant.outcome(number) for number in range(9)] == [Outcome.STORED] * 9
    tenant.registry.away = False
    assert tenant.outcome(0) is Outcome.STORED
    assert tenant.registry.asked == []
    tenant.clock.seconds += AWAY_SECONDS
    assert [tenant.outcome(number) for number in range(4)] == [Outcome.STORED] * 3 + [Outcome.REJECTED]


def test_without_a_limit_nobody_is_asked() -> None:
    tenant = Tenant(limit=0)
    assert [tenant.outcome(number) for number in range(9)] == [Outcome.STORED] * 9
    assert tenant.registry.asked == []
    tenant.ingesters.batcher.close()


def test_an_answer_of_a_window_that_has_ended_is_not_remembered(tenant: Tenant) -> None:
    """Two pushes at the end of a window: the answer of the later one comes first."""
    tenant.push(one_series(0))
    tenant.clock.seconds += WINDOW_SECONDS
    tenant.push(one_series(1))
    limiter = tenant.limiters[0]
    late = module.Registered((), 1, int(tenant.clock.seconds // WINDOW_SECONDS) - 1, 0.0)
    limiter._remember("team-a", [123], tenant.clock.seconds, late)
    assert not any(123 in known for known in limiter._known.values())


def test_what_is_remembered_is_bounded(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 10)
    tenant.limits = replace(tenant.limits, max_global_series_per_tenant=1000)
    for number in range(25):
        assert tenant.outcome(number) is Outcome.STORED
    assert sum(map(len, tenant.limiters[0]._known.values())) <= 10
    assert tenant.registry.active("team-a") == 25
