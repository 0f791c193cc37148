"""Relabelling: rules in the order given rewrite the labels of a series, or drop it.

Rules are those of Prometheus (``relabel_config``): ``replace``, ``keep``, ``drop``, ``keepequal``, ``dropequal``,
``hashmod``, ``labelmap``, ``labeldrop``, ``labelkeep``, ``lowercase`` and ``uppercase``. A rule looks at the values of
its source labels, joined by its separator; a label that is not there counts as empty, and one that becomes empty is
removed. Regular expressions are RE2, match the whole value, and a dot matches a newline too. In a replacement ``$1``,
``${1}`` and ``${name}`` are groups and ``$$`` is a dollar sign.

Rules are the operator's, labels come from outside: a value that rules make longer and longer is cut at
:data:`MAX_VALUE_CHARS`, far above what any limit lets through, and RE2 matches in time linear in the value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import re2

#: As in :mod:`ingest.profiles.columns`, which would bring numpy into every process that reads the settings.
Labels = tuple[tuple[str, str], ...]

#: Longest value a rule may make.
MAX_VALUE_CHARS = 1 << 16
MAX_REGEX_CHARS = 4096
_MAX_REGEX_MEMORY_BYTES = 1 << 20

DEFAULT_SEPARATOR = ";"
DEFAULT_REGEX = "(.*)"
DEFAULT_REPLACEMENT = "$1"

#: What an expression begins with before anything special.
_PLAIN = re.compile(r"[^\\.+*?()\[\]{}^$|]*")
_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")


class Action(StrEnum):
    """What a rule does."""

    REPLACE = "replace"
    KEEP = "keep"
    DROP = "drop"
    KEEP_EQUAL = "keepequal"
    DROP_EQUAL = "dropequal"
    HASHMOD = "hashmod"
    LABELMAP = "labelmap"
    LABELDROP = "labeldrop"
    LABELKEEP = "labelkeep"
    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"


class DefaultRulesPosition(StrEnum):
    """Where the default rules stand beside those of a tenant."""

    FIRST = "first"
    LAST = "last"
    DISABLED = "disabled"


def _compiled(text: str) -> Any:
    """Return a compiled expression. Raises ``ValueError``."""
    if len(text) > MAX_REGEX_CHARS:
        raise ValueError(f"regular expression has {len(text)} characters, at most {MAX_REGEX_CHARS} are allowed")
    options = re2.Options()
    options.max_mem = _MAX_REGEX_MEMORY_BYTES
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(text, options)
    except (re2.error, UnicodeEncodeError) as error:
        cause = error.args[0] if error.args else ""
        cause = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else cause
        raise ValueError(f"regular expression {text[:200]!r} is not valid: {cause}") from error


def _prefix(regex: str) -> str:
    """Return a text that every match begins with: most series are told apart by it, and RE2 is not asked."""
    if "|" in regex or "(?" in regex:
        return ""
    found = _PLAIN.match(regex)
    prefix = found.group() if found is not None else ""
    return prefix[:-1] if regex[len(prefix) : len(prefix) + 1] in ("*", "?", "{") else prefix


def _template(text: str, names: dict[str, int]) -> tuple[str | int, ...]:
    """Return text and group numbers in turn; a group that is not there is the empty text."""
    parts: list[str | int] = []
    end = 0
    for found in _REFERENCE.finditer(text):
        parts.append(text[end : found.start()])
        dollar, braced, plain = found.groups()
        name = braced or plain
        if dollar:
            parts.append("$")
        elif name.isdecimal() and len(name) < 4:
            parts.append(int(name))
        elif name in names:
            parts.append(names[name])
        end = found.end()
    parts.append(text[end:])
    return tuple(part for part in parts if part != "")


@dataclass(frozen=True, slots=True)
class RelabelRule:
    """One rule. Raises ``ValueError`` for an expression that RE2 refuses."""

    action: Action = Action.REPLACE
    source_labels: tuple[str, ...] = ()
    separator: str = DEFAULT_SEPARATOR
    regex: str = DEFAULT_REGEX
    target_label: str = ""
    replacement: str = DEFAULT_REPLACEMENT
    modulus: int = 0
    _pattern: Any = field(init=False, repr=False, compare=False)
    _prefix: str = field(init=False, repr=False, compare=False)  #: of every text that matches
    _target: tuple[str | int, ...] = field(init=False, repr=False, compare=False)
    _value: tuple[str | int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = _compiled(self.regex)
        object.__setattr__(self, "_pattern", pattern)
        object.__setattr__(self, "_prefix", _prefix(self.regex))
        object.__setattr__(self, "_target", _template(self.target_label, pattern.groupindex))
        object.__setattr__(self, "_value", _template(self.replacement, pattern.groupindex))

    def apply(self, labels: dict[str, str]) -> bool:
        """Change the labels in place; return whether the series is kept."""
        if self.action is Action.REPLACE:
            found = self._match(self._source_value(labels))
            if found is not None and (name := _expanded(self._target, found)):
                _set(labels, name, _expanded(self._value, found))
            return True
        match self.action:
            case Action.LABELMAP:
                self._map_names(labels)
            case Action.LABELDROP | Action.LABELKEEP:
                drops = self.action is Action.LABELDROP
                for name in [name for name in labels if (self._match(name) is not None) is drops]:
                    del labels[name]
            case _:
                return self._apply_to_value(labels)
        return True

    def _apply_to_value(self, labels: dict[str, str]) -> bool:
        value = self._source_value(labels)
        match self.action:
            case Action.KEEP:
                return self._match(value) is not None
            case Action.DROP:
                return self._match(value) is None
            case Action.KEEP_EQUAL:
                return labels.get(self.target_label, "") == value
            case Action.DROP_EQUAL:
                return labels.get(self.target_label, "") != value
            case Action.LOWERCASE:
                _set(labels, self.target_label, value.lower())
            case Action.UPPERCASE:
                _set(labels, self.target_label, value.upper())
            case Action.HASHMOD:
                # The last 8 bytes of MD5, as Prometheus takes them, so that shares of a fleet stay where they are.
                digest = hashlib.md5(value.encode(), usedforsecurity=False).digest()
                _set(labels, self.target_label, str(int.from_bytes(digest[8:], "big") % self.modulus))
        return True

    def _source_value(self, labels: dict[str, str]) -> str:
        return self.separator.join([labels.get(name, "") for name in self.source_labels])

    def _match(self, text: str) -> Any:
        return self._pattern.fullmatch(text) if text.startswith(self._prefix) else None

    def _map_names(self, labels: dict[str, str]) -> None:
        for name, value in list(labels.items()):
            found = self._match(name)
            if found is not None and (mapped := _expanded(self._value, found)):
                _set(labels, mapped, value)


Rules = tuple[RelabelRule, ...]

#: What every tenant has unless it is switched off. The first three give profiles of Go's delta profiler the name of the
#: profiles they are, and say that they are deltas. The last one is Pyroscope's and takes effect only for senders that
#: set ``__type__`` themselves, because the server adds that label later, when a profile is divided by sample type.
DEFAULT_RULES: Rules = (
    RelabelRule(
        source_labels=("__name__",), regex="godeltaprof_.+", target_label="__name_replaced__", replacement="$0"
    ),
    RelabelRule(source_labels=("__name__",), regex="godeltaprof_.+", target_label="__delta__", replacement="false"),
    RelabelRule(source_labels=("__name__",), regex="godeltaprof_(.+)", target_label="__name__"),
    RelabelRule(
        source_labels=("__name__", "__type__"),
        regex="wall;cpu",
        target_label="__name__",
        replacement="process_cpu",
    ),
)


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule did to a series."""

    rule: RelabelRule
    labels: Labels | None  #: after the rule; None when it dropped the series, and then it is the last step
    is_changed: bool


