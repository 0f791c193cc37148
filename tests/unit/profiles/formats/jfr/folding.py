"""What is in pprof messages, spelled out: read by google.protobuf, so that nothing here is the code under test."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.api.proto import profile_pb2
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.jfr.convert import convert_jfr
from ingest.profiles.formats.parameters import IngestParameters, parse_parameters
from ingest.profiles.formats.refused import Refused
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Rejection

Answer = list[Converted] | Rejection
#: (function, line), from the leaf to the root.
Stack = tuple[tuple[str, int], ...]
Labels = tuple[tuple[str, str], ...]
#: Sums by profile (name, sample type, unit, period type, period unit), then by stack and labels.
Sums = dict[tuple[str, ...], dict[tuple[Stack, Labels], int]]

LIMITS = Limits(max_profile_size_bytes=1 << 24)
FROM_S, UNTIL_S = 1_700_000_000, 1_700_000_010


def parameters(sample_rate: int = 100) -> IngestParameters:
    """Return those of a request for ten seconds."""
    query = {"name": "billing", "from": str(FROM_S), "until": str(UNTIL_S), "sampleRate": str(sample_rate)}
    parsed = parse_parameters(query, 0)
    assert isinstance(parsed, IngestParameters)
    return parsed


def convert(data: bytes, labels: bytes = b"", sample_rate: int = 100, limits: Limits = LIMITS) -> Answer:
    """Return the profiles of a recording, or why it is refused."""
    try:
        return convert_jfr(data, labels, parameters(sample_rate), limits)
    except Refused as refused:
        return refused.rejection


def message_of(pprof: bytes) -> profile_pb2.Profile:
    return profile_pb2.Profile.FromString(pprof)


def sums_of(result: Answer) -> Sums:
    """Return the values of all profiles of a recording; those of 0 are left out, and profiles without any."""
    assert isinstance(result, list), result
    sums: Sums = {}
    for converted in result:
        message = message_of(converted.pprof)
        add_samples(sums, dict(converted.labels)["__name__"], message)
    return {kind: values for kind, values in sums.items() if values}


def add_samples(sums: Sums, name: str, message: profile_pb2.Profile) -> None:
    """Add the samples of one message."""
    texts = list(message.string_table)
    functions = {one.id: texts[one.name] for one in message.function}
    frames = {one.id: tuple((functions[line.function_id], line.line) for line in one.line) for one in message.location}
    period_type = (texts[message.period_type.type], texts[message.period_type.unit])
    for sample in message.sample:
        stack = tuple(frame for location in sample.location_id for frame in frames[location])
        labels = tuple(sorted((texts[label.key], texts[label.str]) for label in sample.label))
        for kind, value in zip(message.sample_type, sample.value, strict=True):
            if value:
                of_kind = sums.setdefault((name, texts[kind.type], texts[kind.unit], *period_type), {})
                of_kind[stack, labels] = of_kind.get((stack, labels), 0) + value


def by_name(values: Iterable[tuple[tuple[Stack, Labels], int]]) -> dict[str, int]:
    """Return the folded stacks, root first."""
    folded: dict[str, int] = {}
    for (stack, _), value in values:
        line = ";".join(name for name, _ in reversed(stack))
        folded[line] = folded.get(line, 0) + value
    return folded
