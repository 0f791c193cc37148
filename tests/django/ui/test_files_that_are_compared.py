"""What the upload page makes of one file and of two: tabs, pairs, and a name to keep a file under."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ingest.profiles.formats.detect import FileFormat
from ingest.ui.files import WRITTEN_BY
from tests.django.ui.page_modules import in_node

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
SAMPLES = "process_cpu:samples:count:cpu:nanoseconds"
WALL = "wall:wall:nanoseconds::"
OTHER_CPU = "profile:cpu:nanoseconds::"


def held(*types: str, totals: dict[str, int] | None = None, **labels: list[str]) -> dict[str, Any]:
    """Return the answer for a file with a profile of each type."""
    return {
        "profiles": [
            {
                "profile_type": one,
                "unit": one.split(":")[2],
                "total": (totals or {}).get(one, 5),
                "labels": {name: values[at] for name, values in labels.items()},
                "number": at,
            }
            for at, one in enumerate(types)
        ]
    }


@pytest.mark.parametrize(
    ("file", "labels", "first"),
    [
        (held(SAMPLES, CPU), ["samples (count)", "cpu (nanoseconds)"], 1),
        (held(SAMPLES, CPU, totals={CPU: 0}), ["samples (count)", "cpu (nanoseconds)"], 0),
        (held(SAMPLES, totals={SAMPLES: 0}), ["samples (count)"], 0),
        (
            held(WALL, WALL, profile_name=["MainThread", "worker"]),
            ["wall (nanoseconds) · profile_name=MainThread", "wall (nanoseconds) · profile_name=worker"],
            0,
        ),
        (held(WALL, WALL), ["wall (nanoseconds) · 1", "wall (nanoseconds) · 2"], 0),
    ],
)
def test_a_file_has_a_tab_for_each_profile_and_begins_with_time(
    tmp_path: Path, file: dict[str, Any], labels: list[str], first: int
) -> None:
    made = in_node(tmp_path, "file_pairs", "[m.tabsOf(data).map((tab) => tab.label), m.firstTab(m.tabsOf(data))]", file)
    assert made == [labels, first]


@pytest.mark.parametrize(
    ("left", "right", "pairs"),
    [
        (held(SAMPLES, CPU), held(CPU, SAMPLES), [(SAMPLES, 0, 1), (CPU, 1, 0)]),
        (held(SAMPLES, CPU), held(CPU), [(CPU, 1, 0)]),
        (held(CPU), held(OTHER_CPU), [(CPU, 0, 0)]),
        (held(CPU), held(OTHER_CPU, CPU), [(CPU, 0, 1)]),
        (held(WALL, WALL), held(WALL, WALL), [(WALL, 0, 0), (WALL, 1, 1)]),
        (held(WALL, WALL), held(WALL), [(WALL, 0, 0)]),
        (held(WALL), held(CPU), []),
    ],
)
def test_two_files_are_paired_by_type_then_by_what_they_count(
    tmp_path: Path, left: dict[str, Any], right: dict[str, Any], pairs: list[tuple[str, int, int]]
) -> None:
    expression = "m.pairsOf(...data).map(({ type, graphs }) => [type, graphs[0].number, graphs[1].number])"
    made = in_node(tmp_path, "file_pairs", expression, [left, right])
    assert [tuple(one) for one in made] == pairs


def test_a_file_is_kept_under_a_name_that_needs_no_quotes(tmp_path: Path) -> None:
    names = {
        "cpu.pb.gz": "cpu",
        "C:\\work\\My Profile (2).speedscope.json": "My-Profile-2",
        "checkout.pprof": "checkout",
        "v1.2.folded": "v1.2",
        "日本.txt": "uploaded",
        "": "uploaded",
    }
    made = in_node(tmp_path, "file_pairs", "data.map(m.serviceNameOf)", list(names))
    assert dict(zip(names, made, strict=True)) == names


def test_the_page_names_every_format_that_is_read() -> None:
    assert set(WRITTEN_BY) == set(FileFormat)
