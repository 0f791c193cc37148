"""Files that real tools wrote of one small program (docs/recordings.md): recognised, and what it did is in them."""

from __future__ import annotations

import gzip

import pytest

from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Reason
from tests.unit.profiles.formats.importing import NOW_NS, imported, recording, refused
from tests.unit.profiles.formats.reading import folded, frames_of, profile_of, types_of
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, SERIES

WALL, CPU = [("wall", "nanoseconds")], [("cpu", "nanoseconds")]
SPACE = [("inuse_space", "bytes")]
SAMPLES = [("samples", "count")]
COUNT_TO = "<module>;main;handle;count_to"


@pytest.mark.parametrize(
    ("name", "file_format", "profiles", "stacks"),
    [
        ("py-spy.collapsed", "collapsed", [("process_cpu", SAMPLES, 48)], [COUNT_TO]),
        (
            "py-spy.speedscope.json",
            "speedscope",
            [("wall", WALL, 660_000_000), ("wall", WALL, 640_000_000)],
            ["<module>;main;handle;add_squares;add_squares.<locals>.<genexpr>"],
        ),
        ("austin-wall.austin", "austin", [("wall", WALL, 2_020_089_000)], [f"P13205;T0:13205;{COUNT_TO}"]),
        ("austin-cpu.austin", "austin", [("process_cpu", CPU, 1_015_067_000)], [COUNT_TO]),
        (
            "austin-full.austin",
            "austin",
            [
                ("wall", WALL, 1_014_377_000),
                ("process_cpu", CPU, 1_014_377_000),
                ("memory", [("alloc_space", "bytes")], 9_297_920),
            ],
            [COUNT_TO],
        ),
        ("austin-memory.austin", "austin", [("memory", [("alloc_space", "bytes")], 5_758_976)], []),
        (
            "cprofile.pstats",
            "pstats",
            [("wall", [("calls", "count"), *WALL], 505_500_605)],
            ["handle;count_to", "add_squares;<built-in method builtins.sum>"],
        ),
        ("pyinstrument.session.json", "pyinstrument", [("wall", WALL, 987_184_926)], []),
        ("pyinstrument.speedscope.json", "speedscope", [("wall", WALL, 996_360_399)], [COUNT_TO]),
        ("memray.csv", "memray_csv", [("memory", [("inuse_objects", "count"), *SPACE], 3_384_242)], []),
        ("memray.gprof2dot.json", "memray_json", [("memory", SPACE, 3_384_242)], []),
        ("node.cpuprofile", "cpuprofile", [("wall", WALL, 698_180_000)], []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_file_is_recognised_and_its_totals_are_kept(
    name: str,
    file_format: str,
    profiles: list[tuple[str, list[tuple[str, str]], int]],
    stacks: list[str],
    pack: type[bytes],
) -> None:
    file = imported(pack(recording(name)))
    assert file.format == file_format
    assert [
        (dict(one.labels)["__name__"], types_of(one), sum(folded(one, len(types_of(one)) - 1).values()))
        for one in file.profiles
    ] == profiles
    for one in file.profiles:
        assert isinstance(prepare_profile(one.pprof, "alice", SERIES, ANY_TIME, NOW_NS), Prepared)
    assert set(stacks) <= folded(file.profiles[0], 0).keys()


@pytest.mark.parametrize(
    ("name", "function", "path", "line"),
    [
        ("py-spy.collapsed", "count_to", "app.py", None),
        ("py-spy.speedscope.json", "count_to", "/srv/imports/app.py", None),
        ("austin-wall.austin", "count_to", "/srv/imports/app.py", None),
        ("cprofile.pstats", "count_to", "app.py", 12),
        ("pyinstrument.session.json", "count_to", "app.py", None),
        ("memray.csv", "keep", "app.py", 24),
        ("memray.gprof2dot.json", "keep", "app.py", 0),
        ("node.cpuprofile", "addSquares", "app.js", None),
    ],
)
def test_functions_have_their_files_and_lines(name: str, function: str, path: str, line: int | None) -> None:
    frames = {frame for one in imported(recording(name)).profiles for frame in frames_of(one)}
    found = [(file, number) for called, file, number in frames if called == function]
    assert found
    for file, number in found:
        assert file.endswith(path)
        assert number == line if line is not None else 8 <= number <= 40


def test_what_the_file_says_of_time_is_kept() -> None:
    (session,) = imported(recording("pyinstrument.session.json")).profiles
    profile = profile_of(session)
    assert profile.time_nanos // 10**9 > 1_790_000_000
    assert 900_000_000 < profile.duration_nanos < 1_500_000_000
    (austin,) = imported(recording("austin-cpu.austin")).profiles
    assert (profile_of(austin).time_nanos, profile_of(austin).period) == (NOW_NS, 20_000_000)
    assert 1_000_000_000 < profile_of(austin).duration_nanos < 1_500_000_000


def test_a_summary_without_stacks_is_refused_with_what_to_do() -> None:
    rejection = refused(recording("memray.stats.json"))
    assert rejection.reason is Reason.MALFORMED_PROFILE
    assert "memray transform csv" in rejection.message
