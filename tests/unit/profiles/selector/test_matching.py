"""Which series a matcher selects."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.columns import Labels
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.selector import (
    MAX_REGEX_CHARS,
    Matcher,
    make_matcher,
    matchers_from_json,
    matchers_to_json,
    parse_selector,
    select_labels,
)

LABELS: Labels = (("__name__", "process_cpu"), ("region", "eu-west"), ("service_name", "web"))


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        pytest.param("{}", True, id="everything"),
        pytest.param("process_cpu", True, id="the metric name"),
        pytest.param("memory", False, id="another metric name"),
        pytest.param('{region="eu-west"}', True, id="equal"),
        pytest.param('{region="eu"}', False, id="a prefix is not equal"),
        pytest.param('{region!="us"}', True, id="not equal"),
        pytest.param('{region=~"eu-.*"}', True, id="a matching expression"),
        pytest.param('{region=~"eu"}', False, id="expressions are anchored at the end"),
        pytest.param('{region=~"west"}', False, id="expressions are anchored at the start"),
        pytest.param('{region=~"us|eu-west"}', True, id="one of several"),
        pytest.param('{region=~"u.|eu"}', False, id="the anchors hold around alternatives"),
        pytest.param('{region!~"eu.*"}', False, id="an expression that must not match"),
        pytest.param('{pod=""}', True, id="a missing label is empty"),
        pytest.param('{pod!=""}', False, id="a missing label is not non-empty"),
        pytest.param('{pod=~".*"}', True, id="a missing label matches anything"),
        pytest.param('{pod=~".+"}', False, id="a missing label has no character"),
        pytest.param('{pod!="x"}', True, id="a missing label differs from a value"),
        pytest.param('{pod!~"x|y"}', True, id="a missing label is none of several"),
        pytest.param('{pod=~"x|"}', True, id="an empty alternative"),
        pytest.param('{region="eu-west",service_name="api"}', False, id="all matchers must hold"),
        pytest.param('{region=~"(?i)EU-WEST"}', True, id="flags of RE2"),
    ],
)
def test_labels_are_selected(selector: str, selected: bool) -> None:
    matchers = parse_selector(selector)
    assert not isinstance(matchers, Rejection)
    assert select_labels(matchers, LABELS) == selected


@pytest.mark.parametrize(
    ("op", "value", "empty"),
    [("=", "", True), ("=", "x", False), ("!=", "", False), ("!=", "x", True), ("=~", "x*", True), ("=~", "x+", False),
     ("=~", "", True), ("!~", ".*", False), ("!~", "x|y", True)],
)  # fmt: skip
def test_a_matcher_knows_whether_it_selects_series_without_its_label(op: str, value: str, empty: bool) -> None:
    assert Matcher("x", op, value).matches_empty == empty


def test_a_dot_matches_a_line_break_too() -> None:
    assert Matcher("x", "=~", "a.b").matches("a\nb")


def test_a_text_that_ends_in_a_line_break_is_not_matched_without_it() -> None:
    assert not Matcher("x", "=~", "ab?$").matches("ab\n")


def test_an_expression_that_makes_backtracking_engines_hang_is_answered() -> None:
    assert not Matcher("x", "=~", "(a*)*b").matches("a" * 2000)


@pytest.mark.parametrize(
    ("op", "value"), [("=~", "("), ("!~", "["), ("~", "x"), ("", "x"), ("=~", "x" * (MAX_REGEX_CHARS + 1))]
)
def test_a_matcher_that_cannot_be_made_is_a_refusal(op: str, value: str) -> None:
    found = make_matcher("x", op, value)
    assert isinstance(found, Rejection)
    assert found.reason == Reason.BAD_SELECTOR
    with pytest.raises(ValueError, match=re.escape(found.message[:40])):
        Matcher("x", op, value)


def test_matchers_are_values() -> None:
    assert Matcher("a", "=~", "b.") == Matcher("a", "=~", "b.")
    assert hash(Matcher("a", "=~", "b.")) == hash(Matcher("a", "=~", "b."))
    assert Matcher("a", "=", "b") != Matcher("a", "!=", "b")


expressions = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "é"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map(lambda e: f"(?:{e})*"),
        inner.map(lambda e: f"(?:{e})?"),
        inner.map(lambda e: f"({e})"),
    ),
    max_leaves=6,
)
values = st.text("abcé\n", max_size=5)


@given(expressions, values)
def test_expressions_match_as_the_standard_library_matches_whole_values(expression: str, value: str) -> None:
    expected = re.compile(expression, re.DOTALL).fullmatch(value) is not None
    assert Matcher("x", "=~", expression).matches(value) == expected
    assert Matcher("x", "!~", expression).matches(value) != expected


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2"])),
    st.lists(
        st.tuples(
            st.sampled_from("abcd"), st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(["", "1", "1|2", ".+"])
        ),
        max_size=4,
    ),
)
def test_selecting_agrees_with_a_naive_model(labels: dict[str, str], rows: list[tuple[str, str, str]]) -> None:
    def holds(name: str, op: str, value: str) -> bool:
        equal = re.fullmatch(value, labels.get(name, "")) is not None if "~" in op else labels.get(name, "") == value
        return equal != op.startswith("!")

    matchers = [Matcher(*row) for row in rows]
    assert select_labels(matchers, tuple(sorted(labels.items()))) == all(holds(*row) for row in rows)


def test_matchers_travel_as_json() -> None:
    matchers = (Matcher("a", "=", "b"), Matcher("größe", "!~", "x.*"))
    assert matchers_from_json(matchers_to_json(matchers)) == matchers
    assert matchers_to_json(()) == "[]"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("{}", id="an object"),
        pytest.param("null", id="null"),
        pytest.param('["a"]', id="not a list in the list"),
        pytest.param('[["a","="]]', id="two parts"),
        pytest.param('[["a","=",1]]', id="a number"),
        pytest.param('[["a","?","b"]]', id="an unknown operator"),
        pytest.param('[["a","=~","("]]', id="an expression RE2 refuses"),
        pytest.param("[" + '["a","=","b"],' * 100 + '["a","=","b"]]', id="too many"),
    ],
)
def test_a_message_that_holds_no_matchers_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        matchers_from_json(text)
