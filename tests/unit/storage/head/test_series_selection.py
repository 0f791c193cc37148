"""Selectors over the series of a part, against matching every series one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.columns import Labels
from ingest.profiles.selector import Matcher
from ingest.storage.series_table import SeriesIndex

SERIES: list[Labels] = [
    (("app", "a"), ("pod", "1")),
    (("app", "a"), ("pod", "2"), ("zone", "x")),
    (("app", "b"),),
    (("app", "b"), ("pod", "")),
    (("zone", "x"),),
]


def index_of(series: list[Labels]) -> SeriesIndex:
    index = SeriesIndex()
    for number, labels in enumerate(series):
        assert index.add(labels, 2**64 - 1 - number) == number
    return index


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        pytest.param([], [0, 1, 2, 3, 4], id="no matcher selects all"),
        pytest.param([("app", "=", "a")], [0, 1], id="equal"),
        pytest.param([("app", "!=", "a")], [2, 3, 4], id="unequal holds for a missing label"),
        pytest.param([("pod", "=", "")], [2, 3, 4], id="empty selects missing and empty"),
        pytest.param([("pod", "!=", "")], [0, 1], id="not empty selects present"),
        pytest.param([("pod", "=~", ".*")], [0, 1, 2, 3, 4], id="a pattern that takes empty takes missing"),
        pytest.param([("pod", "=~", ".+")], [0, 1], id="a pattern that wants a character wants the label"),
        pytest.param([("pod", "!~", "1|")], [1], id="a negated pattern that takes empty drops missing"),
        pytest.param([("app", "=~", "a|b"), ("zone", "=", "x")], [1], id="all matchers hold"),
        pytest.param([("nowhere", "=", "x")], [], id="a label no series has"),
        pytest.param([("nowhere", "!=", "x")], [0, 1, 2, 3, 4], id="unequal of a label no series has"),
        pytest.param([("app", "=", "nothing")], [], id="a value no series has"),
        pytest.param([("app", "=", "a"), ("app", "=", "b")], [], id="a contradiction"),
    ],
)
def test_a_missing_label_is_an_empty_one(matchers: list[tuple[str, str, str]], expected: list[int]) -> None:
    table = index_of(SERIES).table()
    assert table.select([Matcher(*matcher) for matcher in matchers]).tolist() == expected  # type: ignore[arg-type]


def test_names_and_values_are_sorted_and_leave_out_the_empty_value() -> None:
    table = index_of(SERIES).table()
    assert table.label_names() == ["app", "pod", "zone"]
    assert table.label_values("pod") == ["1", "2"]
    assert table.label_values("nowhere") == []
    chosen = table.select([Matcher("zone", "=", "x")])
    assert table.label_names(chosen) == ["app", "pod", "zone"]
    assert table.label_values("app", chosen) == ["a"]
    assert table.fingerprints().tolist() == [2**64 - 1 - number for number in range(5)]


def test_a_series_is_added_once() -> None:
    index = index_of(SERIES)
    assert index.add(SERIES[2], 7) == 2
    assert len(index) == 5


def test_a_table_stays_as_it_was_while_the_index_grows() -> None:
    index = index_of(SERIES[:2])
    table = index.table()
    for labels in (*SERIES[2:], (("later", "1"),)):
        index.add(labels, 1)
    assert len(table) == len(table.fingerprints()) == len(table.all_labels()) == 2
    assert table.select([Matcher("app", "!=", "b")]).tolist() == [0, 1]
    assert table.label_names() == ["app", "pod", "zone"]
    assert table.label_values("app") == ["a"]
    with pytest.raises(IndexError):
        table.labels(2)


_LABELS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "x", "y", "xy"]), max_size=3)


@given(
    series=st.lists(_LABELS.map(lambda labels: tuple(sorted(labels.items()))), unique=True, max_size=12),
    matchers=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "d"]),
            st.sampled_from(["=", "!=", "=~", "!~"]),
            st.sampled_from(["", "x", "x|y", ".*", ".+", "x?"]),
        ),
        max_size=3,
    ),
)
def test_selection_equals_testing_each_series(series: list[Labels], matchers: list[tuple[str, str, str]]) -> None:
    built = [Matcher(*matcher) for matcher in matchers]  # type: ignore[arg-type]
    expected = [
        number for number, labels in enumerate(series) if all(m.matches(dict(labels).get(m.name, "")) for m in built)
    ]
    assert index_of(series).table().select(built).tolist() == expected
