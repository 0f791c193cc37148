"""Relabelling rules one by one, against what Prometheus does with the same rule."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.columns import Labels
from ingest.profiles.reasons import Rejection
from ingest.profiles.relabel import (
    DEFAULT_RULES,
    MAX_VALUE_CHARS,
    Action,
    DefaultRulesPosition,
    RelabelRule,
    Rules,
    explain,
    relabel,
    rules_in_order,
)
from ingest.profiles.relabel_text import parse_rules


def rules_of(text: str) -> Rules:
    rules = parse_rules(text)
    assert not isinstance(rules, Rejection), rules
    return rules


def after(text: str, **labels: str) -> dict[str, str] | None:
    found = relabel(rules_of(text), tuple(sorted(labels.items())))
    return None if found is None else dict(found)


@pytest.mark.parametrize(
    ("rule", "labels", "expected"),
    [
        pytest.param(
            "{source_labels: [a], regex: 'f(.*)', target_label: d, replacement: 'ch${1}-ch${1}'}",
            {"a": "foo", "b": "bar"},
            {"a": "foo", "b": "bar", "d": "choo-choo"},
            id="a replacement takes groups",
        ),
        pytest.param(
            "{source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b${1}${2}m'}",
            {"a": "foo", "b": "bar", "c": "baz"},
            {"a": "boobam", "b": "bar", "c": "baz"},
            id="values are joined by semicolons",
        ),
        pytest.param(
            "{source_labels: [a, b], separator: '-', target_label: c}",
            {"a": "1", "b": "2"},
            {"a": "1", "b": "2", "c": "1-2"},
            id="or by the separator, and the whole value is the default replacement",
        ),
        pytest.param(
            "{source_labels: [a], regex: 'b', target_label: d}", {"a": "boo"}, {"a": "boo"}, id="a part is no match"
        ),
        pytest.param(
            "{source_labels: [a], regex: 'f', target_label: b, replacement: ''}",
            {"a": "f", "b": "x"},
            {"a": "f"},
            id="an empty value removes the label",
        ),
        pytest.param(
            "{target_label: b, replacement: x}", {"a": "1"}, {"a": "1", "b": "x"}, id="without a source it always sets"
        ),
        pytest.param(
            "{source_labels: [a], regex: '(.*)-(.*)', target_label: '${1}_$2', replacement: '$2$$$1$9'}",
            {"a": "x-y"},
            {"a": "x-y", "x_y": "y$x"},
            id="the target is made of groups too, and a group that is not there is empty",
        ),
        pytest.param(
            "{source_labels: [a], regex: '(?P<env>.+)-\\d', target_label: env, replacement: '$env'}",
            {"a": "eu-1"},
            {"a": "eu-1", "env": "eu"},
            id="groups have names",
        ),
        pytest.param(
            "{source_labels: [a], regex: 'x.y', target_label: b, replacement: ok}",
            {"a": "x\ny"},
            {"a": "x\ny", "b": "ok"},
            id="a dot matches a newline",
        ),
        pytest.param("{action: keep, source_labels: [a], regex: 'foo|bar'}", {"a": "bar"}, {"a": "bar"}, id="keep"),
        pytest.param("{action: keep, source_labels: [a], regex: 'foo'}", {"a": "fool"}, None, id="keep nothing else"),
        pytest.param(
            "{action: keep, source_labels: [b], regex: '.+'}", {"a": "1"}, None, id="an absent label is empty"
        ),
        pytest.param("{action: drop, source_labels: [a], regex: '.*o.*'}", {"a": "foo"}, None, id="drop"),
        pytest.param(
            "{action: drop, source_labels: [a], regex: 'f'}", {"a": "foo"}, {"a": "foo"}, id="drop nothing else"
        ),
        pytest.param("{action: drop, source_labels: [a], regex: 'fo*'}", {"a": "f"}, None, id="a star may be none"),
        pytest.param(
            "{action: keepequal, source_labels: [a], target_label: b}",
            {"a": "1", "b": "1"},
            {"a": "1", "b": "1"},
            id="keepequal",
        ),
        pytest.param(
            "{action: keepequal, source_labels: [a], target_label: b}", {"a": "1"}, None, id="keepequal drops"
        ),
        pytest.param(
            "{action: dropequal, source_labels: [a], target_label: b}", {"a": "1", "b": "1"}, None, id="dropequal"
        ),
        pytest.param(
            "{action: hashmod, source_labels: [c], target_label: d, modulus: 1000}",
            {"c": "baz"},
            {"c": "baz", "d": "976"},
            id="hashmod as Prometheus counts it",
        ),
        pytest.param(
            "{action: hashmod, source_labels: [a], target_label: d, modulus: 1000}",
            {"a": "foo\nbar"},
            {"a": "foo\nbar", "d": "734"},
            id="hashmod of several lines",
        ),
        pytest.param(
            "{action: labelmap, regex: '(b.*)', replacement: 'bar_${1}'}",
            {"a": "foo", "b1": "bar", "b2": "baz"},
            {"a": "foo", "b1": "bar", "b2": "baz", "bar_b1": "bar", "bar_b2": "baz"},
            id="labelmap",
        ),
        pytest.param("{action: labeldrop, regex: '(b.*)'}", {"a": "foo", "b1": "bar"}, {"a": "foo"}, id="labeldrop"),
        pytest.param("{action: labelkeep, regex: 'b.*'}", {"a": "foo", "b1": "bar"}, {"b1": "bar"}, id="labelkeep"),
        pytest.param(
            "{action: lowercase, source_labels: [a], target_label: a}",
            {"a": "bAr123Foo"},
            {"a": "bar123foo"},
            id="lowercase",
        ),
        pytest.param(
            "{action: uppercase, source_labels: [a], target_label: b}",
            {"a": "bAr"},
            {"a": "bAr", "b": "BAR"},
            id="uppercase",
        ),
    ],
)
def test_an_action(rule: str, labels: dict[str, str], expected: dict[str, str] | None) -> None:
    assert after(f"[{rule}]", **labels) == expected


def test_rules_follow_each_other_and_a_drop_ends_them() -> None:
    text = """
    - {source_labels: [a], target_label: b, replacement: "x$1"}
    - {action: drop, source_labels: [b], regex: xfoo}
    - {target_label: c, replacement: never}
    """
    assert after(text, a="bar") == {"a": "bar", "b": "xbar", "c": "never"}
    assert after(text, a="foo") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(
            "godeltaprof_memory",
            {"__name__": "memory", "__name_replaced__": "godeltaprof_memory", "__delta__": "false"},
            id="Go's delta profiler takes the profiles it is named after",
        ),
        pytest.param("godeltaprof_", {"__name__": "godeltaprof_"}, id="a name of nothing is left alone"),
        pytest.param("memory", {"__name__": "memory"}, id="so is every other"),
    ],
)
def test_the_default_rules(name: str, expected: dict[str, str]) -> None:
    assert dict(relabel(DEFAULT_RULES, (("__name__", name),)) or ()) == expected


def test_a_sender_that_names_the_type_itself_has_cpu_time_of_node_filed_as_such() -> None:
    labels = (("__name__", "wall"), ("__type__", "cpu"))
    assert dict(relabel(DEFAULT_RULES, labels) or ())["__name__"] == "process_cpu"


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        pytest.param(DefaultRulesPosition.FIRST, "memory", id="own rules see what the default ones made"),
        pytest.param(DefaultRulesPosition.LAST, "godeltaprof_memory", id="or what was sent"),
        pytest.param(DefaultRulesPosition.DISABLED, "godeltaprof_memory", id="as without default rules"),
    ],
)
def test_where_the_default_rules_stand(position: DefaultRulesPosition, expected: str) -> None:
    own = rules_of("[{source_labels: [__name__], target_label: seen}]")
    found = dict(relabel(rules_in_order(own, position), (("__name__", "godeltaprof_memory"),)) or ())
    assert found["seen"] == expected
    assert found["__name__"] == ("godeltaprof_memory" if position is DefaultRulesPosition.DISABLED else "memory")


def test_rules_explain_themselves_step_by_step() -> None:
    rules = rules_of(
        "[{source_labels: [a], regex: x, target_label: b}, {target_label: c, replacement: d}, "
        "{action: drop, source_labels: [c], regex: d}, {target_label: e, replacement: f}]"
    )
    steps = explain(rules, (("a", "1"),))
    assert [(step.labels, step.is_changed) for step in steps] == [
        ((("a", "1"),), False),
        ((("a", "1"), ("c", "d")), True),
        (None, True),
    ]
    assert [step.rule for step in steps] == list(rules[:3])


def test_rules_cannot_make_a_value_longer_and_longer() -> None:
    doubling = rules_of("[{source_labels: [a], target_label: a, replacement: '$1$1'}]") * 100
    started = time.monotonic()
    found = relabel(doubling, (("a", "x" * 1000),))
    assert found is not None
    assert len(found[0][1]) == MAX_VALUE_CHARS
    assert time.monotonic() - started < 10


TEXTS = st.text(alphabet="ab-;", max_size=6)
LABELS = st.dictionaries(st.sampled_from("abcd"), TEXTS.filter(bool), max_size=4).map(
    lambda found: tuple(sorted(found.items()))
)
PATTERNS = ("a.*", "ab*", "a+b", "a?b", "ab|b", "(a|b)*", "-", "(?:a)-", "[ab]+", "a{2}", "b{0,1}a")


@given(LABELS, st.sampled_from(PATTERNS), st.sampled_from([Action.KEEP, Action.DROP]), st.sampled_from("abcd"))
def test_a_shortcut_for_what_an_expression_begins_with_changes_nothing(
    labels: Labels, pattern: str, action: Action, source: str
) -> None:
    grouped = f"(?:{pattern})"  # no shortcut is taken for this one
    plain = RelabelRule(action=action, source_labels=(source,), regex=pattern)
    assert relabel([plain], labels) == relabel(
        [RelabelRule(action=action, source_labels=(source,), regex=grouped)], labels
    )


@given(LABELS, st.lists(st.sampled_from(DEFAULT_RULES), max_size=3), st.integers(1, 9))
def test_the_steps_end_where_the_rules_do(labels: Labels, more: list[RelabelRule], modulus: int) -> None:
    rules = [
        *more,
        RelabelRule(action=Action.HASHMOD, source_labels=("a", "b"), target_label="share", modulus=modulus),
        RelabelRule(action=Action.DROP, source_labels=("share",), regex="0"),
    ]
    assert explain(rules, labels)[-1].labels == relabel(rules, labels)
