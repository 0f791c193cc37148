"""A JFR recording, with the labels that go with it, as pprof profiles: one for each kind of event in it.

How events become profiles is said in :mod:`ingest.profiles.formats.jfr.event_types`. Equal stacks with equal labels are
summed. Where this differs from Pyroscope: ``docs/decisions.md``.
"""

from __future__ import annotations

from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.jfr.damage import Damage
from ingest.profiles.formats.jfr.event_types import ProfileKind
from ingest.profiles.formats.jfr.labels_snapshot import read_labels
from ingest.profiles.formats.jfr.profiles import LabelSets, Times, kinds_in, message_of
from ingest.profiles.formats.jfr.recording import Recording, read_recording
from ingest.profiles.formats.parameters import IngestParameters
from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.pprof.message import encode_message
from ingest.profiles.reasons import Rejection

_SECOND_NS = 1_000_000_000


def convert_jfr(
    data: bytes, labels_part: bytes, parameters: IngestParameters, max_bytes: int
) -> list[Converted] | Rejection:
    """Return a profile for each kind of event that occurs in a recording; none when it has no such event.

    ``data`` and ``labels_part`` may be gzipped; neither may have more than ``max_bytes`` decompressed. The labels are a
    LabelsSnapshot message, or empty. A kind of which no event has a known stack becomes a profile without samples.
    """
    recording_bytes, labels_bytes = gunzip_bounded(data, max_bytes), gunzip_bounded(labels_part, max_bytes)
    for part in (recording_bytes, labels_bytes):
        if isinstance(part, Rejection):
            return part
    assert isinstance(recording_bytes, bytes)
    assert isinstance(labels_bytes, bytes)
    period_ns = _SECOND_NS // parameters.sample_rate if parameters.sample_rate else 0
    times = Times(parameters.from_ns, max(parameters.until_ns - parameters.from_ns, 0), period_ns)
    try:
        recording = read_recording(recording_bytes, max_bytes)
        label_sets = LabelSets(recording, read_labels(labels_bytes))
        return [_converted(recording, label_sets, kind, times, max_bytes) for kind in kinds_in(recording)]
    except Damage as damage:
        return Rejection(damage.reason, damage.message)


def _converted(
    recording: Recording, label_sets: LabelSets, kind: ProfileKind, times: Times, max_bytes: int
) -> Converted:
    """Return the profile of one kind."""
    message = message_of(recording, label_sets, kind, times, max_bytes)
    return Converted((("__name__", kind.name), ("jfr_event", recording.event_setting)), encode_message(message))
