"""Fuzz targets for JFR: recordings of every kind of event in both ways of writing integers, and their labels."""

from __future__ import annotations

from ingest.profiles.formats.app_name import AppName
from ingest.profiles.formats.convert import Parts, convert_body
from ingest.profiles.formats.jfr.event_types import EVENT_TYPES
from ingest.profiles.formats.parameters import BodyFormat, IngestParameters
from ingest.profiles.reasons import Rejection
from tests.fuzz.format_targets import holds
from tests.fuzz.target import Target
from tests.unit.profiles.formats.jfr.labels_writer import labels_snapshot
from tests.unit.profiles.formats.jfr.recording_writer import LATIN1, REFERENCE, Encoding, Event, write_chunk
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS

_PARAMETERS = IngestParameters(AppName("app", {}), NOW_NS, NOW_NS, 100, "javaspy")
_STACKS = (
    (("Billing", "sum", 12), ("Billing", "main", 3)),
    (("søk", "x" * 40, -1), ("Billing$$Lambda$14/77", "run", 0), ("Billing", "main", 3)),
)
_NUMBERS = {"duration": 500, "samples": 3, "weight": 1 << 40, "size": 1, "contextId": 7, "spanId": -9, "traceIdLo": 1}
_SETTING = Event("jdk.ActiveSetting", texts={"name": "event", "value": "wall"})


def _chunk(encoding: Encoding) -> bytes:
    events = [Event(one.name, index % 2, index % 4, _NUMBERS) for index, one in enumerate(EVENT_TYPES)]
    return write_chunk([_SETTING, *events, Event("test.Unknown")], _STACKS, encoding)


def _run(parts: Parts) -> bool:
    answer = convert_body(BodyFormat.JFR, parts, _PARAMETERS, ANY_TIME)
    return not isinstance(answer, Rejection) and holds(answer)


def recording_targets() -> dict[str, Target]:
    """Return a target for recordings and one for the labels beside them."""
    compressed = _chunk(Encoding(checkpoints=2))
    labels = labels_snapshot({7: {"route": "/cart"}, 8: {}}, {5: "POST /cart"})
    return {
        "jfr": Target(
            [compressed, _chunk(Encoding(plain=True, text=LATIN1)), compressed + _chunk(Encoding(text=REFERENCE))],
            lambda data: _run({"": data}),
        ),
        "jfr labels": Target([labels], lambda data: _run({"jfr": compressed, "labels": data})),
    }
