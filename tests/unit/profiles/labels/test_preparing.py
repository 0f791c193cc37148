"""What becomes of the labels a sender attached."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.columns import Labels
from ingest.profiles.labels import prepare_series_labels, sort_labels, validate_labels, without_directives
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.profiles.reasons import Reason, Rejection

NAME = ("__name__", "process_cpu")
SERVICE = ("service_name", "web")


def prepared(*pairs: tuple[str, str], limits: Limits = DEFAULT_LIMITS) -> Labels:
    found = prepare_series_labels(pairs, limits)
    assert not isinstance(found, Rejection), found
    return found


def refused(*pairs: tuple[str, str], limits: Limits = DEFAULT_LIMITS) -> Rejection:
    found = prepare_series_labels(pairs, limits)
    assert isinstance(found, Rejection), found
    return found


def test_labels_are_sorted_by_name() -> None:
    assert prepared(SERVICE, ("b", "2"), NAME, ("a", "1")) == (NAME, ("a", "1"), ("b", "2"), SERVICE)


def test_a_series_without_service_is_filed_under_unknown_service() -> None:
    assert prepared(NAME) == (NAME, ("service_name", "unknown_service"))


def test_a_session_is_removed_so_that_a_restart_makes_no_new_series() -> None:
    assert prepared(NAME, SERVICE, ("__session_id__", "0123456789abcdef")) == (NAME, SERVICE)


@pytest.mark.parametrize("name", ["__delta__", "__order__"])
def test_labels_that_instruct_the_server_are_seen_by_rules_and_not_stored(name: str) -> None:
    found = prepared(NAME, SERVICE, (name, "false"))
    assert dict(found)[name] == "false"
    assert without_directives(found) == (NAME, SERVICE)


def test_labels_that_instruct_the_server_do_not_count_against_the_limit() -> None:
    assert prepared(NAME, SERVICE, ("__delta__", "false"), limits=Limits(max_label_names_per_series=2))


RULES = "- {action: labeldrop, regex: 'x.*'}"


def test_rules_of_the_tenant_see_labels_that_they_may_yet_mend() -> None:
    limits = Limits(ingestion_relabeling_rules=RULES, max_label_names_per_series=2, max_label_value_length=12)
    assert ("x", "a" * 13) in prepared(NAME, SERVICE, ("x", "a" * 13), limits=limits)


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        pytest.param([(f"x{i}", "") for i in range(256)], Reason.MAX_LABEL_NAMES_PER_SERIES, id="too many"),
        pytest.param([("x", "a" * 65_537)], Reason.LABEL_VALUE_TOO_LONG, id="a value too long"),
        pytest.param([("x" * 4097, "")], Reason.LABEL_NAME_TOO_LONG, id="a name too long"),
        pytest.param([("x", "\udcff")], Reason.INVALID_LABELS, id="bytes that are no text"),
        pytest.param([("x", "1"), ("x", "2")], Reason.DUPLICATE_LABEL_NAMES, id="a name twice"),
    ],
)
def test_what_rules_have_to_look_at_is_bounded_text_without_repeats(
    pairs: list[tuple[str, str]], reason: Reason
) -> None:
    assert refused(*pairs, NAME, SERVICE, limits=Limits(ingestion_relabeling_rules=RULES)).reason is reason


@pytest.mark.parametrize(
    ("session", "kept"),
    [
        pytest.param("0a00000000000000", "0200000000000000", id="ten in little-endian modulo four"),
        pytest.param("ffffffffffffffff", "0300000000000000", id="the highest number"),
        pytest.param("0A00000000000000", "0200000000000000", id="capital digits"),
        pytest.param("not hexadecimal!", None, id="not a number"),
        pytest.param("0a 00 00 00 00 0", None, id="bytes with spaces"),
        pytest.param("0a", None, id="too short"),
    ],
)
def test_with_sessions_allowed_a_session_is_folded_to_one_of_them(session: str, kept: str | None) -> None:
    found = prepared(NAME, SERVICE, ("__session_id__", session), limits=Limits(max_sessions_per_series=4))
    assert dict(found).get("__session_id__") == kept


def test_the_fourth_session_of_three_allowed_ones_is_the_first_again() -> None:
    found = prepared(NAME, SERVICE, ("__session_id__", "0400000000000000"), limits=Limits(max_sessions_per_series=3))
    assert dict(found)["__session_id__"] == "0100000000000000"


def test_names_with_dots_and_other_scripts_are_kept_as_they_are() -> None:
    assert ("otel.scope.name", "a/b") in prepared(NAME, SERVICE, ("otel.scope.name", "a/b"))
    assert ("größe", "") in prepared(NAME, SERVICE, ("größe", ""))


@pytest.mark.parametrize(
    ("pairs", "limits", "reason"),
    [
        pytest.param([], DEFAULT_LIMITS, Reason.INVALID_LABELS, id="nothing at all lacks a name"),
        pytest.param([SERVICE], DEFAULT_LIMITS, Reason.INVALID_LABELS, id="no name"),
        pytest.param([("__name__", ""), SERVICE], DEFAULT_LIMITS, Reason.INVALID_LABELS, id="an empty name"),
        pytest.param(
            [("__name__", "\udcff"), SERVICE], DEFAULT_LIMITS, Reason.INVALID_LABELS, id="a name of bad bytes"
        ),
        pytest.param([("__name__", "a:b"), SERVICE], DEFAULT_LIMITS, Reason.INVALID_LABELS, id="a name with a colon"),
        pytest.param([NAME, ("service_name", "")], DEFAULT_LIMITS, Reason.MISSING_LABELS, id="an empty service"),
        pytest.param([NAME, SERVICE, ("", "x")], DEFAULT_LIMITS, Reason.INVALID_LABELS, id="a label without name"),
        pytest.param([NAME, SERVICE, ("\ud800", "x")], DEFAULT_LIMITS, Reason.INVALID_LABELS, id="a bad label name"),
        pytest.param([NAME, SERVICE, ("x", "\ud800")], DEFAULT_LIMITS, Reason.INVALID_LABELS, id="a bad value"),
        pytest.param(
            [NAME, SERVICE, ("x", "1"), ("x", "1")], DEFAULT_LIMITS, Reason.DUPLICATE_LABEL_NAMES, id="a name twice"
        ),
        pytest.param([NAME, NAME, SERVICE], DEFAULT_LIMITS, Reason.DUPLICATE_LABEL_NAMES, id="the metric name twice"),
        pytest.param(
            [("__name__", "cpu"), ("service_name", "web"), ("x", "1")],
            Limits(max_label_name_length=11),
            Reason.LABEL_NAME_TOO_LONG,
            id="a name one byte too long",
        ),
        pytest.param(
            [NAME, SERVICE, ("x", "ääääääa")],
            Limits(max_label_value_length=12),
            Reason.LABEL_VALUE_TOO_LONG,
            id="a value one byte too long, counted in bytes",
        ),
        pytest.param(
            [NAME, SERVICE, ("x", "1")],
            Limits(max_label_names_per_series=2),
            Reason.MAX_LABEL_NAMES_PER_SERIES,
            id="one label too many",
        ),
        pytest.param(
            [("service_name", "")],
            Limits(max_label_names_per_series=0),
            Reason.MAX_LABEL_NAMES_PER_SERIES,
            id="the number of labels is looked at first",
        ),
        pytest.param([("service_name", "")], DEFAULT_LIMITS, Reason.INVALID_LABELS, id="the name before the service"),
    ],
)
def test_labels_that_break_a_rule_are_refused(pairs: list[tuple[str, str]], limits: Limits, reason: Reason) -> None:
    assert refused(*pairs, limits=limits).reason == reason


@pytest.mark.parametrize(
    ("pairs", "limits"),
    [
        pytest.param([NAME, SERVICE, ("x", "äääääaa")], Limits(max_label_value_length=12), id="value"),
        pytest.param([NAME, SERVICE], Limits(max_label_name_length=12), id="name"),
        pytest.param([NAME, SERVICE], Limits(max_label_names_per_series=2), id="number"),
        pytest.param([NAME, SERVICE, ("x", "")], DEFAULT_LIMITS, id="empty value"),
    ],
)
def test_labels_just_within_a_limit_are_kept(pairs: list[tuple[str, str]], limits: Limits) -> None:
    assert prepared(*pairs, limits=limits) == sort_labels(pairs)


def test_no_labels_are_missing_labels() -> None:
    found = validate_labels((), DEFAULT_LIMITS)
    assert found is not None
    assert found.reason == Reason.MISSING_LABELS


def test_a_message_shows_the_labels_the_actual_and_the_allowed_value() -> None:
    message = refused(NAME, SERVICE, ("x", "y" * 13), limits=LONG_VALUE).message
    assert '{__name__="process_cpu", service_name="web", x="yyyyyyyyyyyyy"}' in message
    assert "13 bytes" in message
    assert "at most 12" in message
    assert "max_label_value_length" in message


LONG_VALUE = Limits(max_label_value_length=12)


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([(f"label{i:06}", "v" * 50) for i in range(10_000)], id="many labels"),
        pytest.param([NAME, SERVICE, ("x", "v" * 100_000)], id="a long value"),
        pytest.param([NAME, SERVICE, ("n" * 100_000, "v")], id="a long name"),
        pytest.param([NAME, SERVICE, ("x", "\ud800" * 100_000)], id="a long value of bad bytes"),
        pytest.param([NAME, SERVICE, ("\ud800" * 100_000, "x")], id="a long name of bad bytes"),
    ],
)
def test_a_message_stays_short_and_can_be_sent(pairs: list[tuple[str, str]]) -> None:
    message = refused(*pairs).message
    assert len(message.encode()) < 4000


anything = st.text(st.characters(), max_size=6)
limits_strategy = st.builds(
    Limits,
    max_label_names_per_series=st.integers(2, 5),
    max_label_name_length=st.integers(12, 20),
    max_label_value_length=st.integers(4, 20),
)


@given(
    st.lists(st.tuples(anything | st.sampled_from(["__name__", "service_name"]), anything), max_size=6), limits_strategy
)
def test_whatever_passes_keeps_every_promise(pairs: list[tuple[str, str]], limits: Limits) -> None:
    found = prepare_series_labels(pairs, limits)
    if isinstance(found, Rejection):
        found.message.encode()
        return
    names = [name for name, _ in found]
    assert names == sorted(set(names))
    assert len(found) <= limits.max_label_names_per_series
    values = dict(found)
    assert values["__name__"]
    assert values["service_name"]
    for name, value in found:
        assert 0 < len(name.encode()) <= limits.max_label_name_length
        assert len(value.encode()) <= max(limits.max_label_value_length, len("unknown_service"))
    assert validate_labels(found, limits) is None
