"""Selectors: which series a query means, in the syntax of a PromQL vector selector without range and offset.

``process_cpu{service_name="web", region!="eu", pod=~"web-.*", "k8s.node"!~"a|b"}``

* a metric name before the brace, or a quoted one alone inside it, is an equality on ``__name__``; ``{}`` selects
everything;
* label names are identifiers or quoted strings; strings take double, single or back quotes, the last without escapes;
* regular expressions are RE2, match the whole value, and a dot matches a newline too;
* a label that a series does not have counts as empty, so ``x=""`` selects the series without ``x``.

The text comes from outside, so its length, the number of matchers and the memory of a regular expression are bounded,
and RE2 matches in time linear in the value. Refusals are values that name the position (counted from 1) and what was
expected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from ingest.profiles.columns import Labels
from ingest.profiles.reasons import Reason, Rejection

MAX_SELECTOR_CHARS = 32_768
MAX_MATCHERS = 64
MAX_REGEX_CHARS = 16_384
MAX_REGEX_MEMORY_BYTES = 8 << 20

METRIC_NAME_LABEL = "__name__"

#: Operators, longest first where one begins like another.
OPERATORS = ("=~", "!~", "!=", "=")

_QUOTES = ('"', "'", "`")
_IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SPACE = re.compile(r"[ \t\r\n]*")
_REGEX_SPECIAL = re.compile(r"[\\.+*?()\[\]{}^$]")
_SIMPLE_ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92}
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label. ``op`` is one of ``=``, ``!=``, ``=~`` and ``!~``.

    Raises ``ValueError`` for another operator or an expression RE2 refuses; :func:`make_matcher` returns that as a
    value.
    """

    name: str
    op: str
    value: str
    _test: Callable[[str], bool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_test", _compile(self.op, self.value))

    def matches(self, value: str) -> bool:
        """Return whether a series whose label has this value is selected; a missing label has the empty value."""
        return self._test(value)

    @property
    def matches_empty(self) -> bool:
        """Whether a series without the label is selected."""
        return self._test("")


def make_matcher(name: str, op: str, value: str) -> Matcher | Rejection:
    """Return the matcher, or ``Rejection(bad_selector)`` when its operator or its regular expression is not valid."""
    try:
        return Matcher(name, op, value)
    except ValueError as error:
        return Rejection(Reason.BAD_SELECTOR, str(error))


def select_labels(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Return whether a series with these labels meets all matchers."""
    values = dict(labels)
    return all(matcher.matches(values.get(matcher.name, "")) for matcher in matchers)


def parse_selector(text: str) -> tuple[Matcher, ...] | Rejection:
    """Return the matchers of a selector in the order they are written, or ``Rejection(bad_selector)``.

    The empty text is not a selector; ``{}`` is one, without matchers.
    """
    if len(text) > MAX_SELECTOR_CHARS:
        return Rejection(
            Reason.BAD_SELECTOR, f"selector has {len(text)} characters, at most {MAX_SELECTOR_CHARS} are allowed"
        )
    try:
        return _Parser(text).selector()
    except _SyntaxError as error:
        return Rejection(Reason.BAD_SELECTOR, f"selector, character {error.at + 1}: {error}")


def matchers_to_json(matchers: Sequence[Matcher]) -> str:
    """Return matchers as the JSON text ``[[name, op, value], ...]`` for a message between processes."""
    return json.dumps([[matcher.name, matcher.op, matcher.value] for matcher in matchers])


def matchers_from_json(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of :func:`matchers_to_json`. Raises ``ValueError`` for anything else."""
    rows = json.loads(text)
    if not isinstance(rows, list) or len(rows) > MAX_MATCHERS + 1:
        raise ValueError(f"matchers must be a list of at most {MAX_MATCHERS + 1}")
    found: list[Matcher] = []
    for row in rows:
        if not (isinstance(row, list) and len(row) == 3 and all(isinstance(part, str) for part in row)):
            raise ValueError("a matcher must be [name, op, value]")
        found.append(Matcher(*row))
    return tuple(found)


def _compile(op: str, value: str) -> Callable[[str], bool]:
    """Return the test of an operator and its operand. Raises ``ValueError``."""
    if op == "=":
        return value.__eq__
    if op == "!=":
        return value.__ne__
    if op not in OPERATORS:
        raise ValueError(f"operator {op!r} is not one of = != =~ !~")
    matches = _compile_regex(value)
    return matches if op == "=~" else lambda candidate: not matches(candidate)


def _compile_regex(pattern: str) -> Callable[[str], bool]:
    """Return a test for a whole value. Raises ``ValueError`` when RE2 refuses the expression."""
    if len(pattern) > MAX_REGEX_CHARS:
        raise ValueError(f"regular expression has {len(pattern)} characters, at most {MAX_REGEX_CHARS} are allowed")
    if _REGEX_SPECIAL.search(pattern) is None:
        # Queries built by forms are mostly plain alternatives, for which a set is exact and much faster.
        return frozenset(pattern.split("|")).__contains__
    options = re2.Options()
    options.max_mem = MAX_REGEX_MEMORY_BYTES
    options.log_errors = False
    options.dot_nl = True
    try:
        fullmatch: Callable[[str], Any] = re2.compile(pattern, options).fullmatch
    except (re2.error, UnicodeEncodeError) as error:
        cause = error.args[0] if error.args else ""
        cause = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else cause
        raise ValueError(f"regular expression {pattern[:200]!r} is not valid: {cause}") from error
    return lambda candidate: fullmatch(candidate) is not None


class _SyntaxError(Exception):
    """The text is not a selector from position ``at`` on."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


class _Parser:
    """A recursive-descent parser over one text; ``at`` is the next character to read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.matchers: list[Matcher] = []
        self.has_metric_name = False  # named without an operator, so that no matcher may name it again

    def selector(self) -> tuple[Matcher, ...]:
        """Parse ``[metric name] [{ matcher, ... }]`` up to the end of the text."""
        self._skip_space()
        name = _METRIC_NAME.match(self.text, self.at)
        if name is not None:
            self.at = name.end()
            self.has_metric_name = True
            self.matchers.append(Matcher(METRIC_NAME_LABEL, "=", name.group()))
            self._skip_space()
        if self._peek() == "{":
            self.at += 1
            self._braces()
            self._skip_space()
            expected = "the end"
        else:
            expected = "a metric name or {" if name is None else "{ or the end"
        if self.at < len(self.text) or not (self.matchers or expected == "the end"):
            raise self._expected(expected)
        return tuple(self.matchers)

    def _braces(self) -> None:
        """Parse what follows an opening brace, up to and with the closing one."""
        while True:
            self._skip_space()
            if self._peek() == "}":
                self.at += 1
                return
            if len(self.matchers) >= MAX_MATCHERS:
                raise _SyntaxError(self.at, f"at most {MAX_MATCHERS} matchers are allowed")
            self.matchers.append(self._matcher())
            self._skip_space()
            if self._peek() == ",":
                self.at += 1
            elif self._peek() != "}":
                raise self._expected(", or }")

    def _matcher(self) -> Matcher:
        """Parse ``name op "value"``, or a quoted metric name alone."""
        start = self.at
        quoted = self._peek() in _QUOTES
        name = self._string() if quoted else self._label_name()
        if not name:
            raise _SyntaxError(start, "a label name must not be empty")
        self._skip_space()
        is_metric_name = quoted and self._peek() in (",", "}")
        if self.has_metric_name and (is_metric_name or name == METRIC_NAME_LABEL):
            raise _SyntaxError(start, "the metric name is given twice")
        if is_metric_name:
            self.has_metric_name = True
            return Matcher(METRIC_NAME_LABEL, "=", name)
        op = next((op for op in OPERATORS if self.text.startswith(op, self.at)), None)
        if op is None:
            raise self._expected("one of = != =~ !~")
        self.at += len(op)
        self._skip_space()
        start = self.at
        if self._peek() not in _QUOTES:
            raise self._expected("a quoted string")
        matcher = make_matcher(name, op, self._string())
        if isinstance(matcher, Rejection):
            raise _SyntaxError(start, matcher.message)
        return matcher

    def _label_name(self) -> str:
        """Parse an identifier."""
        found = _IDENTIFIER.match(self.text, self.at)
        if found is None:
            raise self._expected("a label name or }")
        self.at = found.end()
        return found.group()

    def _string(self) -> str:
        """Parse a string in any of the three quotes; ``at`` is on the opening one."""
        start = self.at
        quote = self.text[start]
        self.at += 1
        if quote == "`":
            end = self.text.find("`", self.at)
            if end < 0:
                raise _SyntaxError(start, "the string is not closed, expected `")
            raw = self.text[self.at : end]
            self.at = end + 1
            return self._utf8(start, raw.encode("utf-8", "surrogatepass"))
        parts = bytearray()
        while True:
            char = self._peek()
            if char in ("", "\n"):
                raise _SyntaxError(start, f"the string is not closed on its line, expected {quote}")
            self.at += 1
            if char == quote:
                return self._utf8(start, bytes(parts))
            parts += self._escape(quote) if char == "\\" else char.encode("utf-8", "surrogatepass")

    def _escape(self, quote: str) -> bytes:
        """Parse the rest of an escape sequence, as Go has them; ``at`` is behind the backslash."""
        start = self.at - 1
        char = self._peek()
        self.at += 1
        if char in _SIMPLE_ESCAPES:
            return bytes([_SIMPLE_ESCAPES[char]])
        if char == quote:
            return quote.encode()
        if char in _HEX_ESCAPES:
            code = self._digits(start, self.at, _HEX_ESCAPES[char], 16)
            if char == "x":
                return bytes([code])
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise _SyntaxError(start, "the escape sequence is not a Unicode character")
            return chr(code).encode()
        if char and char in "01234567":
            code = self._digits(start, self.at - 1, 3, 8)
            if code > 255:
                raise _SyntaxError(start, "an octal escape sequence must be at most \\377")
            return bytes([code])
        raise _SyntaxError(
            start,
            f"unknown escape sequence, expected one of \\a \\b \\f \\n \\r \\t \\v \\\\ \\{quote} \\x \\u \\U \\000",
        )

    def _digits(self, start: int, first: int, count: int, base: int) -> int:
        """Parse exactly ``count`` digits from position ``first``."""
        digits = self.text[first : first + count]
        allowed = "01234567" if base == 8 else "0123456789abcdefABCDEF"
        if len(digits) < count or any(digit not in allowed for digit in digits):
            raise _SyntaxError(start, f"the escape sequence needs {count} digits of base {base}")
        self.at = first + count
        return int(digits, base)

    def _utf8(self, start: int, raw: bytes) -> str:
        """Return the text of a string; bytes come from ``\\x`` and octal escapes and may not be UTF-8."""
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise _SyntaxError(start, "the string is not valid UTF-8") from None

    def _peek(self) -> str:
        """Return the next character, or the empty text at the end."""
        return self.text[self.at : self.at + 1]

    def _skip_space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found is not None else self.at

    def _expected(self, what: str) -> _SyntaxError:
        """Return the error that something else stands here."""
        char = self._peek()
        return _SyntaxError(self.at, f"expected {what}, found {char!r}" if char else f"expected {what}, found the end")
