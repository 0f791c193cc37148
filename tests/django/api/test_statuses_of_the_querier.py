"""What the querier answers to requests that lack something or make no sense, as Pyroscope's own tests ask.

The real querier answers over heads in memory, so that its refusals are those of production.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from ingest import wiring
from ingest.api.connect.querier import SERVICE
from tests.django.api.fakes import default_settings
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, MemorySources

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
RANGE = {"start": NOW_MS - HOUR_MS, "end": NOW_MS}
SELECT = {**RANGE, "profileTypeID": CPU, "labelSelector": "{}"}
SELECTING = {
    "SelectMergeStacktraces": SELECT,
    "SelectMergeSpanProfile": {**SELECT, "spanSelector": ["9a517183f26a089d"]},
    "SelectMergeProfile": SELECT,
    "SelectSeries": {**SELECT, "step": 15},
    "SelectHeatmap": {**SELECT, "step": 15},
}
METADATA = {
    "ProfileTypes": {**RANGE},
    "LabelNames": {**RANGE, "matchers": []},
    "LabelValues": {**RANGE, "matchers": ["{}"], "name": "pod"},
    "Series": {**RANGE, "matchers": ["{}"]},
}
#: Queries look back seven days.
OLDEST_MS = NOW_MS - 7 * 24 * HOUR_MS
GOOD = {
    **METADATA,
    **SELECTING,
    "Diff": {"left": SELECT, "right": SELECT},
    "GetProfileStats": {},
    "AnalyzeQuery": RANGE,
}

CASES = [
    *(pytest.param(method, body, 200, id=f"{method}: as it should be") for method, body in GOOD.items()),
    *(
        pytest.param(method, body | change, 400, id=f"{method}: {why}")
        for method, body in SELECTING.items()
        for why, change in {
            "no profile type": {"profileTypeID": ""},
            "a profile type that is none": {"profileTypeID": "cpu"},
            "no selector": {"labelSelector": ""},
            "a selector that is none": {"labelSelector": "{a=}"},
            "no range": {"start": 0, "end": 0},
            "no start": {"start": 0},
            "a range that runs backwards": {"start": NOW_MS, "end": NOW_MS - 1},
            "a time in words": {"start": "now-1h"},
            "a range longer than a day": {"start": NOW_MS - 25 * HOUR_MS},
        }.items()
    ),
    *(
        pytest.param(method, {**body, "start": start, "end": end}, 200, id=f"{method}: {why}")
        for method, body in {**METADATA, **SELECTING}.items()
        for why, start, end in (
            ("the first seconds of 1970", 1000, 4000),
            ("before 1970", -4000, -1000),
            ("a start before the look-back", OLDEST_MS - 1000, OLDEST_MS + 5),
        )
    ),
    *(
        pytest.param(method, {k: v for k, v in body.items() if k not in RANGE}, 200, id=f"{method}: no range")
        for method, body in METADATA.items()
    ),
    *(
        pytest.param(method, {**METADATA[method], "matchers": ["{a="]}, 400, id=f"{method}: a matcher that is none")
        for method in ("LabelNames", "LabelValues", "Series")
    ),
    pytest.param("LabelValues", {**METADATA["LabelValues"], "name": ""}, 400, id="LabelValues: no name"),
    pytest.param("SelectSeries", SELECT, 400, id="SelectSeries: no step"),
    pytest.param("SelectHeatmap", {**SELECT, "step": 15, "end": RANGE["start"]}, 400, id="SelectHeatmap: no width"),
    pytest.param("Diff", {"left": SELECT}, 400, id="Diff: no right side"),
    pytest.param("Diff", {"right": SELECT}, 400, id="Diff: no left side"),
    pytest.param("SelectMergeStacktraces", {**SELECT, "maxNodes": 1 << 21}, 400, id="more nodes than allowed"),
    pytest.param("SelectMergeStacktraces", {**SELECT, "maxNodes": 0}, 200, id="no nodes are the default"),
    pytest.param("SelectMergeStacktraces", {**SELECT, "async": {"type": 1}}, 501, id="a query for itself"),
]  # fmt: skip


@pytest.fixture
def site() -> Iterator[Client]:
    """The site in front of a querier with one empty ingester."""
    sources = MemorySources()
    sources.add("a")
    with wiring.override(querier=sources.querier(), tenant_settings=default_settings()):
        yield Client(raise_request_exception=True)


@pytest.mark.parametrize(("method", "body", "status"), CASES)
def test_status(site: Client, method: str, body: dict[str, object], status: int) -> None:
    response = site.post(f"/{SERVICE}/{method}", body, content_type="application/json")
    assert response.status_code == status, response.content
    if status == 400:
        assert response.json()["code"] == "invalid_argument"


@pytest.mark.parametrize("method", GOOD)
def test_what_is_no_call_at_all(site: Client, method: str) -> None:
    path = f"/{SERVICE}/{method}"
    statuses = {
        "empty JSON": site.generic("POST", path, "", CONTENT_TYPE="application/json").status_code,
        "malformed JSON": site.generic("POST", path, "{", content_type="application/json").status_code,
        "another content type": site.generic("POST", path, "{}", content_type="text/plain").status_code,
        "another method": site.get(path).status_code,
    }
    assert statuses == {"empty JSON": 400, "malformed JSON": 400, "another content type": 415, "another method": 405}
