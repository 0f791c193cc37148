"""The recordings decode, whole, with the totals, samples and labels that the index names."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from ingest.demo.library import RECORDINGS_DIR, Recording, load_recordings
from ingest.profiles.labels import prepare_series_labels
from ingest.profiles.limits import Limits
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Rejection

RECORDINGS = load_recordings()
LIMITS = replace(Limits(), reject_older_than_ns=0, reject_newer_than_ns=0)
NOW_NS = 1_800_000_000_000_000_000
MAX_FOLDER_BYTES = 1_500_000


def prepared(recording: Recording, raw: bytes) -> Prepared:
    labels = prepare_series_labels([*recording.labels.items(), ("service_name", recording.service)], LIMITS)
    assert not isinstance(labels, Rejection), labels
    result = prepare_profile(raw, "anonymous", labels, LIMITS, NOW_NS)
    assert isinstance(result, Prepared), result
    return result


def totals(result: Prepared) -> tuple[int, ...]:
    count = len(result.groups[0].sample_types)
    return tuple(sum(int(group.sample_values[i].sum()) for group in result.groups) for i in range(count))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda one: one.name)
def test_it_decodes_to_the_totals_of_the_index(recording: Recording) -> None:
    result = prepared(recording, recording.raw())

    assert totals(result) == recording.totals
    assert [f"{one.name}/{one.unit}" for one in result.groups[0].sample_types] == list(recording.sample_types)
    assert not result.dropped.get("samples")
    assert not result.rejected_groups


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda one: one.name)
def test_its_sample_labels_become_the_series_of_the_index(recording: Recording) -> None:
    routes = {
        f"{name}={value}" for group in prepared(recording, recording.raw()).groups for name, value in group.labels
    }

    assert set(recording.sample_labels) <= routes


@pytest.mark.parametrize("recording", RECORDINGS[::8], ids=lambda one: one.kind)
def test_another_time_makes_another_profile_with_the_same_values(recording: Recording) -> None:
    first = prepared(recording, recording.restamped(NOW_NS - 2))
    again = prepared(recording, recording.restamped(NOW_NS - 2))
    later = prepared(recording, recording.restamped(NOW_NS - 1))

    assert totals(first) == totals(later) == recording.totals
    assert {group.time_ns for group in first.groups} == {NOW_NS - 2}
    assert [group.profile_id for group in first.groups] == [group.profile_id for group in again.groups]
    assert not {group.profile_id for group in first.groups} & {group.profile_id for group in later.groups}


def test_the_index_names_every_file_of_the_folder_once() -> None:
    assert sorted(recording.file for recording in RECORDINGS) == sorted(
        path.name for path in RECORDINGS_DIR.iterdir() if path.name != "index.json"
    )


def test_the_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in RECORDINGS_DIR.iterdir()) <= MAX_FOLDER_BYTES


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda one: one.name)
def test_no_recording_names_somebodys_home(recording: Recording) -> None:
    content = gzip.decompress(recording.raw())

    assert not [home for home in (b"/root/", b"/home/", b"/tmp/", b"/Users/") if home in content]


@pytest.mark.parametrize("kind", sorted({recording.kind for recording in RECORDINGS}))
def test_the_load_of_a_kind_visibly_varies(kind: str) -> None:
    loads = [recording.load for recording in RECORDINGS if recording.kind == kind]

    assert max(loads) >= 2 * min(loads)
