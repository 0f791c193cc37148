"""What the ring page says: rows, shares, and problems in sentences."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ring.core.replication import Refusal
from ring.core.states import WRITE
from ring.core.tokens import RING_SIZE
from ring.status import RingStatus, ring_status
from tests.unit.ring.rings import NOW_MS, instance, random_ring, snapshot, spaced


def status(states: str, factor: int = 3, zones: str = "", **more: object) -> RingStatus:
    ring = snapshot(spaced(states, zones or ("",)), factor, bool(zones))
    return ring_status(ring, NOW_MS, "test", **more)  # type: ignore[arg-type]


def test_each_instance_has_a_row_in_the_order_of_ids() -> None:
    ring = snapshot(
        [
            instance("b", (7, 8, 9, 10), zone="z2", registered_ms=0, read_only_updated_ms=5000),
            instance("a", (3, 4, 5), zone="z1", registered_ms=2500, read_only=True, read_only_updated_ms=1000),
        ],
        zones=True,
    )
    first, second = ring_status(ring, NOW_MS).instances
    assert (first.id, first.addr, first.zone, first.tokens, first.ownership) == ("a", "queue.a", "z1", 3, 1.0)
    assert (first.heartbeat_age_seconds, first.registered_at) == (1.0, 2.5)
    assert (first.read_only, first.read_only_updated_at) == (True, 1.0)
    assert (second.id, second.tokens, second.ownership, second.registered_at) == ("b", 4, 1.0, None)
    assert (second.read_only, second.read_only_updated_at) == (False, 5.0)


@pytest.mark.parametrize(
    ("state", "shown", "healthy", "writable", "readable"),
    [
        ("A", "ACTIVE", True, True, True),
        ("P", "PENDING", True, False, True),
        ("J", "JOINING", True, False, False),
        ("L", "LEAVING", True, False, True),
        ("S", "UNHEALTHY", False, False, False),
    ],
)
def test_an_old_heartbeat_is_shown_as_unhealthy_and_the_stored_state_is_kept(
    state: str, shown: str, healthy: bool, writable: bool, readable: bool
) -> None:
    (row,) = status(state).instances
    assert (row.shown_state, row.healthy, row.writable, row.readable) == (shown, healthy, writable, readable)
    assert row.state == ("ACTIVE" if state == "S" else shown)


def test_every_state_is_counted_also_those_of_nobody() -> None:
    assert status("AAL").by_state == {"PENDING": 0, "JOINING": 0, "ACTIVE": 2, "LEAVING": 1, "UNHEALTHY": 0}


@pytest.mark.parametrize(
    ("states", "factor", "zones", "expected"),
    [
        pytest.param("AAA", 3, "", [], id="all is well"),
        pytest.param("AAA", 3, "abc", [], id="all is well in three zones"),
        pytest.param("", 3, "", ["The ring is empty"], id="empty"),
        pytest.param("AA", 3, "", ["has 2 instances: only 2 copies of each series are kept."], id="fewer than copies"),
        pytest.param(
            "A", 3, "", ["2 copies are needed for a quorum, so every push is refused", "Reads cannot"], id="no quorum"
        ),
        pytest.param("AAAA", 3, "ab", ["there are 2 zones, and a zone holds one copy: only 2 copies"], id="two zones"),
        pytest.param("AAAA", 3, "a", ["there is 1 zone", "every push is refused"], id="one zone"),
        pytest.param("AAAAS", 3, "", ["i4 has sent no heartbeat", "still reaches a quorum"], id="one silent"),
        pytest.param("ASS", 3, "", ["i1, i2 have sent no heartbeat", "Pushes of 100 % of the series"], id="two silent"),
        pytest.param("AAALL", 3, "a", ["there is 1 zone"], id="zones come before health"),
        pytest.param("AAAA", 3, ("a", "b", "c", ""), ["Some instances have no zone"], id="an instance without a zone"),
    ],
)
def test_problems_are_sentences(states: str, factor: int, zones: str, expected: list[str]) -> None:
    problems = " ".join(status(states, factor, zones).problems)
    assert bool(problems) == bool(expected)
    for part in expected:
        assert part in problems


def test_no_tokens_at_all_is_a_problem_of_its_own() -> None:
    assert ring_status(snapshot([instance("a"), instance("b"), instance("c")]), NOW_MS).problems[0].startswith("No ")


def test_an_even_factor_is_a_notice_and_no_problem() -> None:
    found = status("AAAA", 4)
    assert found.problems == ()
    assert found.notices == (
        "The replication factor 4 is even: a push needs 3 of 4 copies, so it tolerates 1 failure, as 3 would.",
    )


def test_a_single_instance_is_told_what_hangs_on_it() -> None:
    (notice,) = status("A", 1).notices
    assert notice.startswith("i0 is the only instance: while it is away no push is stored")
    assert not [text for text in status("S", 1).notices if "only instance" in text], "then it is a problem"


def test_a_store_that_is_away_is_the_first_problem() -> None:
    assert status("AAA", stale_seconds=12.4).problems[0].startswith("Redis has not answered for 12 s.")


def test_what_is_on_its_way_is_a_notice_and_no_problem() -> None:
    found = status("AAAAL")
    assert found.problems == ()
    assert found.notices == ("i4 is leaving: it takes no new writes and uploads what it holds.",)


def test_a_sliver_of_the_circle_is_not_told_in_powers_of_ten() -> None:
    members = [instance("a", (RING_SIZE - 1,)), instance("b", (9,)), instance("c", (99,), "S"), instance("d", (999,))]
    found = ring_status(snapshot(members, 1), NOW_MS)
    assert 0 < 1 - found.writable_share < 1e-6
    assert "Pushes of under 0.1 % of the series are refused." in found.problems[0]


@pytest.mark.parametrize(
    ("others", "share", "problem"),
    [
        pytest.param("AA", 1.0, "", id="the others are a quorum"),
        pytest.param("AS", 0.0, "i1 has sent no heartbeat for longer than the timeout. Pushes of 100 %", id="and one"),
        pytest.param("AL", 0.0, "Pushes of 100 % of the series are refused: too few instances take writes.", id="L"),
        pytest.param("AAS", 1.0, "still reaches a quorum", id="two are left in a ring of four"),
    ],
)
def test_one_that_is_read_only_is_no_copy_of_what_is_pushed(others: str, share: float, problem: str) -> None:
    members = [*spaced(others), instance("reads", (1000,), read_only=True, read_only_updated_ms=1)]
    found = ring_status(snapshot(members), NOW_MS)
    assert found.writable_share == share
    assert problem in " ".join(found.problems)
    assert bool(problem) == bool(found.problems)
    assert found.notices[-1] == "reads is read-only: it takes no pushes and still answers queries."


@pytest.mark.parametrize("states", ["A", "AAASS", "AALS"])
def test_the_writable_share_is_that_of_random_keys(states: str) -> None:
    ring = snapshot(random_ring(9, "abc", states=states, seed=8), 3, True)
    keys = np.random.default_rng(1).integers(0, RING_SIZE, 20_000).astype(np.uint32)
    sets = ring.replica_sets(keys, WRITE, NOW_MS)
    sampled = sum(not isinstance(found, Refusal) for found in sets) / len(sets)
    assert ring_status(ring, NOW_MS).writable_share == pytest.approx(sampled, abs=0.02)


def test_the_spread_is_the_largest_distance_from_the_mean_share() -> None:
    half = RING_SIZE // 4
    ring = snapshot([instance("a", (half,)), instance("b", (RING_SIZE - 1,))])
    assert ring_status(ring, NOW_MS).ownership_spread == pytest.approx(0.5)
    assert status("").ownership_spread == 0.0


def test_it_goes_into_json_whole() -> None:
    content = json.loads(json.dumps(status("AAS").as_json()))
    assert content["healthy_count"] == 2
    assert [row["shown_state"] for row in content["instances"]] == ["ACTIVE", "ACTIVE", "UNHEALTHY"]
    assert content["problems"]
