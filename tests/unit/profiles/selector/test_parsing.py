"""Selectors as people and Grafana write them, and what is said about those that are wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.selector import (
    MAX_MATCHERS,
    MAX_REGEX_CHARS,
    MAX_SELECTOR_CHARS,
    OPERATORS,
    Matcher,
    parse_selector,
)

M = Matcher


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{}", (), id="empty braces select everything"),
        pytest.param(" { } ", (), id="space is ignored"),
        pytest.param("process_cpu", (M("__name__", "=", "process_cpu"),), id="a metric name alone"),
        pytest.param("process_cpu{}", (M("__name__", "=", "process_cpu"),), id="a metric name and empty braces"),
        pytest.param("ns:cpu {}", (M("__name__", "=", "ns:cpu"),), id="a metric name with a colon"),
        pytest.param('{"process.cpu"}', (M("__name__", "=", "process.cpu"),), id="a quoted metric name"),
        pytest.param(
            '{a="b", c!="d",e=~"x.*",f!~"y"}',
            (M("a", "=", "b"), M("c", "!=", "d"), M("e", "=~", "x.*"), M("f", "!~", "y")),
            id="all operators",
        ),
        pytest.param('{a="b",}', (M("a", "=", "b"),), id="a comma at the end"),
        pytest.param('{\n  a\t=\r\n"b"\n}', (M("a", "=", "b"),), id="space and lines anywhere"),
        pytest.param('{"a.b"="c"}', (M("a.b", "=", "c"),), id="a quoted label name"),
        pytest.param("{'größe'=`1`}", (M("größe", "=", "1"),), id="other quotes and scripts"),
        pytest.param("{a='say \"x\"'}", (M("a", "=", 'say "x"'),), id="the other quote within"),
        pytest.param(r"{a=`\d{2}\n`}", (M("a", "=", r"\d{2}\n"),), id="back quotes have no escapes"),
        pytest.param("{a=`x\ny`}", (M("a", "=", "x\ny"),), id="back quotes span lines"),
        pytest.param(r'{a="\a\b\f\n\r\t\v\\\""}', (M("a", "=", '\a\b\f\n\r\t\v\\"'),), id="escapes with a letter"),
        pytest.param(r'{a="\x41\101\u00e9\U0001F600"}', (M("a", "=", "AAé\U0001f600"),), id="escapes with digits"),
        pytest.param(r'{a="\xc3\xa9"}', (M("a", "=", "é"),), id="bytes that make a character"),
        pytest.param(r'{a=~"web-\\d+"}', (M("a", "=~", r"web-\d+"),), id="an escaped backslash in an expression"),
        pytest.param('{__profile_type__="x"}', (M("__profile_type__", "=", "x"),), id="private labels"),
        pytest.param('{a="1",a="2"}', (M("a", "=", "1"), M("a", "=", "2")), id="a label twice"),
        pytest.param(
            '{__name__=~"a.*",__name__!="ab"}',
            (M("__name__", "=~", "a.*"), M("__name__", "!=", "ab")),
            id="names by operator",
        ),
        pytest.param('{a=""}', (M("a", "=", ""),), id="an empty value"),
    ],
)
def test_a_selector_is_read(text: str, expected: tuple[Matcher, ...]) -> None:
    assert parse_selector(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        pytest.param("", 1, "expected a metric name or {, found the end", id="empty"),
        pytest.param("   ", 4, "expected a metric name or {, found the end", id="space only"),
        pytest.param("9lives", 1, "expected a metric name or {, found '9'", id="a name that starts with a digit"),
        pytest.param('"quoted"', 1, "expected a metric name or {", id="a string without braces"),
        pytest.param("a b", 3, "expected { or the end, found 'b'", id="two names"),
        pytest.param("{", 2, "expected a label name or }, found the end", id="an open brace"),
        pytest.param("{,}", 2, "expected a label name or }, found ','", id="a comma alone"),
        pytest.param('{a="b",,}', 8, "expected a label name or }, found ','", id="two commas"),
        pytest.param('{a="b"', 7, "expected , or }, found the end", id="a brace left open"),
        pytest.param('{a="b" c="d"}', 8, "expected , or }, found 'c'", id="no comma between"),
        pytest.param('{a="b"} x', 9, "expected the end, found 'x'", id="text after the brace"),
        pytest.param('{a="b"}[5m]', 8, "expected the end, found '['", id="a range"),
        pytest.param('{a="b"} offset 5m', 9, "expected the end", id="an offset"),
        pytest.param("{a}", 3, "expected one of = != =~ !~, found '}'", id="no operator"),
        pytest.param('{a~"b"}', 3, "expected one of = != =~ !~, found '~'", id="half an operator"),
        pytest.param('{a=="b"}', 4, "expected a quoted string, found '='", id="an operator of other languages"),
        pytest.param('{a<"b"}', 3, "expected one of = != =~ !~, found '<'", id="a comparison"),
        pytest.param("{a=b}", 4, "expected a quoted string, found 'b'", id="a value without quotes"),
        pytest.param("{a=5}", 4, "expected a quoted string, found '5'", id="a number"),
        pytest.param('{a.b="c"}', 3, "expected one of", id="a dot outside quotes"),
        pytest.param('{größe="1"}', 4, "expected one of", id="a letter that is not ASCII outside quotes"),
        pytest.param('{"" ="x"}', 2, "a label name must not be empty", id="an empty name"),
        pytest.param('{a="b', 4, "not closed", id="an open string"),
        pytest.param("{a=`b", 4, "not closed", id="an open back quote"),
        pytest.param('{a="b\nc"}', 4, "not closed on its line", id="a line break in a string"),
        pytest.param('{a="\\', 5, "unknown escape", id="a backslash at the end"),
        pytest.param(r'{a="\q"}', 5, "unknown escape", id="an unknown escape"),
        pytest.param(r'{a="\d"}', 5, "unknown escape", id="a backslash of an expression that was not doubled"),
        pytest.param(r"""{a="\'"}""", 5, "unknown escape", id="the other quote escaped"),
        pytest.param(r'{a="\x4"}', 5, "needs 2 digits of base 16", id="too few digits"),
        pytest.param(r'{a="\u00_9"}', 5, "needs 4 digits of base 16", id="what Python takes for a digit"),
        pytest.param(r'{a="\18a"}', 5, "needs 3 digits of base 8", id="not octal"),
        pytest.param(r'{a="\400"}', 5, "at most", id="an octal above a byte"),
        pytest.param(r'{a="\ud800"}', 5, "not a Unicode character", id="a surrogate by escape"),
        pytest.param(r'{a="\U00110000"}', 5, "not a Unicode character", id="beyond Unicode"),
        pytest.param(r'{a="\xff"}', 4, "not valid UTF-8", id="a byte that is no character"),
        pytest.param('{a="\ud800"}', 4, "not valid UTF-8", id="a surrogate in quotes"),
        pytest.param("{a=`\ud800`}", 4, "not valid UTF-8", id="a surrogate in back quotes"),
        pytest.param('{a=~"("}', 5, "missing )", id="an expression RE2 refuses"),
        pytest.param(r'{a=~"(a)\\1"}', 5, "invalid escape", id="a back reference"),
        pytest.param('{a=~"(?=x)"}', 5, "invalid perl operator", id="a look-ahead"),
        pytest.param('{a=~"a)|(b"}', 5, "is not valid", id="an expression that breaks out of its anchors"),
        pytest.param('{a=~"((a{100}){100}){100}"}', 5, "invalid repetition", id="an expression that would explode"),
        pytest.param('x{__name__="y"}', 3, "metric name is given twice", id="a name before and in the braces"),
        pytest.param('{"x","y"}', 6, "metric name is given twice", id="two quoted names"),
    ],
)
def test_a_wrong_selector_is_refused_with_position_and_expectation(text: str, position: int, says: str) -> None:
    found = parse_selector(text)
    assert isinstance(found, Rejection)
    assert found.reason == Reason.BAD_SELECTOR
    assert says in found.message
    assert found.message.startswith(f"selector, character {position}:")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        pytest.param('{a="' + "x" * (MAX_SELECTOR_CHARS - 6) + '"}', True, id="the longest selector"),
        pytest.param('{a="' + "x" * (MAX_SELECTOR_CHARS - 5) + '"}', False, id="one character more"),
        pytest.param("{" + 'a="b",' * MAX_MATCHERS + "}", True, id="the most matchers"),
        pytest.param("{" + 'a="b",' * (MAX_MATCHERS + 1) + "}", False, id="one matcher more"),
        pytest.param("x{" + 'a="b",' * MAX_MATCHERS + "}", False, id="the metric name counts too"),
        pytest.param('{a=~"' + "x" * (MAX_REGEX_CHARS - 1) + '."}', True, id="the longest expression"),
        pytest.param('{a=~"' + "x" * MAX_REGEX_CHARS + '."}', False, id="one character more in an expression"),
        pytest.param("{" * MAX_SELECTOR_CHARS, False, id="braces all the way down"),
    ],
)
def test_a_selector_is_bounded(text: str, fits: bool) -> None:
    found = parse_selector(text)
    assert isinstance(found, tuple) == fits
    if isinstance(found, Rejection):
        assert len(found.message) < 500


def quote(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08x}" if char in '"\\\n' or ord(char) < 32 else char for char in text) + '"'


plain_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(plain_text.filter(bool), st.sampled_from(["=", "!="]), plain_text), max_size=5))
def test_whatever_is_written_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    text = "{" + ", ".join(f"{quote(name)} {op} {quote(value)}" for name, op, value in rows) + "}"
    assert parse_selector(text) == tuple(Matcher(*row) for row in rows)


@given(st.text(st.sampled_from("{}=\"'`\\,!~ aé0x_:\n.*()[]") | st.characters(), max_size=40))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    found = parse_selector(text)
    if isinstance(found, Rejection):
        found.message.encode()
        assert found.reason == Reason.BAD_SELECTOR
    else:
        assert all(matcher.op in OPERATORS for matcher in found)
