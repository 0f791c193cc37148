"""What the diff page compares: presets, splits and labels give the two queries that their names promise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.profiles.selector import parse_selector
from tests.django.ui.page_modules import in_node

NOW = 1_760_000_000_000
STATE = {
    "type": "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
    "from": "now-2h",
    "until": "now",
    "left_query": "{old=\"1\"}",
    "left_from": "now-9h",
    "left_until": "now-8h",
    "right_query": '{service_name="web"}',
    "right_from": "now-1h",
    "right_until": "now",
}  # fmt: skip


def changed(tmp_path: Path, expression: str) -> dict[str, str]:
    made: dict[str, str] = in_node(tmp_path, "diff_sides", expression, {"state": STATE, "now": NOW})
    return made


@pytest.mark.parametrize(
    ("preset", "left_from", "left_until"),
    [("previous", "now-2h", "now-1h"), ("yesterday", "now-25h", "now-1d"), ("last-week", "now-169h", "now-7d")],
)
def test_a_preset_makes_a_what_b_was_before(tmp_path: Path, preset: str, left_from: str, left_until: str) -> None:
    made = changed(tmp_path, f"m.PRESETS['{preset}'](data.state, data.now)")
    assert made == {
        "left_query": '{service_name="web"}',
        "left_from": left_from,
        "left_until": left_until,
        "from": left_from,
        "until": "now",
    }


def test_a_preset_of_absolute_times_is_absolute(tmp_path: Path) -> None:
    fixed = "{...data.state, right_from: '1700000000000', right_until: '1700000600000'}"
    made = changed(tmp_path, f"m.PRESETS.previous({fixed}, data.now)")
    assert (made["left_from"], made["left_until"]) == ("1699999400000", "1700000000000")


@pytest.mark.parametrize(
    ("moment", "at"), [(NOW - 600_000, NOW - 600_000), (NOW + 5_000, NOW - 1000), (0, NOW - 7_200_000 + 1000)]
)
def test_a_split_gives_each_millisecond_to_one_side_and_neither_side_is_empty(
    tmp_path: Path, moment: int, at: int
) -> None:
    made = changed(tmp_path, f"m.splitAt(data.state, {moment}, data.now)")
    assert made == {
        "left_query": '{service_name="web"}',
        "left_from": "now-2h",
        "left_until": str(at),
        "right_from": str(at + 1),
        "right_until": "now",
    }


def test_swapping_twice_changes_nothing(tmp_path: Path) -> None:
    once = changed(tmp_path, "m.swapped(data.state)")
    assert (once["left_from"], once["right_query"]) == ("now-1h", '{old="1"}')
    twice = changed(tmp_path, "{...data.state, ...m.swapped({...data.state, ...m.swapped(data.state)})}")
    assert twice == STATE


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("{}", []),
        ("", []),
        ('process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="web"}', [("service_name", "=", "web")]),
        ('{service_name="web"}', [("service_name", "=", "web")]),
        ('{ service_name = "web" , version =~ "1.*" }', [("service_name", "=", "web")]),
        (
            '{service_name="a, b}", path="x\\\\\\"y", version!="2"}',
            [("service_name", "=", "a, b}"), ("path", "=", 'x\\"y')],
        ),
    ],
)
def test_a_label_gets_one_value_and_the_other_matchers_stay(
    tmp_path: Path, query: str, kept: list[tuple[str, str, str]]
) -> None:
    values = ["1.2", 'qu"ote', "back\\slash", ""]
    made = in_node(
        tmp_path, "diff_sides", "data[1].map((value) => m.withLabel(data[0], 'version', value))", [query, values]
    )
    for selector, value in zip(made, values, strict=True):
        parsed = parse_selector(selector)
        assert isinstance(parsed, tuple), selector
        assert sorted((one.name, one.op, one.value) for one in parsed) == sorted([*kept, ("version", "=", value)])


def test_a_label_against_another_value_has_one_range_for_both(tmp_path: Path) -> None:
    made = changed(tmp_path, "m.labelAgainst(data.state, 'version', '1', '2')")
    assert made == {
        "left_query": '{old="1", version="1"}',
        "right_query": '{service_name="web", version="2"}',
        "left_from": "now-1h",
        "left_until": "now",
    }


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, ""),
        ({"left_from": "yesterday"}, "A time of A is none"),
        ({"right_until": "now-2h"}, "B ends before it begins."),
        ({"left_from": "1700000000000", "left_until": "1700000000000"}, ""),
    ],
)
def test_what_cannot_be_compared_is_said_before_it_is_asked(tmp_path: Path, change: dict[str, str], found: str) -> None:
    said = in_node(tmp_path, "diff_sides", f"m.complaint({{...data, ...{json.dumps(change)}}}, {NOW})", STATE)
    assert said.startswith(found)
    assert bool(said) == bool(found)


@pytest.mark.parametrize("text", ["now", "now-90m", "1700000000000"])
def test_a_time_that_was_written_is_shown_and_read_again(tmp_path: Path, text: str) -> None:
    assert in_node(tmp_path, "diff_sides", "m.readMoment(m.showMoment(data))", text) == text


@pytest.mark.parametrize(
    ("text", "is_time"),
    [
        ("2026-01-31 08:00", True),
        ("2026-01-31T08:00:30", True),
        (" now-5m ", True),
        ("5 o'clock", False),
        ("12", False),
    ],
)
def test_dates_are_read_and_anything_else_is_no_time(tmp_path: Path, text: str, is_time: bool) -> None:
    assert bool(in_node(tmp_path, "diff_sides", "m.readMoment(data)", text)) == is_time
