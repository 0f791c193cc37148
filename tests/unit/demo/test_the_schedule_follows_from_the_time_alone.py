"""What the demonstration pushes when."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pytest

from ingest.demo.library import load_recordings
from ingest.demo.schedule import DAY_SECONDS, SECOND_NS, STREAMS, Push, schedule
from ingest.profiles.labels import prepare_series_labels
from ingest.profiles.limits import Limits

RECORDINGS = load_recordings()
END_NS = 1_795_215_000_123_456_789
START_NS = END_NS - 58 * 60 * SECOND_NS
INTERVAL_SECONDS = 15


def pushes(start_ns: int = START_NS, end_ns: int = END_NS) -> list[Push]:
    return list(schedule(RECORDINGS, start_ns, end_ns, INTERVAL_SECONDS))


def test_every_time_lies_in_the_range_and_the_oldest_come_first() -> None:
    times = [push.time_ns for push in pushes()]

    assert times == sorted(times)
    assert times[0] >= START_NS
    assert times[-1] < END_NS


def test_every_stream_pushes_once_per_interval() -> None:
    by_series: dict[tuple[tuple[str, str], ...], list[int]] = defaultdict(list)
    for push in pushes():
        by_series[tuple(pair for pair in push.labels if pair[0] != "version")].append(push.time_ns)

    assert len(by_series) == len(STREAMS)
    for times in by_series.values():
        assert {later - earlier for earlier, later in itertools.pairwise(times)} == {INTERVAL_SECONDS * SECOND_NS}


def test_a_second_run_a_minute_later_repeats_what_both_cover() -> None:
    minute_ns = 60 * SECOND_NS
    later = pushes(START_NS + minute_ns, END_NS + minute_ns)

    assert [push for push in later if push.time_ns < END_NS - INTERVAL_SECONDS * SECOND_NS] == [
        push
        for push in pushes()
        if push.time_ns >= later[0].time_ns and push.time_ns < END_NS - INTERVAL_SECONDS * SECOND_NS
    ]


@pytest.mark.parametrize(
    "cut_ns", [START_NS + 1, START_NS + 61 * SECOND_NS, END_NS - 7 * SECOND_NS, END_NS - 1], ids=str
)
def test_following_on_neither_skips_nor_repeats(cut_ns: int) -> None:
    assert [*pushes(START_NS, cut_ns), *pushes(cut_ns, END_NS)] == pushes()


def test_both_versions_of_the_checkout_are_in_any_hour() -> None:
    for shift in range(0, 7200, 300):
        seen = {
            dict(push.labels).get("version")
            for push in pushes(START_NS + shift * SECOND_NS, END_NS + shift * SECOND_NS)
        }
        assert {"1.4.0", "1.5.0"} <= seen


def test_the_load_rises_and_falls_over_the_day_of_the_shop() -> None:
    loads = [
        push.recording.load
        for push in pushes(END_NS - DAY_SECONDS * SECOND_NS)
        if push.recording.kind == "go_cpu" and ("region", "eu-west") in push.labels
    ]
    quarter = len(loads) // 8
    around_peak = (
        loads[: 2 * quarter],
        loads[2 * quarter : 4 * quarter],
        loads[4 * quarter : 6 * quarter],
        loads[6 * quarter :],
    )
    means = sorted(sum(part) / len(part) for part in around_peak)

    assert means[-1] > 1.3 * means[0]


def test_the_labels_are_ones_the_database_takes() -> None:
    for labels in {push.labels for push in pushes()}:
        assert prepare_series_labels(labels, Limits()) == labels
