"""A box to try relabelling rules in: what each rule does to a series that somebody types in. Nothing is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from ingest.profiles.reasons import Rejection
from ingest.profiles.relabel import (
    DEFAULT_RULES,
    DefaultRulesPosition,
    Labels,
    RelabelRule,
    Rules,
    Step,
    explain,
    relabel,
    rules_in_order,
)
from ingest.profiles.relabel_text import MAX_TEXT_CHARS, parse_rules, parse_sample_type_rules

MAX_LABELS = 100
EXAMPLE = "__name__=process_cpu\nservice_name=checkout\nregion=eu-west"


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One rule and what it did."""

    number: int
    rule: str
    is_servers_own: bool
    is_changed: bool
    before: Labels
    after: Labels | None  #: None: the rule dropped the series

    @property
    def changes(self) -> list[str]:
        """Return what became of labels, one sentence each."""
        if self.after is None:
            return ["dropped"]
        before, after = dict(self.before), dict(self.after)
        gone = [f"removed {name}={before[name]}" for name in sorted(before.keys() - after.keys())]
        new = [f"added {name}={after[name]}" for name in sorted(after.keys() - before.keys())]
        other = [
            f"changed {name} from {before[name]} to {after[name]}"
            for name in sorted(before.keys() & after.keys())
            if before[name] != after[name]
        ]
        return gone + other + new


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the series."""

    steps: tuple[ShownStep, ...]
    labels: Labels | None  #: None: it was dropped
    sample_type: str
    keeps_sample_type: bool


class RulesBox(forms.Form):
    """A series, its sample type, and the rules."""

    labels = forms.CharField(
        label="Labels of the series",
        help_text="One name=value a line, those of its samples included.",
        initial=EXAMPLE,
        max_length=MAX_TEXT_CHARS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5, "spellcheck": "false"}),
    )
    rules = forms.CharField(
        label="Rules",
        required=False,
        strip=False,
        max_length=MAX_TEXT_CHARS,
        help_text="A YAML or JSON list of Prometheus' relabel_config.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 10, "spellcheck": "false"}),
    )
    position = forms.ChoiceField(
        label="The server's own rules",
        choices=[(position.value, position.value) for position in DefaultRulesPosition],
        widget=UnfoldAdminSelectWidget,
    )
    sample_type = forms.CharField(
        label="Sample type",
        initial="cpu/nanoseconds",
        max_length=200,
        help_text="Type and unit, joined by a slash.",
        widget=UnfoldAdminTextInputWidget,
    )
    sample_type_rules = forms.CharField(
        label="Rules for sample types",
        required=False,
        strip=False,
        max_length=MAX_TEXT_CHARS,
        help_text="They see the labels as they came, with __type__ and __unit__, and keep or drop.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def clean_labels(self) -> Labels:
        """Return the labels, sorted by name."""
        found: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["labels"].splitlines(), 1):
            name, separator, value = line.strip().partition("=")
            if not line.strip():
                continue
            if not separator or not name.strip():
                raise ValidationError(f"Line {number} is not of the form name=value.")
            found[name.strip()] = value.strip().strip('"')
        if len(found) > MAX_LABELS:
            raise ValidationError(f"There are {len(found)} labels, at most {MAX_LABELS} are allowed.")
        return tuple(sorted(found.items()))

    def clean_rules(self) -> Rules:
        """Return the rules."""
        return _parsed(parse_rules(self.cleaned_data["rules"]))

    def clean_sample_type_rules(self) -> Rules:
        """Return the rules for sample types."""
        return _parsed(parse_sample_type_rules(self.cleaned_data["sample_type_rules"]))


def tried(box: RulesBox) -> Trial:
    """Return what the rules of a valid form do to its series."""
    data: dict[str, Any] = box.cleaned_data
    rules = rules_in_order(data["rules"], DefaultRulesPosition(data["position"]))
    is_own_last = data["position"] == DefaultRulesPosition.FIRST
    steps: list[ShownStep] = []
    labels: Labels = data["labels"]
    for number, step in enumerate(explain(rules, labels), 1):
        is_servers_own = _is_servers_own(number, len(rules), len(data["rules"]), is_own_last)
        steps.append(ShownStep(number, _rule_text(step), is_servers_own, step.is_changed, labels, step.labels))
        labels = step.labels if step.labels is not None else ()
    after = relabel(rules, data["labels"])
    kind, _, unit = data["sample_type"].partition("/")
    # As ingest.profiles.prepare does it: these rules come first, and see what was sent.
    typed = tuple({**dict(data["labels"]), "__type__": kind, "__unit__": unit}.items())
    keeps = relabel(data["sample_type_rules"], typed) is not None
    return Trial(tuple(steps), after, data["sample_type"], keeps)


def _is_servers_own(number: int, rules: int, own: int, is_own_last: bool) -> bool:
    if rules == own:
        return False
    return number <= len(DEFAULT_RULES) if is_own_last else number > own


def _rule_text(step: Step) -> str:
    rule, plain = step.rule, RelabelRule()
    parts = [f"action: {rule.action.value}"]
    for name in ("source_labels", "separator", "regex", "target_label", "replacement", "modulus"):
        value = getattr(rule, name)
        if value != getattr(plain, name):
            parts.append(f"{name}: {'[' + ', '.join(value) + ']' if isinstance(value, tuple) else value}")
    return ", ".join(parts)


def _parsed(found: Rules | Rejection) -> Rules:
    if isinstance(found, Rejection):
        raise ValidationError(found.message)
    return found
