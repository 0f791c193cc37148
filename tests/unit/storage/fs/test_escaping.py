"""Any text as one path component, and back."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.storage.fs import MAX_COMPONENT_BYTES, escape_component, unescape_component

ANY_TEXT = st.text(st.characters(), max_size=90) | st.text("aA.%~/e0", max_size=12)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        pytest.param("team-a_1", "team-a_1", id="plain text stays"),
        pytest.param("", "%empty", id="the empty text"),
        pytest.param(".", "%2e", id="a dot"),
        pytest.param("..", "%2e%2e", id="two dots"),
        pytest.param("a/b\\c", "a%2fb%5cc", id="separators"),
        pytest.param("A", "%41", id="capitals, for file systems that ignore case"),
        pytest.param("%empty", "%25empty", id="text that looks escaped"),
        pytest.param("x.tmp", "x%2etmp", id="a suffix that would make it a leftover"),
        pytest.param("é\0", "%c3%a9%00", id="UTF-8 and NUL"),
        pytest.param("\ud800", "%ed%a0%80", id="a lone surrogate"),
    ],
)
def test_texts_and_their_components(text: str, escaped: str) -> None:
    assert escape_component(text) == escaped
    assert unescape_component(escaped) == text


@given(ANY_TEXT)
@example("x" * MAX_COMPONENT_BYTES)
@example("x" * (MAX_COMPONENT_BYTES + 1))
@example("/" * 67)
def test_a_component_is_safe_bounded_and_leads_back(text: str) -> None:
    component = escape_component(text)
    assert re.fullmatch(r"[a-z0-9_%~-]+", component)
    assert len(component) <= MAX_COMPONENT_BYTES
    back = unescape_component(component)
    assert back == text or (back is None and len(text.encode("utf-8", "surrogatepass")) * 3 > MAX_COMPONENT_BYTES)


@given(ANY_TEXT, ANY_TEXT)
def test_different_texts_have_components_that_differ_also_without_case(one: str, other: str) -> None:
    assert (escape_component(one).lower() == escape_component(other).lower()) == (one == other)


def test_long_texts_that_differ_only_at_the_end_differ() -> None:
    long = "tenant/" * 100
    components = {escape_component(long + end) for end in ("", "a", "b", "a" * 1000)}
    assert len(components) == 4
    assert all(component.startswith("tenant%2f") for component in components)
    assert all(unescape_component(component) is None for component in components)


@pytest.mark.parametrize(
    "strange", ["", ".", "..", "a.b", "A", "%", "%4", "%4G", "%61", "%2E", "%ff", "%~", "%~00", "a/b"]
)
def test_what_no_text_is_escaped_to_is_refused(strange: str) -> None:
    with pytest.raises(ValueError, match="not an escaped"):
        unescape_component(strange)
