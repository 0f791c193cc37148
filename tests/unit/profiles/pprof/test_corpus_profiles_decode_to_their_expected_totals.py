"""Real profiles become what an independent reader made of them: totals, samples and folded stacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.profiles.pprof.decode import Decoded, decode_pprof
from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES, fold_sha256, folded, node_stacks

FOLDERS = ("pprof", "series", "jfr")
REJECTED = "invalid_utf8.pb.gz"
#: Its functions all have id 0, so the independent reader found no names; here they are numbered like the locations.
WITHOUT_FUNCTION_IDS = "dotnet.pb.gz"


@pytest.fixture(scope="module")
def expected(corpus_dir: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((corpus_dir / "expected.json").read_text())
    return found


def files(corpus_dir: Path) -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((corpus_dir / folder).glob("*.pb*"))]


#: Of an agent for another language, so that stacks which Go has cut come back as they were sent.
AS_SENT = tuple(sorted((*SERIES, ("pyroscope_spy", "pyspy"))))


def prepared(path: Path) -> Prepared:
    result = prepare_profile(path.read_bytes(), "alice", AS_SENT, ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared), (path.name, result)
    return result


def test_the_independent_reader_knows_each_file(corpus_dir: Path, expected: dict[str, Any]) -> None:
    assert {path.name for path in files(corpus_dir)} == set(expected)


def test_tables_have_as_many_records_as_the_independent_reader_found(
    corpus_dir: Path, expected: dict[str, Any]
) -> None:
    for path in files(corpus_dir):
        data = gunzip_bounded(path.read_bytes(), 1 << 24)
        assert isinstance(data, bytes)
        decoded = decode_pprof(data)
        assert isinstance(decoded, Decoded)
        sizes = {
            "raw_bytes": len(data),
            "samples": decoded.sample_count,
            "locations": len(decoded.locations) - 1,
            "functions": len(decoded.functions),
            "strings": len(decoded.strings),
            "time_nanos": int(decoded.header[10]),
        }
        assert sizes == {key: expected[path.name][key] for key in sizes}, path.name


def test_samples_are_kept_and_dropped_as_the_independent_reader_did(corpus_dir: Path, expected: dict[str, Any]) -> None:
    for path in files(corpus_dir):
        if path.name != REJECTED:
            assert sum(prepared(path).dropped.values()) == expected[path.name]["samples_dropped"], path.name


def test_totals_and_folded_stacks_of_each_sample_type_are_those_expected(
    corpus_dir: Path, expected: dict[str, Any]
) -> None:
    for path in files(corpus_dir):
        if path.name == REJECTED:
            continue
        profile = prepared(path)
        stacks = node_stacks(profile.symbols, unnamed_as_empty=path.name == WITHOUT_FUNCTION_IDS)
        for column, wanted in enumerate(expected[path.name]["types"]):
            kind = profile.groups[0].sample_types[column]
            assert (kind.name, kind.unit) == (wanted["type"].replace("-", "_"), wanted["unit"])
            sums = folded(
                (stacks[node], value)
                for group in profile.groups
                for node, value in zip(group.sample_node.tolist(), group.sample_values[column].tolist(), strict=True)
            )
            assert sum(sums.values()) == wanted["total"], (path.name, wanted["type"])
            assert len(sums) == wanted["stacks_by_name"], (path.name, wanted["type"])
            assert fold_sha256(sums) == wanted["fold_sha256"], (path.name, wanted["type"])


def test_a_profile_with_a_damaged_string_is_refused_by_name_of_the_rule(corpus_dir: Path) -> None:
    data = (corpus_dir / "pprof" / REJECTED).read_bytes()
    result = prepare_profile(data, "alice", SERIES, ANY_TIME, NOW_NS)
    assert isinstance(result, Rejection)
    assert result.reason is Reason.MALFORMED_PROFILE
    assert "invalid UTF-8" in result.message


def test_functions_that_all_lack_an_id_get_their_names_back(corpus_dir: Path) -> None:
    stacks = node_stacks(prepared(corpus_dir / "pprof" / WITHOUT_FUNCTION_IDS).symbols)
    assert all(name for stack in stacks for name in stack)
