"""A JFR recording, with the labels that go with it, as pprof profiles: one for each kind of event in it.

How events become profiles is said in :mod:`ingest.profiles.formats.jfr.event_types`. Equal stacks with equal labels are
summed. Where this differs from Pyroscope: ``docs/decisions.md``.
"""

from __future__ import annotations

from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.jfr.event_types import ProfileKind
from ingest.profiles.formats.jfr.labels_snapshot import LabelsSnapshot, read_labels
from ingest.profiles.formats.jfr.profiles import LabelSets, Times, kinds_in, message_of
from ingest.profiles.formats.jfr.recording import Recording, read_recording
from ingest.profiles.formats.parameters import DEFAULT_SAMPLE_RATE, IngestParameters
from ingest.profiles.formats.refused import Refused
from ingest.profiles.labels import LABEL_NAME
from ingest.profiles.limits import Limits
from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.pprof.message import encode_message
from ingest.profiles.reasons import Rejection

_SECOND_NS = 1_000_000_000
#: What the profiler sampled by, when the recording says so.
_LABEL_EVENT = "jfr_event"


def convert_jfr(data: bytes, labels_part: bytes, parameters: IngestParameters, limits: Limits) -> list[Converted]:
    """Return a profile for each kind of event that occurs in a recording; an empty one of cpu when there is none.

    ``data`` and ``labels_part`` may be gzipped; neither may have more than ``max_profile_size_bytes`` decompressed. The
    labels are a LabelsSnapshot message, or empty. A kind of which no event has a known stack becomes a profile without
    samples. Raises Refused.
    """
    period_ns = _SECOND_NS // parameters.sample_rate if parameters.sample_rate else 0
    times = Times(parameters.from_ns, max(parameters.until_ns - parameters.from_ns, 0), period_ns)
    recording = read_recording(_gunzipped(data, limits), limits.max_profile_size_bytes)
    return _profiles(recording, read_labels(_gunzipped(labels_part, limits)), times, limits)


def convert_jfr_file(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profiles of a recording that somebody brings as a file, not compressed; its own times count.

    Raises Refused.
    """
    recording = read_recording(data, limits.max_profile_size_bytes)
    period_ns = _SECOND_NS // hints.sample_rate if hints.sample_rate else recording.interval_ns
    times = Times(
        hints.moment_ns(recording.start_ns), recording.duration_ns, period_ns or _SECOND_NS // DEFAULT_SAMPLE_RATE
    )
    return _profiles(recording, LabelsSnapshot(), times, limits)


def _profiles(recording: Recording, labels: LabelsSnapshot, times: Times, limits: Limits) -> list[Converted]:
    """Return the profile of each kind."""
    label_sets, max_bytes = LabelSets(recording, labels), limits.max_profile_size_bytes
    return [_converted(recording, label_sets, kind, times, max_bytes) for kind in kinds_in(recording)]


def _gunzipped(part: bytes, limits: Limits) -> bytes:
    """Return a part decompressed when it is gzip."""
    plain = gunzip_bounded(part, limits.max_profile_size_bytes, limits.max_decompression_ratio)
    if isinstance(plain, Rejection):
        raise Refused(plain)
    return plain


def _converted(
    recording: Recording, label_sets: LabelSets, kind: ProfileKind, times: Times, max_bytes: int
) -> Converted:
    """Return the profile of one kind."""
    message = message_of(recording, label_sets, kind, times, max_bytes)
    event = ((_LABEL_EVENT, recording.event_setting),) if recording.event_setting else ()
    return Converted(((LABEL_NAME, kind.name), *event), encode_message(message))
