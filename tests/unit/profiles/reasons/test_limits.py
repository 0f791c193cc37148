"""Limits have the defaults agents and operators know from Pyroscope."""

from __future__ import annotations

import dataclasses

import pytest

from ingest.profiles.limits import DAY_NS, DEFAULT_LIMITS, HOUR_NS, MIB, MINUTE_NS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_label_names_per_series", 30),
        ("max_label_name_length", 1024),
        ("max_label_value_length", 2048),
        ("max_sessions_per_series", 0),
        ("max_profile_size_bytes", 4 * MIB),
        ("max_profile_stacktrace_samples", 16_000),
        ("max_profile_stacktrace_depth", 1000),
        ("max_profile_stacktrace_sample_labels", 100),
        ("max_profile_symbol_value_length", 65_535),
        ("reject_older_than_ns", HOUR_NS),
        ("reject_newer_than_ns", 10 * MINUTE_NS),
        ("ingestion_body_limit_bytes", 256 * MIB),
        ("max_query_lookback_ns", 7 * DAY_NS),
        ("max_query_length_ns", DAY_NS),
        ("max_flamegraph_nodes_default", 8192),
        ("max_flamegraph_nodes_max", 1_048_576),
    ],
)
def test_a_default_is_that_of_pyroscope(name: str, value: int) -> None:
    assert getattr(DEFAULT_LIMITS, name) == value


def test_limits_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULT_LIMITS.max_label_name_length = 1  # type: ignore[misc]


def test_by_default_nothing_that_the_distributor_takes_is_too_late_for_an_ingester() -> None:
    """A profile may be taken at the old end while another of its tenant was taken at the new end."""
    spread_ns = DEFAULT_LIMITS.reject_older_than_ns + DEFAULT_LIMITS.reject_newer_than_ns
    assert DEFAULT_LIMITS.out_of_order_window_ns > spread_ns


def test_the_decompression_ratio_is_between_what_pprof_reaches_and_what_deflate_can() -> None:
    assert 100 < DEFAULT_LIMITS.max_decompression_ratio < 1032
