"""Real profiles of two tenants behind every route: whoever has no right to one learns nothing of it from any answer."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse

from ingest import wiring
from tests.django.access.conftest import Site
from tests.django.access.routes import ROWS, Kind, Persona, Row
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, MemorySources
from tests.unit.querier.tenant_sources import TenantSources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, samples

TYPE = f"process_cpu:{CPU[0].name}:{CPU[0].unit}:{CPU_PERIOD.name}:{CPU_PERIOD.unit}"
START_MS = NOW_MS - HOUR_MS // 2
#: In the name, value and stacks of everything that ``ours`` has, and in nothing else.
SECRET = "coelacanth"
#: Routes whose answer to somebody of the tenant has the secret in it: the others would prove nothing.
TELLING = {
    "querier.v1.QuerierService/LabelNames",
    "querier.v1.QuerierService/LabelValues",
    "querier.v1.QuerierService/Series",
    "querier.v1.QuerierService/SelectMergeStacktraces",
    "querier.v1.QuerierService/SelectMergeProfile",
    "querier.v1.QuerierService/SelectSeries",
    "querier.v1.QuerierService/Diff",
    "api/v1/labels",
    "api/v1/labels/<str:name>/values",
    "api/v1/series",
    "api/v1/flamegraph",
    "api/v1/timeline",
    "api/v1/top",
    "api/v1/diff",
    "api/v1/export",
    "pyroscope/render",
    "pyroscope/render-diff",
    "pyroscope/label-values",
}
_RANGE = {"from": START_MS, "until": NOW_MS}
_SIDE = {"query": "{}", **_RANGE}
PARAMETERS = {
    **_SIDE,
    **{f"left_{name}": value for name, value in _SIDE.items()},
    **{f"right_{name}": value for name, value in _SIDE.items()},
    "profile_type": TYPE,
    "step": "60s",
    "group_by": "asked",
    "format": "collapsed",
    "label": "asked",
}
RENDER = {
    **dict.fromkeys(("query", "leftQuery", "rightQuery"), f"{TYPE}{{}}"),
    **dict.fromkeys(("from", "leftFrom", "rightFrom"), START_MS),
    **dict.fromkeys(("until", "leftUntil", "rightUntil"), NOW_MS),
}
_SELECTION = {"start": START_MS, "end": NOW_MS, "profileTypeID": TYPE, "labelSelector": "{}"}
MESSAGE = {
    **_SELECTION,
    "name": "asked",
    "step": 60,
    "groupBy": ["asked"],
    "left": _SELECTION,
    "right": _SELECTION,
}


def profile(value: int, word: str) -> Group:
    labels = (("__name__", "process_cpu"), ("asked", word), (f"label_{word}", word), ("service_name", word))
    return Group(samples(**{f"main__{word}": (value, 1)}), value, (START_MS + 1000) * 1_000_000, labels)


@pytest.fixture
def stored(site: Site) -> Site:
    """The two tenants with a profile each."""
    ours, theirs = MemorySources(), MemorySources()
    for owner in ("a", "b"):
        ours.add(owner, profile(10, SECRET))
        theirs.add(owner, profile(20, "herring"))
    querier = TenantSources({"ours": ours, "theirs": theirs}).querier()
    with wiring.override(querier=querier):
        yield site


def ask(site: Site, persona: Persona, row: Row, tenant: str) -> HttpResponse:
    """Ask a route for all it has, naming the tenant, or nobody."""
    path = row.path.replace("/labels/x/", "/labels/asked/")
    if row.body:
        body = json.dumps(MESSAGE) if row.content_type == "application/json" else row.body
        return site.call(persona, row.method, path, body, row.content_type, tenant)
    query = urlencode(RENDER if row.route.startswith("pyroscope/render") else PARAMETERS)
    return site.call(persona, row.method, f"{path}?{query}", "", row.content_type, tenant)


def everything(response: HttpResponse) -> str:
    """Return an answer whole, but for the name that every request gets anew and the time."""
    body = (b"".join(response) if response.streaming else response.content).decode("latin-1")
    headers = " ".join(f"{name}: {value}" for name, value in response.items() if name != "X-Request-ID")
    return f"{headers} {re.sub(r'(?<=name=.phlare-now. content=.)[0-9]+', '', body)}"


ASKED = [row for row in ROWS if row.kind is not Kind.STAFF or row.method == "GET"]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.method} {row.path}") for row in ASKED])
def test_nothing_of_it_is_in_any_answer(stored: Site, row: Row) -> None:
    if row.route in TELLING:
        told = ask(stored, Persona.QUERY_TOKEN, row, "ours")
        assert told.status_code == 200, told.content
        assert SECRET in everything(told)
    callers = [(Persona.STRANGER, tenant) for tenant in ("ours", "ours|theirs", "", "theirs")]
    callers += [(other, "ours") for other in (Persona.ANONYMOUS, Persona.EXPIRED_TOKEN, Persona.PUSH_TOKEN)]
    for persona, tenant in callers:
        assert SECRET not in everything(ask(stored, persona, row, tenant)), (persona, tenant)


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.method} {row.path}") for row in ASKED])
def test_a_tenant_that_exists_is_refused_like_one_that_does_not(stored: Site, row: Row) -> None:
    real = ask(stored, Persona.STRANGER, row, "ours")
    invented = ask(stored, Persona.STRANGER, row, "none")
    assert real.status_code == invented.status_code
    if real.status_code == 403:
        assert re.sub(r"\bours\b", "none", everything(real)) == everything(invented)


def test_what_is_asked_twice_is_answered_to_whom_it_belongs(stored: Site) -> None:
    """A cache between the two would show here."""
    row = next(row for row in ROWS if row.route == "api/v1/flamegraph")
    for _ in range(2):
        assert SECRET in everything(ask(stored, Persona.QUERY_TOKEN, row, ""))
        theirs = everything(ask(stored, Persona.STRANGER, row, ""))
        assert SECRET not in theirs
        assert "herring" in theirs


def test_a_push_token_cannot_read_back_what_it_pushed(stored: Site) -> None:
    rows = [row for row in ROWS if row.kind is Kind.QUERY]
    assert {ask(stored, Persona.PUSH_TOKEN, row, "ours").status_code for row in rows} == {403}


def test_no_cache_between_the_server_and_its_caller_may_keep_an_answer(stored: Site, settings) -> None:  # type: ignore[no-untyped-def]
    row = next(row for row in ROWS if row.route == "api/v1/flamegraph")
    assert ask(stored, Persona.QUERY_TOKEN, row, "")["Cache-Control"] == "private, no-store"
    assert ask(stored, Persona.STRANGER, row, "ours")["Cache-Control"] == "private, no-store"
    settings.ACCESS_ENABLED = False
    assert "Cache-Control" not in ask(stored, Persona.ANONYMOUS, row, "ours")
