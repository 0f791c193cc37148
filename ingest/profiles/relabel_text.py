"""Relabelling rules as operators write them: a YAML or JSON list of Prometheus' ``relabel_config`` objects.

Every fault is one sentence that names the rule. Anchors and aliases are not taken: they can make a short text long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.relabel import Action, DefaultRulesPosition, RelabelRule, Rules, rules_in_order

MAX_TEXT_CHARS = 1 << 16
MAX_RULES = 100
MAX_SOURCE_LABELS = 64

#: Longest separator, name or replacement.
_MAX_PART_CHARS = 1024
#: Sums of MD5 are taken modulo 64 bits.
_MAX_MODULUS = (1 << 64) - 1

_KEYS = frozenset({"action", "source_labels", "separator", "regex", "target_label", "replacement", "modulus"})
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.]*")
_LABEL_TEMPLATE = re.compile(r"(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))(?:[a-zA-Z0-9_.]|\$(?:\{\w+\}|\w+))*")

_NEEDS_TARGET = frozenset(
    {Action.REPLACE, Action.HASHMOD, Action.LOWERCASE, Action.UPPERCASE, Action.KEEP_EQUAL, Action.DROP_EQUAL}
)
#: Keys that an action may come with beside ``action``; others take all.
_ONLY_KEYS = {
    Action.LABELDROP: frozenset({"regex"}),
    Action.LABELKEEP: frozenset({"regex"}),
    Action.KEEP_EQUAL: frozenset({"source_labels", "target_label"}),
    Action.DROP_EQUAL: frozenset({"source_labels", "target_label"}),
}
_SAMPLE_TYPE_ACTIONS = frozenset({Action.KEEP, Action.DROP})


@dataclass(frozen=True, slots=True)
class Relabeling:
    """The rules of one tenant in force."""

    rules: Rules  #: on the labels of each series, the default ones at their place
    sample_types: Rules


def relabeling_of(limits: Limits) -> Relabeling | Rejection:
    """Return the rules that a tenant's limits hold; texts are read once.

    A text is checked when it is saved. One that is bad all the same refuses the tenant's profiles: what its rules were
    to drop must not be stored.
    """
    return _relabeling(
        limits.ingestion_relabeling_rules,
        limits.ingestion_relabeling_default_rules_position,
        limits.sample_type_relabeling_rules,
    )


@lru_cache(maxsize=256)
def _relabeling(own_text: str, position: str, sample_types_text: str) -> Relabeling | Rejection:
    place = parse_position(position)
    own, sample_types = parse_rules(own_text), parse_sample_type_rules(sample_types_text)
    if isinstance(place, Rejection):
        return _unreadable(place)
    if isinstance(own, Rejection):
        return _unreadable(own)
    if isinstance(sample_types, Rejection):
        return _unreadable(sample_types)
    return Relabeling(rules_in_order(own, place), sample_types)


def parse_rules(text: str) -> Rules | Rejection:
    """Return the rules of a text; none for an empty one."""
    found = _entries(text)
    if isinstance(found, str):
        return _refused(found)
    rules: list[RelabelRule] = []
    for number, entry in enumerate(found, 1):
        rule = _rule(entry)
        if isinstance(rule, str):
            return _refused(f"Rule {number}: {rule}")
        rules.append(rule)
    return tuple(rules)


def parse_sample_type_rules(text: str) -> Rules | Rejection:
    """Return rules that see a series with ``__type__`` and ``__unit__``, and can only keep or drop."""
    rules = parse_rules(text)
    if isinstance(rules, Rejection):
        return rules
    for number, rule in enumerate(rules, 1):
        if rule.action not in _SAMPLE_TYPE_ACTIONS:
            return _refused(f"Rule {number}: a rule for sample types can keep or drop, not {rule.action}.")
    return rules


def parse_position(text: str) -> DefaultRulesPosition | Rejection:
    """Return where the default rules stand."""
    try:
        return DefaultRulesPosition(text)
    except ValueError:
        return _refused(
            f"{text[:100]!r} is no position of the default rules; there are {', '.join(DefaultRulesPosition)}."
        )


def _entries(text: str) -> list[Any] | str:
    if len(text) > MAX_TEXT_CHARS:
        return f"The rules have {len(text)} characters, at most {MAX_TEXT_CHARS} are allowed."
    try:
        if any(isinstance(token, yaml.AliasToken | yaml.AnchorToken) for token in yaml.scan(text)):
            return "Anchors and aliases of YAML are not taken: write every rule out."
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return f"The rules are neither YAML nor JSON: {' '.join(str(error).split())[:300]}."
    if found is None:
        return []
    if not isinstance(found, list):
        return "The rules have to be a list, each of them an object such as {action: drop, regex: ...}."
    if len(found) > MAX_RULES:
        return f"There are {len(found)} rules, at most {MAX_RULES} are allowed."
    return found


def _rule(entry: Any) -> RelabelRule | str:
    if not isinstance(entry, dict):
        return "it has to be an object with keys such as action and regex."
    unknown = sorted(str(key) for key in entry if key not in _KEYS)
    if unknown:
        return f"{unknown[0][:100]!r} is no key of a rule; there are {', '.join(sorted(_KEYS))}."
    try:
        action = Action(str(entry.get("action", Action.REPLACE.value)).lower())
    except ValueError:
        return f"{str(entry['action'])[:100]!r} is no action; there are {', '.join(Action)}."
    allowed = _ONLY_KEYS.get(action, _KEYS)
    for key in entry:
        if key != "action" and key not in allowed:
            return f"{action} takes no {key}, only {' and '.join(sorted(allowed))}."
    values = _values(entry)
    if isinstance(values, str):
        return values
    try:
        rule = RelabelRule(action=action, **values)
    except ValueError as error:
        return f"{error}."
    return _incomplete(rule) or rule


def _values(entry: dict[str, Any]) -> dict[str, Any] | str:
    """Return the fields of a rule besides its action."""
    values: dict[str, Any] = {}
    for key in ("separator", "regex", "target_label", "replacement"):
        if key in entry:
            value = entry[key]
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                return f"{key} has to be a text."
            values[key] = str(value)
            if key != "regex" and len(values[key]) > _MAX_PART_CHARS:
                return f"{key} has more than {_MAX_PART_CHARS} characters."
    names = entry.get("source_labels", [])
    if not isinstance(names, list) or not all(isinstance(name, str) and _is_label(name) for name in names):
        return "source_labels has to be a list of label names."
    if len(names) > MAX_SOURCE_LABELS:
        return f"it has {len(names)} source labels, at most {MAX_SOURCE_LABELS} are allowed."
    values["source_labels"] = tuple(names)
    modulus = entry.get("modulus", 0)
    if isinstance(modulus, bool) or not isinstance(modulus, int) or not 0 <= modulus <= _MAX_MODULUS:
        return "modulus has to be a positive number."
    values["modulus"] = modulus
    return values


def _incomplete(rule: RelabelRule) -> str:
    """Return what a rule lacks, or nothing."""
    if rule.action in _NEEDS_TARGET and not rule.target_label:
        return f"{rule.action} needs a target_label."
    if rule.action is Action.REPLACE and not _LABEL_TEMPLATE.fullmatch(rule.target_label):
        return f"{rule.target_label[:100]!r} is no label name."
    if rule.target_label and rule.action is not Action.REPLACE and not _is_label(rule.target_label):
        return f"{rule.target_label[:100]!r} is no label name."
    if rule.action is Action.LABELMAP and not _LABEL_TEMPLATE.fullmatch(rule.replacement):
        return f"{rule.replacement[:100]!r} makes no label name."
    if rule.action is Action.HASHMOD and not rule.modulus:
        return "hashmod needs a modulus above 0."
    return ""


def _is_label(name: str) -> bool:
    return len(name) <= _MAX_PART_CHARS and _LABEL.fullmatch(name) is not None


def _unreadable(why: Rejection) -> Rejection:
    return Rejection(Reason.INTERNAL, f"the relabelling rules of the tenant cannot be read: {why.message}")


def _refused(message: str) -> Rejection:
    return Rejection(Reason.BAD_REQUEST, message)
