"""A tenant's rules on the way of a profile: on the labels of each group of samples, and on its sample types."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.profiles.columns import Labels
from ingest.profiles.labels import prepare_series_labels
from ingest.profiles.limits import Limits
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES, Profile, Sample

MAIN, WORK = ("main", "a.go", 1), ("work", "a.go", 2)
PODS = [Sample((MAIN,), (1,), (("pod", "a"),)), Sample((MAIN,), (2,), (("pod", "b"),)), Sample((MAIN,), (4,))]


def prepare(profile: Profile, limits: Limits, pairs: Labels = SERIES) -> Prepared:
    labels = prepare_series_labels(pairs, limits)
    assert not isinstance(labels, Rejection), labels
    result = prepare_profile(profile.encode(), "alice", labels, limits, NOW_NS)
    assert isinstance(result, Prepared), result
    return result


def sums(prepared: Prepared) -> dict[str, list[list[int]]]:
    return {dict(group.labels).get("pod", ""): group.sample_values.tolist() for group in prepared.groups}


def with_rules(text: str) -> Limits:
    return replace(ANY_TIME, ingestion_relabeling_rules=text)


def test_rules_see_series_and_sample_labels_together() -> None:
    prepared = prepare(
        Profile(PODS),
        with_rules(
            "[{source_labels: [service_name, pod], regex: 'checkout;(.+)', target_label: pod, replacement: 'c-$1'}]"
        ),
    )
    assert sums(prepared) == {"c-a": [[1]], "c-b": [[2]], "": [[4]]}
    assert prepared.dropped == {}


def test_a_dropped_group_is_counted_and_no_error() -> None:
    prepared = prepare(Profile(PODS), with_rules("[{action: drop, source_labels: [pod], regex: a}]"))
    assert sums(prepared) == {"b": [[2]], "": [[4]]}
    assert prepared.dropped == {"dropped_by_relabel_rules": 1}
    assert prepared.rejected_groups == ()


def test_a_profile_of_which_every_group_is_dropped_is_accepted_and_empty() -> None:
    prepared = prepare(Profile(PODS), with_rules("[{action: keep, source_labels: [pod], regex: nobody}]"))
    assert prepared.groups == ()
    assert prepared.dropped == {"dropped_by_relabel_rules": 3}


def test_groups_that_become_equal_are_merged() -> None:
    prepared = prepare(Profile(PODS), with_rules("[{action: labeldrop, regex: pod}]"))
    assert sums(prepared) == {"": [[7]]}


def test_labels_are_judged_as_rules_leave_them() -> None:
    long = Profile([Sample((MAIN,), (1,), (("pod", "p" * 3000),))])
    shortened = with_rules("[{source_labels: [pod], regex: '(p{3}).*', target_label: pod}]")
    assert sums(prepare(long, shortened)) == {"ppp": [[1]]}
    unnamed = prepare(Profile(PODS[2:]), with_rules("[{target_label: __name__, replacement: ''}]"))
    assert [one.reason for one in unnamed.rejected_groups] == [Reason.INVALID_LABELS]


def test_a_series_that_rules_mend_is_not_refused_before() -> None:
    pairs: Labels = (("__name__", "cpu"), ("service_name", "x"), *((f"junk_{i}", "") for i in range(40)))
    prepared = prepare(Profile(PODS[2:]), with_rules("[{action: labeldrop, regex: 'junk_.*'}]"), pairs)
    assert prepared.groups[0].labels == (("__name__", "cpu"), ("service_name", "x"))


@pytest.mark.parametrize(
    ("position", "labels"),
    [
        pytest.param(
            "first",
            (("__name__", "memory"), ("__name_replaced__", "godeltaprof_memory"), ("service_name", "x")),
            id="by default the delta profiler's names are mended and its instructions not stored",
        ),
        pytest.param(
            "disabled",
            (("__name__", "godeltaprof_memory"), ("service_name", "x")),
            id="and left alone when that is off",
        ),
    ],
)
def test_the_default_rules_and_their_place(position: str, labels: Labels) -> None:
    limits = replace(ANY_TIME, ingestion_relabeling_default_rules_position=position)
    pairs = (("__name__", "godeltaprof_memory"), ("__delta__", "true"), ("service_name", "x"))
    assert prepare(Profile(PODS[2:]), limits, pairs).groups[0].labels == labels


def test_labels_of_samples_that_instruct_the_server_are_not_stored_either() -> None:
    samples = [Sample((MAIN,), (1,), (("__delta__", "true"),)), Sample((MAIN,), (2,), (("__order__", "x"),))]
    prepared = prepare(Profile(samples), ANY_TIME)
    assert [(group.labels, group.sample_values.tolist()) for group in prepared.groups] == [(SERIES, [[3]])]


HEAP = Profile(
    [Sample((MAIN,), (1, 10, 0, 0)), Sample((WORK,), (2, 20, 3, 30)), Sample((MAIN, WORK), (0, 0, 4, 40))],
    types=(("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")),
)


def test_sample_types_are_kept_and_dropped_by_their_name_unit_and_series() -> None:
    text = """
    - {action: drop, source_labels: [service_name, __type__], regex: "checkout;alloc_.*"}
    - {action: keep, source_labels: [__unit__], regex: bytes}
    """
    prepared = prepare(HEAP, replace(ANY_TIME, sample_type_relabeling_rules=text))
    (group,) = prepared.groups
    assert [kind.name for kind in group.sample_types] == ["inuse_space"]
    assert sorted(group.sample_values.tolist()[0]) == [30, 40]
    assert prepared.dropped == {"zero_samples": 1}


def test_values_stay_with_their_types_when_others_are_dropped() -> None:
    text = "[{action: drop, source_labels: [__type__], regex: alloc_space}]"
    (group,) = prepare(HEAP, replace(ANY_TIME, sample_type_relabeling_rules=text)).groups
    columns = dict(zip([kind.name for kind in group.sample_types], group.sample_values.tolist(), strict=True))
    assert {name: sum(values) for name, values in columns.items()} == {
        "alloc_objects": 3,
        "inuse_objects": 7,
        "inuse_space": 70,
    }


def test_a_profile_of_which_every_sample_type_is_dropped_is_accepted_and_empty() -> None:
    limits = replace(ANY_TIME, sample_type_relabeling_rules="[{action: drop, regex: '.*'}]")
    prepared = prepare(HEAP, limits)
    assert (prepared.groups, prepared.dropped) == ((), {"dropped_by_relabel_rules": 1})


def test_rules_that_cannot_be_read_refuse_the_profile() -> None:
    result = prepare_profile(HEAP.encode(), "alice", SERIES, with_rules("["), NOW_NS)
    assert isinstance(result, Rejection)
    assert result.reason is Reason.INTERNAL
