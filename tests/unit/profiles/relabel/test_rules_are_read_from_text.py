"""Rules are written as YAML or JSON; what is wrong with them is said in a sentence when they are saved."""

from __future__ import annotations

import json

import pytest

from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.relabel import DEFAULT_RULES, Action, RelabelRule
from ingest.profiles.relabel_text import (
    MAX_RULES,
    MAX_TEXT_CHARS,
    Relabeling,
    parse_position,
    parse_rules,
    parse_sample_type_rules,
    relabeling_of,
)


@pytest.mark.parametrize("text", ["", "   \n", "[]", "# only a remark"])
def test_no_rules_are_rules(text: str) -> None:
    assert parse_rules(text) == ()


def test_yaml_and_json_mean_the_same() -> None:
    rule = {"action": "Drop", "source_labels": ["pod"], "regex": "test-.*"}
    written = "- action: Drop\n  source_labels: [pod]\n  regex: test-.*\n"
    expected = (RelabelRule(action=Action.DROP, source_labels=("pod",), regex="test-.*"),)
    assert parse_rules(written) == parse_rules(json.dumps([rule])) == expected


def test_a_number_may_stand_for_a_text() -> None:
    assert parse_rules("[{target_label: a, replacement: 5}]") == (RelabelRule(target_label="a", replacement="5"),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("x" * (MAX_TEXT_CHARS + 1), "at most 65536", id="a text too long"),
        pytest.param(json.dumps([{"target_label": "a"}] * (MAX_RULES + 1)), "at most 100", id="too many rules"),
        pytest.param("{a: b}", "have to be a list", id="an object"),
        pytest.param("just words", "have to be a list", id="words"),
        pytest.param("- [", "neither YAML nor JSON", id="broken YAML"),
        pytest.param("[" * 30_000, "neither YAML nor JSON", id="lists too deep to read"),
        pytest.param("- 2020-99-99", "neither YAML nor JSON", id="a date there is not"),
        pytest.param("- " + "9" * 5000, "neither YAML nor JSON", id="a number too long to read"),
        pytest.param("a: &x [1]\nb: *x", "Anchors and aliases", id="an alias"),
        pytest.param("- 5", "Rule 1: it has to be an object", id="a number"),
        pytest.param("[{regexp: a}]", "Rule 1: 'regexp' is no key", id="an unknown key"),
        pytest.param(
            "[{target_label: a}, {action: explode}]", "Rule 2: 'explode' is no action", id="an unknown action"
        ),
        pytest.param(
            "[{target_label: a, regex: '('}]", "regular expression '(' is not valid", id="a broken expression"
        ),
        pytest.param("[{target_label: a, regex: '(?=a)'}]", "is not valid", id="an expression that may take for ever"),
        pytest.param(
            json.dumps([{"target_label": "a", "regex": "a" * 4097}]), "at most 4096", id="an expression too long"
        ),
        pytest.param(
            "[{target_label: a, regex: '((a{100}){100}){100}'}]", "is not valid", id="an expression that takes too much"
        ),
        pytest.param("[{regex: a}]", "replace needs a target_label", id="a replacement of nothing"),
        pytest.param("[{action: lowercase, source_labels: [a]}]", "lowercase needs a target_label", id="lowercase"),
        pytest.param("[{target_label: 'a b'}]", "'a b' is no label name", id="a target that is no name"),
        pytest.param("[{action: uppercase, target_label: '$1'}]", "'$1' is no label name", id="a target of groups"),
        pytest.param("[{action: labelmap, replacement: '-'}]", "makes no label name", id="a name that is none"),
        pytest.param("[{action: hashmod, target_label: a}]", "needs a modulus", id="hashmod without modulus"),
        pytest.param("[{action: hashmod, target_label: a, modulus: -1}]", "positive number", id="a negative modulus"),
        pytest.param("[{action: hashmod, target_label: a, modulus: true}]", "positive number", id="a modulus of yes"),
        pytest.param("[{action: labeldrop, regex: a, target_label: b}]", "takes no target_label", id="a key too many"),
        pytest.param("[{action: keepequal, target_label: b, regex: a}]", "takes no regex", id="keepequal with regex"),
        pytest.param("[{action: drop, source_labels: a}]", "list of label names", id="one label that is no list"),
        pytest.param("[{action: drop, source_labels: ['']}]", "list of label names", id="a label without a name"),
        pytest.param(
            json.dumps([{"action": "drop", "source_labels": ["a"] * 65}]), "at most 64", id="too many source labels"
        ),
        pytest.param("[{action: drop, separator: [a]}]", "separator has to be a text", id="a list as separator"),
        pytest.param(
            json.dumps([{"target_label": "a", "replacement": "x" * 1025}]), "more than 1024", id="a long replacement"
        ),
    ],
)
def test_a_fault_is_a_sentence(text: str, says: str) -> None:
    found = parse_rules(text)
    assert isinstance(found, Rejection)
    assert found.reason is Reason.BAD_REQUEST
    assert says in found.message
    assert len(found.message) < 600
    assert found.message.endswith(".")


def test_rules_for_sample_types_only_keep_and_drop() -> None:
    assert not isinstance(
        parse_sample_type_rules("[{action: drop, source_labels: [__type__], regex: alloc.*}]"), Rejection
    )
    found = parse_sample_type_rules("[{action: keep, regex: a}, {target_label: a}]")
    assert isinstance(found, Rejection)
    assert found.message == "Rule 2: a rule for sample types can keep or drop, not replace."


def test_a_position_has_one_of_three_names() -> None:
    assert parse_position("last") == "last"
    found = parse_position("middle")
    assert isinstance(found, Rejection)
    assert "first, last, disabled" in found.message


def test_a_tenant_without_rules_has_the_default_ones() -> None:
    assert relabeling_of(Limits()) == Relabeling(DEFAULT_RULES, ())


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param(Limits(ingestion_relabeling_rules="["), id="rules"),
        pytest.param(Limits(sample_type_relabeling_rules="[{target_label: a}]"), id="rules for sample types"),
        pytest.param(Limits(ingestion_relabeling_default_rules_position="x"), id="a position"),
    ],
)
def test_rules_that_cannot_be_read_store_nothing(limits: Limits) -> None:
    found = relabeling_of(limits)
    assert isinstance(found, Rejection)
    assert found.reason is Reason.INTERNAL
