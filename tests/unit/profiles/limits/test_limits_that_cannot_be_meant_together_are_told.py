"""Rules across limits: judged over what would be in force, one sentence for each that is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.profiles.limit_rules import contradictions
from ingest.profiles.limits import DEFAULT_LIMITS, MIB


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
