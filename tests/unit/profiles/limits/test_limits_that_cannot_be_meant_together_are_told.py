"""Rules across limits: judged over what would be in force, one sentence for each that is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.profiles.limit_rules import contradictions, retention_contradiction
from ingest.profiles.limits import DAY_NS, DEFAULT_LIMITS, HOUR_NS, MIB, Limits


def test_the_defaults_break_no_rule() -> None:
    assert contradictions(DEFAULT_LIMITS) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {"ingestion_body_limit_bytes": 3 * MIB},
            "ingestion_body_limit_bytes (3MiB) is below max_profile_size_bytes (4MiB)",
            id="a body that is smaller than a profile",
        ),
        pytest.param(
            {"max_flamegraph_nodes_max": 8191},
            "max_flamegraph_nodes_default (8192) is above max_flamegraph_nodes_max (8191)",
            id="a default above what may be asked for",
        ),
        pytest.param(
            {"ingestion_burst_bytes": 4 * MIB},
            "is below max_profile_size_bytes (4MiB) with the largest labels, 4286464 bytes together",
            id="a burst without room for labels",
        ),
    ],
)
def test_each_contradiction_is_one_sentence_with_both_values(changes: dict[str, int], words: str) -> None:
    (sentence,) = contradictions(replace(DEFAULT_LIMITS, **changes))
    assert words in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "changes",
    [
        {"ingestion_body_limit_bytes": 4 * MIB},
        {"max_flamegraph_nodes_max": 8192},
        {"max_flamegraph_nodes_max": 0},
        {"ingestion_burst_bytes": 4_286_464},
        {"ingestion_burst_bytes": 1, "ingestion_rate_bytes_per_second": 0},
    ],
)
def test_a_bound_itself_may_be_set(changes: dict[str, int]) -> None:
    assert contradictions(replace(DEFAULT_LIMITS, **changes)) == []


HELD_NS = 80 * 60 * 10**9


def kept_for(period_ns: int, **changes: int) -> Limits:
    return replace(DEFAULT_LIMITS, compactor_blocks_retention_period_ns=period_ns, **changes)


@pytest.mark.parametrize(
    ("limits", "is_refused"),
    [
        pytest.param(kept_for(0), False, id="for ever"),
        pytest.param(kept_for(HOUR_NS + HELD_NS), False, id="the shortest"),
        pytest.param(kept_for(HOUR_NS + HELD_NS - 1), True, id="shorter"),
        pytest.param(kept_for(1), True, id="next to nothing"),
        pytest.param(kept_for(DAY_NS, reject_older_than_ns=DAY_NS), True, id="no longer than profiles are taken"),
        pytest.param(kept_for(2 * DAY_NS, reject_older_than_ns=DAY_NS), False, id="longer than profiles are taken"),
        pytest.param(kept_for(HELD_NS, reject_older_than_ns=0), False, id="where every age is taken"),
        pytest.param(kept_for(HELD_NS - 1, reject_older_than_ns=0), True, id="while ingesters may have them"),
    ],
)
def test_a_retention_period_covers_the_way_of_a_profile_into_the_bucket(limits: Limits, is_refused: bool) -> None:
    found = retention_contradiction(limits, HELD_NS)
    assert (found is not None) is is_refused


def test_a_refused_retention_period_names_both_times() -> None:
    sentence = retention_contradiction(kept_for(HOUR_NS), HELD_NS)
    assert sentence is not None
    assert "compactor_blocks_retention_period (1h) is below 140m" in sentence
    assert sentence.endswith(".")
