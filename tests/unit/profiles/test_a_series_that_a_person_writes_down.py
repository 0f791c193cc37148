"""A series written as a selector becomes the very labels its pushes are placed by, or a refusal that says why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.labels import placement_string, prepare_series_labels, row_labels
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.written_series import parse_series

NAMES = st.text("abcdefgh_", min_size=1, max_size=8).filter(lambda name: not name.startswith("__"))
VALUES = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_a_stored_series_pasted_as_it_is_listed_is_placed_as_its_push_was(labels: dict[str, str]) -> None:
    pushed = prepare_series_labels({"__name__": "process_cpu", "service_name": "web", **labels}.items(), DEFAULT_LIMITS)
    assert not isinstance(pushed, Rejection)
    listed = row_labels(pushed, "cpu", "nanoseconds", "cpu", "nanoseconds")
    assert parse_series(placement_string(listed), DEFAULT_LIMITS) == pushed


def test_a_metric_name_may_stand_before_the_brace_and_order_does_not_matter() -> None:
    one = parse_series('process_cpu{service_name="web", a="1"}', DEFAULT_LIMITS)
    assert one == parse_series('{a="1", service_name="web", __name__="process_cpu"}', DEFAULT_LIMITS)
    assert one == (("__name__", "process_cpu"), ("a", "1"), ("service_name", "web"))


@pytest.mark.parametrize(
    ("text", "reason", "part"),
    [
        ("{", Reason.BAD_SELECTOR, "character 2"),
        ('process_cpu{service_name=~"w.*"}', Reason.BAD_SELECTOR, "may mean many series"),
        ('{service_name="web"}', Reason.INVALID_LABELS, "__name__"),
        ("process_cpu{}", Reason.MISSING_LABELS, "service_name"),
        ('process_cpu{service_name="web", service_name="shop"}', Reason.DUPLICATE_LABEL_NAMES, "more than once"),
        ("{}", Reason.MISSING_LABELS, "no labels"),
    ],
)
def test_what_is_no_series_says_why(text: str, reason: Reason, part: str) -> None:
    found = parse_series(text, DEFAULT_LIMITS)
    assert isinstance(found, Rejection)
    assert found.reason is reason
    assert part in found.message


def test_the_limits_of_the_tenant_hold() -> None:
    limits = replace(DEFAULT_LIMITS, max_label_names_per_series=2)
    found = parse_series('process_cpu{service_name="web", a="1"}', limits)
    assert isinstance(found, Rejection)
    assert found.reason is Reason.MAX_LABEL_NAMES_PER_SERIES
