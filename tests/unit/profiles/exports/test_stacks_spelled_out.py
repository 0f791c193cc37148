"""Exports that spell stacks out carry every stack with its value, and are bounded."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import StackProfile, empty_stack_profile
from ingest.profiles.exports import collapsed as collapsed_module
from ingest.profiles.exports import stacks as stacks_module
from ingest.profiles.exports.collapsed import collapsed_text, frame_name
from ingest.profiles.exports.parquet import stacks_parquet
from ingest.profiles.exports.speedscope import speedscope_json
from ingest.profiles.exports.top_table import top_csv, top_diff
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.exports.export_cases import CAPTION, HOSTILE, STACKS
from tests.unit.profiles.stack_model import build_profile, named_sums, plain, stacks

Sums = dict[tuple[str, ...], int]


def from_collapsed(profile: StackProfile) -> dict[str, int]:
    text = collapsed_text(profile)
    assert isinstance(text, bytes)
    lines = [line.rpartition(" ") for line in text.decode().split("\n")[:-1]]
    assert len({stack for stack, _, _ in lines}) == len(lines)
    return {stack: int(value) for stack, _, value in lines}


def from_speedscope(profile: StackProfile) -> Sums:
    data = speedscope_json(profile, CAPTION)
    assert isinstance(data, bytes)
    document = json.loads(data)
    names = [frame["name"] for frame in document["shared"]["frames"]]
    [one] = document["profiles"]
    assert one["endValue"] == sum(one["weights"])
    return {
        tuple(names[frame] for frame in sample): weight
        for sample, weight in zip(one["samples"], one["weights"], strict=True)
    }


def from_parquet(profile: StackProfile) -> Sums:
    data = stacks_parquet(profile, CAPTION)
    assert isinstance(data, bytes)
    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    assert all(row["leaf"] == (row["stack"] or [""])[-1] for row in rows)
    return {tuple(row["stack"]): row["value"] for row in rows}


@settings(max_examples=50, deadline=None)
@given(stacks)
@pytest.mark.parametrize("read", [from_speedscope, from_parquet])
def test_every_stack_comes_with_its_value(read, source: list) -> None:
    assert read(build_profile(source)) == named_sums(source)


@pytest.mark.parametrize("read", [from_speedscope, from_parquet])
def test_any_name_is_carried_as_it_is(read) -> None:
    source = [(plain("root", name), at + 1) for at, name in enumerate(HOSTILE)]
    assert read(build_profile(source)) == named_sums(source)


@settings(max_examples=50, deadline=None)
@given(stacks)
def test_collapsed_stacks_are_those_of_the_profile(source: list) -> None:
    expected: dict[str, int] = {}
    for names, value in named_sums(source).items():
        stack = ";".join(name or "[unknown]" for name in names) or "[unknown]"
        expected[stack] = expected.get(stack, 0) + value
    assert from_collapsed(build_profile(source)) == expected


def test_collapsed_names_that_the_format_cannot_carry_are_changed_and_the_total_stays() -> None:
    found = from_collapsed(build_profile([(plain("root", name), at + 1) for at, name in enumerate(HOSTILE)]))
    assert sum(found.values()) == sum(range(len(HOSTILE) + 1))
    assert {"root;a:b", "root;line end", "root;spaces", "root;[unknown]"} <= set(found)
    assert all(stack.count(";") == 1 for stack in found)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_a_frame_is_never_empty_and_changed_only_where_it_must_be(name: str) -> None:
    frame = frame_name(name)
    assert frame
    assert frame == frame.strip()
    assert ";" not in frame
    assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in frame)
    assert frame_name(frame) == frame


def test_stacks_that_become_equal_are_one_line() -> None:
    assert collapsed_text(build_profile([(plain("a;b"), 1), (plain("a:b"), 2)])) == b"a:b 3\n"


def test_an_empty_profile_exports_nothing() -> None:
    empty = empty_stack_profile()
    assert collapsed_text(empty) == b""
    assert (from_speedscope(empty), from_parquet(empty)) == ({}, {})
    assert top_csv(empty, "count") == "function,self,total,self_percent,total_percent,unit\n"


def test_duckdb_reads_the_parquet_without_our_code(tmp_path) -> None:
    data = stacks_parquet(build_profile(STACKS), CAPTION)
    assert isinstance(data, bytes)
    path = tmp_path / "stacks.parquet"
    path.write_bytes(data)
    rows = duckdb.sql(
        f"SELECT leaf, sum(value), max(len(stack)) FROM '{path}' GROUP BY leaf ORDER BY 2 DESC"
    ).fetchall()
    assert rows == [
        ("app.handle", 2_000_000_000, 3), ("app.idle", 1_000_000_000, 2), ("net/http.serve", 500_000_000, 2),
        ("main", 5_000_000, 1),
    ]  # fmt: skip
    told = dict(duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall())
    assert told[b"phlare.profile_type"] == CAPTION.profile_type.id.encode()
    assert (told[b"phlare.export"], told[b"phlare.start_ms"]) == (b"1", b"1700000000000")


@pytest.mark.parametrize(
    "export",
    [
        collapsed_text,
        lambda profile: speedscope_json(profile, CAPTION),
        lambda profile: stacks_parquet(profile, CAPTION),
    ],
    ids=["collapsed", "speedscope", "parquet"],
)
def test_what_would_be_too_large_is_refused_before_it_is_made(export, monkeypatch) -> None:
    monkeypatch.setattr(stacks_module, "MAX_FRAMES", 7)
    monkeypatch.setattr(collapsed_module, "MAX_BYTES", 61)
    refused = export(build_profile(STACKS))
    assert isinstance(refused, Rejection)
    assert refused.reason is Reason.QUERY_LIMIT
    assert "max_nodes" in refused.message
    monkeypatch.setattr(stacks_module, "MAX_FRAMES", 8)
    monkeypatch.setattr(collapsed_module, "MAX_BYTES", 200)
    assert isinstance(export(build_profile(STACKS)), bytes)


def test_the_table_has_self_and_total_of_each_function() -> None:
    assert top_csv(build_profile(STACKS), "nanoseconds").splitlines()[1:3] == [
        "app.handle,2000000000,2000000000,57.061,57.061,nanoseconds",
        "app.idle,1000000000,1000000000,28.531,28.531,nanoseconds",
    ]


def test_no_cell_of_the_table_is_a_formula() -> None:
    names = [*HOSTILE, "+1", "-1", "\t=1", "plain"]
    rows = list(csv.reader(io.StringIO(top_csv(build_profile([(plain(name), 1) for name in names]), "=unit"))))
    assert {row[0].removeprefix("'") for row in rows[1:]} == set(names)
    assert not any(cell[:1] in ("=", "+", "-", "@", "\t") for row in rows for cell in row)


def test_two_tables_are_laid_side_by_side_with_the_largest_change_first() -> None:
    left = build_profile([(plain("main", "a"), 5), (plain("main", "b"), 5)])
    right = build_profile([(plain("main", "a"), 6), (plain("main", "c"), 9)])
    rows = [(one.name, one.left_self, one.left_total, one.right_self, one.right_total) for one in top_diff(left, right)]
    assert rows == [("c", 0, 0, 9, 9), ("b", 5, 5, 0, 0), ("a", 5, 5, 6, 6), ("main", 0, 10, 0, 15)]
