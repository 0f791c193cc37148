"""``app{key=value}``: what it means, what is refused, and which labels a series gets of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.formats.app_name import MAX_CHARS, AppName, parse_app_name
from ingest.profiles.reasons import Reason, Rejection


@pytest.mark.parametrize(
    ("text", "app", "labels"),
    [
        ("checkout", "checkout", {}),
        ("  checkout  ", "checkout", {}),
        ("shop/checkout-v2.cpu_1", "shop/checkout-v2.cpu_1", {}),
        ("app{}", "app", {}),
        ("app{a=b}", "app", {"a": "b"}),
        ("app{ a = b , c = d }", "app", {"a": "b", "c": "d"}),
        ('app{a="b"}', "app", {"a": '"b"'}),
        ("app{a=b=c}", "app", {"a": "b=c"}),
        ("app{a=}", "app", {"a": ""}),
        ("app{a={b}", "app", {"a": "{b"}),
        ("app{a=1,a=2}", "app", {"a": "2"}),
        ("app{otel.scope.name=com.grafana.pyroscope/go}", "app", {"otel.scope.name": "com.grafana.pyroscope/go"}),
        ("app{a=b,}", "app", {"a": "b"}),
        ("app{a=b,c=d", "app", {"a": "b"}),
        ("app{a=b", "app", {}),
        ("app{a", "app", {}),
        ("app{", "app", {}),
        ("app{a=b}x{c=d}", "app", {"a": "b"}),
        ("app{a=søk}", "app", {"a": "søk"}),
    ],
)
def test_names_that_are_read(text: str, app: str, labels: dict[str, str]):
    assert parse_app_name(text) == AppName(app, labels)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("{a=b}", "missing"),
        ("my app", "application name"),
        ("søk", "application name"),
        ("app\n", None),
        ("a:b", "application name"),
        ("app{=b}", "label name"),
        ("app{a-b=c}", "label name"),
        ("app{a b=c}", "label name"),
        ("app{a,b=c}", "label name"),
        ("a" * (MAX_CHARS + 1), "characters"),
    ],
)
def test_names_that_are_refused(text: str, says: str | None):
    answer = parse_app_name(text)
    if says is None:
        assert answer == AppName("app", {})
        return
    assert isinstance(answer, Rejection)
    assert answer.reason is Reason.BAD_REQUEST
    assert says in answer.message
    assert len(answer.message) < 300


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, (("service_name", "svc"),)),
        ({"a": "b"}, (("service_name", "svc"), ("a", "b"))),
        (
            {"__session_id__": "1", "__name__": "x", "__delta__": "y"},
            (("service_name", "svc"), ("__session_id__", "1")),
        ),
        ({"service_name": "mine"}, (("app_name", "svc"), ("service_name", "mine"))),
        ({"service_name": "mine", "app_name": "also"}, (("service_name", "mine"), ("app_name", "also"))),
    ],
)
def test_the_labels_of_a_series(labels: dict[str, str], expected: tuple[tuple[str, str], ...]):
    assert AppName("app", labels).series_labels("svc") == expected


@given(st.text())
def test_any_text_is_read_or_refused(text: str):
    assert isinstance(parse_app_name(text), AppName | Rejection)


def read_by_character(text: str) -> AppName | None:
    """The grammar as a scanner of one character at a time; None is a refusal."""
    app, state, key, value = "", "app", "", ""
    labels: dict[str, str] = {}
    for char in text:
        if state == "app":
            if char == "{":
                state = "key"
            else:
                app += char
        elif state == "key":
            if char == "}":
                state = "done"
            elif char == "=":
                state = "value"
            else:
                key += char
        elif state == "value":
            if char in ",}":
                key = key.strip()
                if not key or any(c not in "ab." for c in key):
                    return None
                labels[key] = value.strip()
                key, value = "", ""
                state = "key" if char == "," else "done"
            else:
                value += char
    app = app.strip()
    return AppName(app, labels) if app and all(c in "ab." for c in app) else None


@given(st.text("ab.{}=, \"'", max_size=25))
def test_it_reads_as_a_scanner_of_characters_does(text: str):
    answer = parse_app_name(text)
    assert (None if isinstance(answer, Rejection) else answer) == read_by_character(text)
