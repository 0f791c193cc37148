"""From the events of a recording to the columns of a pprof message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, MAPPING_HAS_FUNCTIONS
from ingest.profiles.formats.jfr.event_types import CPU, EVENT_TYPES, ProfileKind, State, When
from ingest.profiles.formats.jfr.labels_snapshot import LabelsSnapshot
from ingest.profiles.formats.jfr.recording import Events, Recording
from ingest.profiles.formats.jfr.rows import Mask, distinct, offsets_of, rows_of, used_of
from ingest.profiles.formats.refused import Refused, malformed, too_large
from ingest.profiles.pprof.message import (
    FunctionColumns,
    LocationColumns,
    MappingColumns,
    PprofMessage,
    SampleColumns,
    StringTable,
)
from ingest.profiles.reasons import Reason, Rejection

#: References from samples to locations and labels, as a multiple of the bytes a profile may have. What is above that
#: size is refused when it is pushed; this bounds the work until then: a short recording can use one deep stack often.
_MAX_REFERENCES_RATIO = 4
#: Labels of all distinct sets together: many events can name one large context, each with a span of its own.
_MAX_LABEL_PAIRS = 1 << 20
_MASK_64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Times:
    """What the request says of the times of its profiles."""

    start_ns: int
    duration_ns: int
    period_ns: int  #: what one sample of time stands for; 0 makes such samples worth nothing


@dataclass(frozen=True, slots=True)
class _Sums:
    """N samples: equal stacks with equal labels summed."""

    stack: I64  #: int64[N]
    label_set: I64  #: int64[N]
    values: I64  #: int64[T, N]


class LabelSets:
    """The labels of the events of a recording; set 0 is empty.

    Agents number contexts as requests come and go, so that many of them stand for the same labels: these are one set,
    or a busy program would have more samples than a profile may have.
    """

    def __init__(self, recording: Recording, labels: LabelsSnapshot) -> None:
        """Name what the correlations of the events stand for; raises Refused when there is too much of it."""
        rows, of_row = np.unique(recording.correlations, axis=0, return_inverse=True)
        known: dict[tuple[tuple[str, str], ...], int] = {(): 0}
        numbers: list[int] = []
        pairs = 0
        for row in rows.tolist():
            named = _labels_of(row, labels)
            pairs += len(named)
            if pairs > _MAX_LABEL_PAIRS:
                raise Refused(
                    Rejection(Reason.SAMPLE_LABELS_LIMIT, f"the samples have more than {_MAX_LABEL_PAIRS} labels")
                )
            numbers.append(known.setdefault(named, len(known)))
        self.sets = list(known)
        self._of_correlation = np.concatenate((np.zeros(1, np.int64), np.array(numbers, np.int64)[of_row.reshape(-1)]))

    def of(self, correlation: I64) -> I64:
        """Return the set of each event by its correlation."""
        return self._of_correlation[correlation]


def kinds_in(recording: Recording) -> list[ProfileKind]:
    """Return the kinds of profile that the events of a recording become, in the order of the table of events.

    One without such events is a cpu profile without samples, so that its sender is told that it was empty.
    """
    kinds: list[ProfileKind] = []
    for index, event_type in enumerate(EVENT_TYPES):
        of_type = recording.events.kind == index
        for kind, when in event_type.feeds:
            if kind not in kinds and bool((of_type & _holds(recording.events, when)).any()):
                kinds.append(kind)
    return kinds or [CPU]


def message_of(
    recording: Recording, label_sets: LabelSets, kind: ProfileKind, times: Times, max_bytes: int
) -> PprofMessage:
    """Return the profile of one kind; raises Refused when it would be far above ``max_bytes``."""
    sums = _summed(recording, label_sets, kind, times.period_ns)
    starts, ends = recording.stack_offsets[sums.stack], recording.stack_offsets[sums.stack + 1]
    used_sets, sample_set = used_of(sums.label_set, len(label_sets.sets))
    named = [label_sets.sets[index] for index in used_sets.tolist()]
    set_offsets = offsets_of(np.array([len(pairs) for pairs in named], np.int64))
    label_starts, label_ends = set_offsets[sample_set], set_offsets[sample_set + 1]
    if int((ends - starts).sum() + (label_ends - label_starts).sum()) > _MAX_REFERENCES_RATIO * max_bytes:
        raise too_large(f"the {kind.name} profile of the recording would be larger than {max_bytes} bytes")
    locations, location = used_of(recording.stack_locations[rows_of(starts, ends)], len(recording.location_line))
    functions, line_function = used_of(recording.location_function[locations], len(recording.functions))
    texts_of_labels = dict.fromkeys(text for pairs in named for pair in pairs for text in pair)
    index_of = {text: 1 + len(functions) + index for index, text in enumerate(texts_of_labels)}
    pairs_of_sets = [[index_of[name], index_of[value]] for pairs in named for name, value in pairs]
    labels = np.array(pairs_of_sets, np.uint32).reshape(-1, 2)[rows_of(label_starts, label_ends)]
    return PprofMessage(
        sample_types=kind.sample_types,
        period_type=kind.period_type,
        period=0,
        time_ns=times.start_ns,
        duration_ns=times.duration_ns,
        strings=_strings(map(recording.functions.__getitem__, functions.tolist()), texts_of_labels),
        functions=_functions(len(functions)),
        locations=_locations(line_function, recording.location_line[locations]),
        samples=SampleColumns(
            location_offsets=offsets_of(ends - starts),
            location=location.astype(np.uint32),
            values=sums.values,
            label_offsets=offsets_of(label_ends - label_starts),
            label_key=np.ascontiguousarray(labels[:, 0]),
            label_str=np.ascontiguousarray(labels[:, 1]),
        ),
        mappings=_MAPPINGS,
    )


def _holds(events: Events, when: When) -> Mask:
    """Return a mask of the events for which a condition holds."""
    if when is When.AWAKE:
        return np.asarray((events.state != State.SLEEPING) & (events.state != State.UNKNOWN))
    if when is When.WALL_MODE:
        return np.asarray(events.in_wall_mode == 1)
    if when is When.RUNNABLE_IN_WALL_MODE:
        return np.asarray((events.in_wall_mode == 1) & (events.state == State.RUNNABLE))
    return np.ones(len(events.kind), bool)


def _summed(recording: Recording, label_sets: LabelSets, kind: ProfileKind, period_ns: int) -> _Sums:
    """Return the samples of one kind; events without a known stack are left out, as Pyroscope does."""
    events = recording.events
    chosen = np.zeros(len(events.kind), bool)
    has_value = np.zeros(len(events.kind), bool)
    for index, event_type in enumerate(EVENT_TYPES):
        for fed, when in event_type.feeds:
            if fed is kind:
                of_type = (events.kind == index) & _holds(events, when)
                chosen |= of_type
                has_value |= of_type & bool(event_type.value_field)
    rows = np.flatnonzero(chosen & (events.stack >= 0))
    stack, label_set = events.stack[rows], label_sets.of(events.correlation[rows])
    values = np.where(has_value[rows], events.value[rows], 1).reshape(1, -1)
    if len(kind.sample_types) == 2:
        values = np.concatenate((np.ones_like(values), values))
    scale = period_ns if kind.is_time else 1
    _check_sums(values, scale)
    # What is negative is left out when it is pushed, so it must not hide in a sum.
    keys = (label_set * len(recording.stack_offsets) + stack) * 2 + (values[-1] < 0)
    found, sample = distinct(keys)
    sums = np.zeros((len(values), len(found)), np.int64)
    for total, column in zip(sums, values, strict=True):
        np.add.at(total, sample, column * scale)
    groups = found // 2
    return _Sums(groups % len(recording.stack_offsets), groups // len(recording.stack_offsets), sums)


def _check_sums(values: I64, scale: int) -> None:
    """Raise Refused when a sum of values might not be an int64."""
    if float(np.abs(values.astype(np.float64)).sum(axis=1).max()) * max(scale, 1) >= float(1 << 63):
        raise malformed("the values of the recording are too large to be summed")


def _labels_of(correlation: Sequence[int], labels: LabelsSnapshot) -> tuple[tuple[str, str], ...]:
    """Return the labels that the numbers of an event stand for."""
    context, span, span_name, trace_high, trace_low = correlation
    found = list(labels.contexts.get(context, ()))
    if span:
        found.append(("profile_id", f"{span & _MASK_64:016x}"))
    if labels.strings.get(span_name):
        found.append(("span_name", labels.strings[span_name]))
    if trace_high or trace_low:
        found.append(("trace_id", f"{trace_high & _MASK_64:016x}{trace_low & _MASK_64:016x}"))
    return tuple(found)


def _strings(functions: Iterable[bytes], labels: Iterable[str]) -> StringTable:
    """Return the empty string, the names of the functions, and the texts of labels."""
    texts = [b"", *functions, *(text.encode("utf-8", "replace") for text in labels)]
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    return StringTable(offsets_of(sizes), np.frombuffer(b"".join(texts), np.uint8))


def _functions(count: int) -> FunctionColumns:
    """Return functions that are named by strings 1 to ``count``."""
    names = np.arange(1, count + 1, dtype=np.uint32)
    return FunctionColumns(names, np.zeros(count, np.uint32), np.zeros(count, np.uint32), np.zeros(count, np.int64))


def _locations(function: I64, line: I64) -> LocationColumns:
    """Return locations of one line each."""
    count = len(line)
    return LocationColumns(
        mapping=np.ones(count, np.uint32),
        address=np.zeros(count, np.uint64),
        line_offsets=np.arange(count + 1, dtype=np.int64),
        line_function=function.astype(np.uint32),
        line_number=np.ascontiguousarray(line),
    )


_ZERO_U32, _ZERO_U64 = np.zeros(1, np.uint32), np.zeros(1, np.uint64)
_MAPPINGS = MappingColumns(
    _ZERO_U64, _ZERO_U64, _ZERO_U64, _ZERO_U32, _ZERO_U32, np.full(1, MAPPING_HAS_FUNCTIONS, np.uint32)
)