def rules_in_order(own: Rules, position: DefaultRulesPosition) -> Rules:
    """Return the rules of a tenant with the default ones at their place."""
    match position:
        case DefaultRulesPosition.FIRST:
            return DEFAULT_RULES + own
        case DefaultRulesPosition.LAST:
            return own + DEFAULT_RULES
    return own


def relabel(rules: Sequence[RelabelRule], labels: Labels) -> Labels | None:
    """Return the labels after all rules, or None when one dropped the series. Labels are valid UTF-8."""
    current = dict(labels)
    for rule in rules:
        if not rule.apply(current):
            return None
    return tuple(sorted(current.items()))


def explain(rules: Sequence[RelabelRule], labels: Labels) -> tuple[Step, ...]:
    """Return what each rule does to a series, for whoever writes rules."""
    steps: list[Step] = []
    current = dict(labels)
    for rule in rules:
        before = dict(current)
        if not rule.apply(current):
            return (*steps, Step(rule, None, is_changed=True))
        steps.append(Step(rule, tuple(sorted(current.items())), is_changed=current != before))
    return tuple(steps)


def _expanded(template: tuple[str | int, ...], found: Any) -> str:
    texts: list[str] = []
    groups = found.re.groups
    for part in template:
        if isinstance(part, str):
            texts.append(part)
        elif part <= groups:
            texts.append(found.group(part) or "")
    return "".join(texts)


def _set(labels: dict[str, str], name: str, value: str) -> None:
    if value:
        labels[name] = value[:MAX_VALUE_CHARS]
    else:
        labels.pop(name, None)
