"""Copies, instances and zones that do not fit, each in a sentence that says what fails or is given up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ring.core.findings import Weight, placement_findings, zones_given_up
from ring.core.hashring import Snapshot
from ring.core.replication import Refusal, RingRules
from ring.core.states import WRITE
from tests.unit.ring.rings import NOW_MS, random_ring, snapshot

I, P, N = Weight.IMPOSSIBLE, Weight.PROBLEM, Weight.NOTICE  # noqa: E741


@pytest.mark.parametrize(
    ("factor", "zones", "aware", "expected"),
    [
        pytest.param(3, "abc", True, [], id="all is well"),
        pytest.param(3, ["", "", ""], False, [], id="all is well without zones"),
        pytest.param(3, ["", "", ""], True, [(I, "there is 1 zone")], id="zones wanted and none given"),
        pytest.param(1, "a", True, [], id="one copy on one instance"),
        pytest.param(
            3, "ab", True, [(P, "3 but the ring has 2 instances: only 2 copies of each series are kept. A push fails")],
            id="fewer instances than copies",
        ),
        pytest.param(
            3, "a", False, [(I, "has 1 instance: 2 copies are needed for a quorum, so every push is refused.")],
            id="too few instances for a quorum",
        ),
        pytest.param(5, "abcd", False, [(P, "has 4 instances: only 4 copies of each series are kept.")], id="4/5"),
        pytest.param(5, "ab", False, [(I, "has 2 instances: 3 copies are needed")], id="two of five"),
        pytest.param(3, "abab", True, [(P, "there are 2 zones, and a zone holds one copy: only 2")], id="two zones"),
        pytest.param(3, "abab", False, [], id="two zones that nobody looks at"),
        pytest.param(3, "aaaa", True, [(I, "there is 1 zone, and a zone holds one copy: 2 copies")], id="1 zone"),
        pytest.param(3, ["a", "b", "c", ""], True, [(P, "Some instances have no zone")], id="one without zone"),
        pytest.param(3, ["a", "b", "c", ""], False, [], id="one without zone where zones do not count"),
        pytest.param(2, "ab", False, [(N, "2 is even: a push needs 2 of 2 copies")], id="two"),
        pytest.param(4, "abcd", False, [(N, "4 is even: a push needs 3 of 4 copies")], id="four"),
        pytest.param(
            2, "a", False, [(I, "has 1 instance: 2 copies are needed"), (N, "is even")], id="the worst comes first"
        ),
    ],
)  # fmt: skip
def test_each_misfit_is_a_sentence(
    factor: int, zones: Sequence[str], aware: bool, expected: list[tuple[Weight, str]]
) -> None:
    found = placement_findings(RingRules(factor, aware), list(zones))
    assert [finding.weight for finding in found] == [weight for weight, _ in expected]
    for finding, (_, words) in zip(found, expected, strict=True):
        assert words in finding.sentence
        assert finding.sentence.endswith(".")


def refused_share(ring: Snapshot) -> float:
    sets = ring.replica_sets(list(range(0, 2**32, 2**26)), WRITE, NOW_MS)
    return sum(isinstance(one, Refusal) for one in sets) / len(sets)


@given(
    factor=st.integers(1, 5),
    count=st.integers(1, 7),
    zones=st.integers(1, 4),
    aware=st.booleans(),
)
def test_impossible_means_that_every_key_is_refused_and_nothing_else_does(
    factor: int, count: int, zones: int, aware: bool
) -> None:
    members = random_ring(count, "abcd"[:zones], tokens=8)
    ring = snapshot(members, factor, aware)
    found = placement_findings(ring.rules, [member.zone for member in members])
    is_impossible = any(finding.weight is I for finding in found)
    assert refused_share(ring) == (1.0 if is_impossible else 0.0)


def test_zones_that_are_not_looked_at_are_said_to_be_given_up() -> None:
    sentence = zones_given_up(3, 2).sentence
    assert sentence.startswith("There are 2 zones for 3 copies, so copies are placed without regard to zones")
