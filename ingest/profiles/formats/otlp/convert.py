"""OpenTelemetry profiles as pprof: one message for each profile and service.

What becomes of a profile, after Pyroscope's rules where they lose nothing:

* A sample attribute ``service.name`` divides a profile: an agent of a whole host sends many services in one.
* The service is that attribute, else the resource's ``service.name``, else ``unknown_service:<executable>``.
* Attributes of resource, scope and profile become labels of the series, those of samples labels of samples; see
  :mod:`ingest.profiles.formats.otlp.attributes`. A link becomes ``span_id`` and ``trace_id``.
* Values of a sample are added up; without values each of its timestamps counts one.
* Names: :mod:`ingest.profiles.formats.otlp.naming`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, SampleType
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.otlp import profile_kernels as columns
from ingest.profiles.formats.otlp.attributes import is_label_name, read_attributes, value_text
from ingest.profiles.formats.otlp.build import Samples, build_tables, location_count
from ingest.profiles.formats.otlp.decode import Decoded, decode_request
from ingest.profiles.formats.otlp.naming import Naming, name_profile
from ingest.profiles.formats.otlp.outline_kernels import RESOURCE, SCOPE
from ingest.profiles.formats.otlp.references import sound_stacks
from ingest.profiles.labels import DEFAULT_SERVICE_NAME, LABEL_DELTA, LABEL_NAME, LABEL_SERVICE_NAME
from ingest.profiles.pprof.message import PprofMessage, encode_message
from ingest.profiles.reasons import Reason, Rejection

LABEL_OTEL = "__otel__"

SERVICE_NAME, EXECUTABLE_NAME = "service.name", "process.executable.name"
#: Duration of a profile that does not say its own.
DEFAULT_DURATION_NS = 10_000_000_000

#: Fields with the attributes of a resource and of a scope.
_RESOURCE_ATTRIBUTES, _SCOPE_ATTRIBUTES = 1, 3

#: Bytes of profiles that a byte of a request may become: all profiles of a request share its dictionary, and each gets
#: a copy of what it uses. Real requests become one to three times as large.
MAX_GROWTH = 16
#: Whatever their growth, profiles below this together are taken.
_GROWTH_FLOOR_BYTES = 16 << 20

_MAX_VALUE = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class ConvertedRequest:
    """What became of the profiles of a request."""

    profiles: tuple[Converted, ...]
    sources: tuple[int, ...]  #: for each of ``profiles`` the number of the sent profile that it is a part of
    rejected: tuple[tuple[int, Rejection], ...]  #: numbers of the sent profiles that could not be read, and why
    empty: int  #: sent profiles without any sample
    profile_count: int  #: profiles sent


def convert_otlp(data: bytes, max_profile_bytes: int) -> ConvertedRequest | Rejection:
    """Convert an uncompressed ``ExportProfilesServiceRequest``.

    ``max_profile_bytes`` bounds the locations of one profile before they are written, at a byte each.
    """
    decoded = decode_request(data)
    if isinstance(decoded, Rejection):
        return decoded
    converter = _Converter(decoded, max_profile_bytes)
    room_bytes = max(_GROWTH_FLOOR_BYTES, MAX_GROWTH * len(data))
    profiles: list[Converted] = []
    sources: list[int] = []
    rejected: list[tuple[int, Rejection]] = []
    empty = 0
    for number in range(decoded.profile_count):
        converted = converter.convert(number)
        if isinstance(converted, Rejection):
            rejected.append((number, converted))
            continue
        empty += not converted
        for one in converted:
            room_bytes -= len(one.pprof)
            if room_bytes < 0:
                return _too_much_growth(len(data))
            profiles.append(one)
            sources.append(number)
    return ConvertedRequest(tuple(profiles), tuple(sources), tuple(rejected), empty, decoded.profile_count)


class _Converter:
    """Converts the profiles of one request, keeping what they share."""

    def __init__(self, decoded: Decoded, max_profile_bytes: int) -> None:
        self._decoded = decoded
        self._dictionary = decoded.dictionary
        self._max_profile_bytes = max_profile_bytes
        self._stacks = sound_stacks(decoded.dictionary)
        self._labels: dict[int, tuple[str, str] | None] = {}
        self._shared: dict[tuple[int, int], dict[str, str] | Rejection] = {}

    def convert(self, number: int) -> list[Converted] | Rejection:
        """Return a message for each service of a profile; none when it has no samples."""
        row, following = self._decoded.profiles[number], self._decoded.profiles[number + 1]
        samples = self._samples(int(row[columns.FIRST_SAMPLE]), int(following[columns.FIRST_SAMPLE]))
        if samples is None or isinstance(samples, Rejection):
            return samples or []
        labels = self._series_labels(number, int(row[columns.FIRST_ATTRIBUTE]), int(following[columns.FIRST_ATTRIBUTE]))
        if isinstance(labels, Rejection):
            return labels
        naming = self._naming(row)
        if not naming.name:
            return _malformed("it has neither a sample type nor a period type")
        if location_count(self._stacks, samples.stack) > self._max_profile_bytes:
            return Rejection(
                Reason.PROFILE_SIZE_LIMIT,
                f"the stacks of the profile have more than {self._max_profile_bytes} locations together, "
                "each of which takes a byte at least (max_profile_size_bytes)",
            )
        if naming.is_counted_in_periods:
            largest = max(int(samples.value.max()), -int(samples.value.min()))
            if largest > _MAX_VALUE // naming.period:
                return _malformed("a value times the period does not fit 64 bits")
            samples.value[:] *= naming.period
        return [
            self._message(row, naming, labels, service, part) for service, part in self._by_service(samples, labels)
        ]

    def _samples(self, first: int, last: int) -> Samples | Rejection | None:
        """Return samples whose references all hold, or which of them does not; None when there are none."""
        if first == last:
            return None
        rows = self._decoded.samples[first : last + 1]
        stack, link = rows[:-1, columns.STACK], rows[:-1, columns.LINK]
        problems = rows[:-1, columns.PROBLEM]
        offsets = rows[:, columns.SAMPLE_ATTRIBUTE] - rows[0, columns.SAMPLE_ATTRIBUTE]
        attributes = self._decoded.sample_attributes[
            rows[0, columns.SAMPLE_ATTRIBUTE] : rows[-1, columns.SAMPLE_ATTRIBUTE]
        ]
        if problems.any():
            at = int(np.flatnonzero(problems)[0])
            what = (
                "has neither values nor timestamps" if problems[at] == columns.NO_VALUE else "has values beyond 64 bits"
            )
            return _malformed(f"sample {at} {what}")
        is_inside = (stack >= 0) & (stack < len(self._stacks.is_sound))
        if not is_inside.all() or not self._stacks.is_sound[stack].all():
            return _malformed("the stack of a sample leads to something that is not in the dictionary")
        if ((link < 0) | (link >= max(1, len(self._dictionary.links)))).any():
            return _malformed("the link of a sample is not in the dictionary")
        if ((attributes < 0) | (attributes >= max(1, len(self._dictionary.attributes)))).any():
            return _malformed("an attribute of a sample is not in the dictionary")
        return Samples(stack, link, np.ascontiguousarray(rows[:-1, columns.VALUE]), offsets, attributes)

    def _naming(self, row: I64) -> Naming:
        text = self._dictionary.text
        return name_profile(
            SampleType(text(int(row[columns.TYPE])), text(int(row[columns.UNIT]))),
            SampleType(text(int(row[columns.PERIOD_TYPE])), text(int(row[columns.PERIOD_UNIT]))),
            int(row[columns.PERIOD]),
        )

    def _series_labels(self, number: int, first: int, last: int) -> dict[str, str] | Rejection:
        """Return the labels of resource, scope and profile; where two have a name the outer one's value stands."""
        labels: dict[str, str] = {}
        spans = self._decoded.outline[number].tolist()
        for at, field in ((RESOURCE, _RESOURCE_ATTRIBUTES), (SCOPE, _SCOPE_ATTRIBUTES)):
            start, end = spans[at], spans[at + 1]
            read = self._shared.get((start, end))
            if read is None:
                read = read_attributes(self._dictionary.data, start, end, field, self._dictionary.text)
                self._shared[start, end] = read
            if isinstance(read, Rejection):
                return read
            labels = {**read, **labels}
        for attribute in self._decoded.profile_attributes[first:last].tolist():
            if not 0 <= attribute < max(1, len(self._dictionary.attributes)):
                return _malformed("an attribute of the profile is not in the dictionary")
            label = self._label_of(attribute)
            if label is not None:
                labels.setdefault(*label)
        return labels

    def _by_service(self, samples: Samples, labels: dict[str, str]) -> Iterator[tuple[str, Samples]]:
        """Divide samples by the service that they name; the others belong to the service of the resource."""
        executable = labels.get(EXECUTABLE_NAME)
        unnamed = f"{DEFAULT_SERVICE_NAME}:{executable}" if executable else DEFAULT_SERVICE_NAME
        default = labels.get(SERVICE_NAME) or unnamed
        attributes, inverse = np.unique(samples.attributes, return_inverse=True)
        services = [default]
        service_of = np.zeros(len(attributes), np.int64)
        for at, attribute in enumerate(attributes.tolist()):
            label = self._label_of(attribute)
            if label is not None and label[0] == SERVICE_NAME:
                if label[1] not in services:
                    services.append(label[1])
                service_of[at] = services.index(label[1])
        if not service_of.any():
            yield default, samples
            return
        names_one = service_of[inverse]
        sample = np.repeat(np.arange(len(samples.stack)), np.diff(samples.attribute_offsets))
        of_sample = np.zeros(len(samples.stack), np.int64)
        of_sample[sample[names_one != 0]] = names_one[names_one != 0]
        for index, service in enumerate(services):
            rows = np.flatnonzero(of_sample == index)
            if len(rows):
                yield service, _taken(samples, rows, sample, names_one == 0)

    def _message(self, row: I64, naming: Naming, labels: dict[str, str], service: str, samples: Samples) -> Converted:
        own = {
            LABEL_NAME: naming.name,
            LABEL_DELTA: "false",
            LABEL_OTEL: "true",
            LABEL_SERVICE_NAME: service,
        }
        tables = build_tables(self._dictionary, self._stacks, samples, self._label_of)
        message = PprofMessage(
            sample_types=(naming.sample_type,),
            period_type=naming.period_type,
            period=naming.period,
            time_ns=int(row[columns.TIME]),
            duration_ns=int(row[columns.DURATION]) or DEFAULT_DURATION_NS,
            strings=tables.strings,
            functions=tables.functions,
            locations=tables.locations,
            samples=tables.samples,
            mappings=tables.mappings,
        )
        return Converted(tuple({**labels, **own}.items()), encode_message(message))

    def _label_of(self, attribute: int) -> tuple[str, str] | None:
        """Return what an attribute of the dictionary is as a label; the first one means that there is none."""
        if attribute not in self._labels:
            self._labels[attribute] = self._read_label(attribute) if attribute else None
        return self._labels[attribute]

    def _read_label(self, attribute: int) -> tuple[str, str] | None:
        key, start, end = self._dictionary.attributes[attribute].tolist()
        name = self._dictionary.text(key)
        value = value_text(self._dictionary.data, start, end, self._dictionary.text)
        return (name, value) if is_label_name(name) and value else None


def _taken(samples: Samples, rows: I64, sample: I64, is_label: np.ndarray) -> Samples:
    """Return the samples at ``rows``, with those of their attributes that are labels."""
    kept = np.flatnonzero(is_label & np.isin(sample, rows))
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.bincount(np.searchsorted(rows, sample[kept]), minlength=len(rows)), out=offsets[1:])
    return Samples(samples.stack[rows], samples.link[rows], samples.value[rows], offsets, samples.attributes[kept])


def _malformed(why: str) -> Rejection:
    return Rejection(Reason.MALFORMED_PROFILE, f"malformed profile: {why}")


def _too_much_growth(request_bytes: int) -> Rejection:
    return Rejection(
        Reason.BODY_SIZE_LIMIT_EXCEEDED,
        f"The profiles of the request take more than {MAX_GROWTH} times its {request_bytes} bytes once each has "
        "symbols of its own; nothing was stored. Send fewer profiles at once.",
    )
