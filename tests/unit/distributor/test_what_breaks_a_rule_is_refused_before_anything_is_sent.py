"""Rules of a push are judged before it is placed: what breaks one is answered with 400 and reaches no ingester."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest.distributor.types import Outcome, RawSeries
from ingest.profiles.limits import HOUR_NS, MINUTE_NS
from ingest.profiles.reasons import Reason, http_status
from ingest.profiles.record import decode_record, iter_records
from ingest.storage.acks import AckCode
from tests.integration.cluster.marked_profiles import marked_profile
from tests.unit.distributor.scripted_ingesters import NOW_NS, ScriptedIngesters, always

LABELS = (("__name__", "cpu"), ("service_name", "web"))


@pytest.fixture
def ingesters() -> Iterator[ScriptedIngesters]:
    made = ScriptedIngesters(always(*[AckCode.STORED] * 3))
    yield made
    made.batcher.close()


def at(time_ns: int) -> RawSeries:
    return RawSeries(LABELS, (marked_profile("mark-time", time_ns),))


@pytest.mark.parametrize("series", [(), (RawSeries(LABELS, ()),)], ids=["no series", "a series without profiles"])
def test_a_push_without_profiles_is_refused_as_a_whole(
    ingesters: ScriptedIngesters, series: tuple[RawSeries, ...]
) -> None:
    refused = ingesters.push(*series).request_rejection
    assert refused is not None
    assert (refused.reason, http_status(refused.reason)) == (Reason.NO_PROFILES, 400)
    assert ingesters.batches == []


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        pytest.param(
            RawSeries((*LABELS, ("pod", "p" * 2049)), (marked_profile("mark-label", NOW_NS),)),
            Reason.LABEL_VALUE_TOO_LONG,
            id="a label value of a byte too many",
        ),
        pytest.param(at(NOW_NS - HOUR_NS), Reason.NOT_IN_INGESTION_WINDOW, id="an hour old"),
        pytest.param(at(NOW_NS + 10 * MINUTE_NS), Reason.NOT_IN_INGESTION_WINDOW, id="ten minutes early"),
    ],
)
def test_a_profile_that_breaks_a_rule_is_refused_with_400(
    ingesters: ScriptedIngesters, series: RawSeries, reason: Reason
) -> None:
    (item,) = ingesters.push(series).items
    assert (item.outcome, item.reason, http_status(reason)) == (Outcome.REJECTED, reason, 400)
    assert ingesters.batches == []


@pytest.mark.parametrize(
    ("time_ns", "stored_ns"),
    [
        pytest.param(0, NOW_NS, id="without a time it is of now"),
        pytest.param(NOW_NS - HOUR_NS + 1, NOW_NS - HOUR_NS + 1, id="just young enough"),
        pytest.param(NOW_NS + 10 * MINUTE_NS - 1, NOW_NS + 10 * MINUTE_NS - 1, id="just not too early"),
    ],
)
def test_a_profile_within_the_window_is_sent_with_its_time(
    ingesters: ScriptedIngesters, time_ns: int, stored_ns: int
) -> None:
    assert ingesters.push(at(time_ns)).ok
    (batch,) = ingesters.batches
    (payload,) = batch.payloads.values()
    (record,) = [decode_record(view) for view in iter_records(payload)]
    assert [group.time_ns for group in record.groups] == [stored_ns]


def test_a_refusal_names_the_series_it_is_about(ingesters: ScriptedIngesters) -> None:
    items = ingesters.push(at(NOW_NS), RawSeries((*LABELS, ("pod", "b")), (b"\xff no profile",))).items
    assert [item.outcome for item in items] == [Outcome.STORED, Outcome.REJECTED]
    assert '{__name__="cpu", pod="b", service_name="web"}' in items[1].message
