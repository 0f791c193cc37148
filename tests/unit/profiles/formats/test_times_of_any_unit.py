"""Times of agents: the unit is guessed by the number of digits, offsets count from now, nothing is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.time_grammar import parse_time_ns

NOW_NS = 1_700_000_000_000_000_000
HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS


@pytest.mark.parametrize(
    ("text", "moment_ns"),
    [
        ("1655834200", 1655834200 * 10**9),
        ("1655834200123", 1655834200123 * 10**6),
        ("1655834200123456", 1655834200123456 * 10**3),
        ("1655834200123456789", 1655834200123456789),
        ("20220621", 1655769600 * 10**9),
        ("20221399", 20221399 * 10**9),
        ("1 655_834,200", 1655834200 * 10**9),
        ("0", 0),
        ("now", NOW_NS),
        ("now-1h", NOW_NS - HOUR_NS),
        ("now-3h30m", NOW_NS - 3 * HOUR_NS),
        ("now - 30 s", NOW_NS - 30 * 10**9),
        ("now-5m", NOW_NS - 300 * 10**9),
        ("now-5min", NOW_NS - 300 * 10**9),
        ("now-2d", NOW_NS - 2 * DAY_NS),
        ("now-1w", NOW_NS - 7 * DAY_NS),
        ("now-1M", NOW_NS - 30 * DAY_NS),
        ("now-1mon", NOW_NS - 30 * DAY_NS),
        ("now-1y", NOW_NS - 365 * DAY_NS),
        ("now+1h", NOW_NS + HOUR_NS),
        ("-1h", NOW_NS - HOUR_NS),
        ("midnight-1h", NOW_NS - HOUR_NS),
        ("midnight", NOW_NS),
        ("now-1fortnight", NOW_NS),
        ("now--3h", NOW_NS),
        ("now-h", NOW_NS),
        ("", NOW_NS),
        ("yesterday", NOW_NS),
        ("9" * 17, NOW_NS),
        ("9" * 400, NOW_NS),
        ("now-999999999999999999y", 0),
        ("now+999999999999999999y", (1 << 63) - 1),
    ],
)
def test_moments(text: str, moment_ns: int):
    assert parse_time_ns(text, NOW_NS) == moment_ns


@given(st.text(), st.text("now-+0123456789smhdwMy ,_"))
def test_every_text_is_a_moment(any_text: str, likely: str):
    for text in (any_text, likely):
        assert 0 <= parse_time_ns(text, NOW_NS) < 1 << 63
