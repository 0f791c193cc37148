"""Pushes for tests, spelled out as plain values, and a naive model of what a part must answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingest.profiles.columns import Labels, ProfileGroup, SampleType, StackProfile
from ingest.profiles.labels import row_labels
from ingest.profiles.record import PushRecord
from ingest.profiles.sample_choice import EVERY_SAMPLE, SampleChoice
from ingest.profiles.selector import Matcher
from ingest.storage.part import Part
from tests.unit.profiles.stack_model import Location, build_profile, named_sums, node_path, plain, read_profile

CPU = (SampleType("samples", "count"), SampleType("cpu", "nanoseconds"))
CPU_PERIOD = SampleType("cpu", "nanoseconds")
ALWAYS = (-(2**62), 2**62)


@dataclass(frozen=True)
class Sample:
    """One stack from the root down with a value per sample type."""

    stack: tuple[Location, ...]
    values: tuple[int, ...]
    span: int = 0
    trace: int = 0


@dataclass(frozen=True)
class Group:
    """One profile to push."""

    samples: tuple[Sample, ...]
    number: int = 1  #: stands for the content in the identity
    time_ns: int = 1_000
    labels: Labels = (("__name__", "process_cpu"), ("service_name", "checkout"))
    sample_types: tuple[SampleType, ...] = CPU
    duration_ns: int = 10
    period: int = 100

    @property
    def profile_id(self) -> bytes:
        """An identity whose halves do not fit a signed number: a hash, as digests add identities and rely on that."""
        halves = hashlib.blake2b(self.number.to_bytes(8, "big"), digest_size=16).digest()
        return bytes([halves[0] | 0x80, *halves[1:8], halves[8] | 0x80, *halves[9:]])


def samples(**stacks: int | tuple[int, ...]) -> tuple[Sample, ...]:
    """Return samples from names joined by ``__``: ``samples(main__work=(1, 10))``; one number stands for both types."""
    return tuple(
        Sample(plain(*path.split("__")), values if isinstance(values, tuple) else (values, values * 10))
        for path, values in stacks.items()
    )


def push(*groups: Group, tenant: str = "team-a", junk: str = "") -> PushRecord:
    """Return the push of these groups; ``junk`` shifts the ids of all symbols."""
    profile = build_profile([(sample.stack, 1) for group in groups for sample in group.samples], junk=junk)
    nodes = {node_path(profile.symbols, node): node for node in range(profile.symbols.node_count)}
    return PushRecord(tenant, 0, profile.symbols, tuple(_columns(group, nodes) for group in groups))


def _columns(group: Group, nodes: Mapping[tuple[Location, ...], int]) -> ProfileGroup:
    ordered = sorted(group.samples, key=lambda sample: nodes[sample.stack])
    values = np.array([sample.values for sample in ordered], np.int64).reshape(-1, len(group.sample_types))
    spans = [sample.span for sample in ordered]
    traces = [divmod(sample.trace, 2**64) for sample in ordered]
    return ProfileGroup(
        labels=group.labels,
        profile_id=group.profile_id,
        time_ns=group.time_ns,
        duration_ns=group.duration_ns,
        period=group.period,
        sample_types=group.sample_types,
        period_type=CPU_PERIOD,
        sample_node=np.array([nodes[sample.stack] for sample in ordered], np.uint32),
        sample_values=np.ascontiguousarray(values.T),
        sample_span=np.array(spans if any(spans) else [], np.uint64),
        sample_trace=np.array(traces if any(map(any, traces)) else [], np.uint64).reshape(-1, 2),
    )


@dataclass(frozen=True)
class Row:
    """One row, spelled out."""

    labels: Labels
    time_ns: int
    profile_id: bytes
    total: int


@dataclass
class Model:
    """What a part must answer: a dictionary of rows, each with its samples."""

    rows: dict[Row, tuple[Sample, ...]] = field(default_factory=dict)
    identities: set[bytes] = field(default_factory=set)

    def append(self, groups: Iterable[Group]) -> list[bool]:
        """Take the groups; say of each whether it was new."""
        return [self._append(group) for group in groups]

    def _append(self, group: Group) -> bool:
        if group.profile_id in self.identities:
            return False
        self.identities.add(group.profile_id)
        for kind, sample_type in enumerate(group.sample_types):
            kept = tuple(
                Sample(sample.stack, (sample.values[kind],), sample.span, sample.trace)
                for sample in group.samples
                if sample.values[kind]
            )
            if kept:
                labels = row_labels(group.labels, sample_type.name, sample_type.unit, CPU_PERIOD.name, CPU_PERIOD.unit)
                total = sum(sample.values[0] for sample in kept)
                self.rows[Row(labels, group.time_ns, group.profile_id, total)] = kept
        return True

    def select(self, matchers: Sequence[Matcher], start_ns: int, end_ns: int) -> list[Row]:
        """Return the rows that satisfy all matchers in the range, a missing label being empty."""
        return [
            row
            for row in self.rows
            if start_ns <= row.time_ns < end_ns
            and all(matcher.matches(dict(row.labels).get(matcher.name, "")) for matcher in matchers)
        ]

    def stacks(self, rows: Iterable[Row], spans: set[int] | None = None) -> dict[tuple[Location, ...], int]:
        """Return the sums per stack over rows."""
        sums: dict[tuple[Location, ...], int] = {}
        for row in rows:
            for sample in self.rows[row]:
                if spans is None or sample.span in spans:
                    sums[sample.stack] = sums.get(sample.stack, 0) + sample.values[0]
        return sums

    def chosen(self, row: Row, choice: SampleChoice) -> list[Sample]:
        """Return the samples of a row that a choice picks."""
        return [
            sample
            for sample in self.rows[row]
            if (not choice.spans or sample.span in choice.spans)
            and (not choice.traces or sample.trace.to_bytes(16, "big") in choice.traces)
            and frames(sample.stack)[: len(choice.call_site)] == choice.call_site
        ]


def read_rows(
    part: Part, matchers: Sequence[Matcher] = (), start_ns: int = ALWAYS[0], end_ns: int = ALWAYS[1]
) -> list[Row]:
    """Return the rows of a part spelled out, in the order the part gives them."""
    rows = part.rows(part.select_series(matchers), start_ns, end_ns)
    return [
        Row(part.series.labels(series), time_ns, high.to_bytes(8, "big") + low.to_bytes(8, "big"), total)
        for series, time_ns, high, low, total in zip(
            rows.series.tolist(), rows.time_ns.tolist(), rows.id_hi.tolist(), rows.id_lo.tolist(), rows.total.tolist(),
            strict=True,
        )
    ]  # fmt: skip


def read_stacks(
    part: Part,
    matchers: Sequence[Matcher] = (),
    start_ns: int = ALWAYS[0],
    end_ns: int = ALWAYS[1],
    spans: set[int] | None = None,
) -> dict[tuple[Location, ...], int]:
    """Return the sums per stack over the selected rows."""
    rows = part.rows(part.select_series(matchers), start_ns, end_ns)
    choice = EVERY_SAMPLE if spans is None else SampleChoice(spans=tuple(sorted(spans)))
    return read_profile(part.merge(rows.row_index, by_name=False, choice=choice))


def frames(stack: tuple[Location, ...]) -> tuple[str, ...]:
    """Return the names on a stack from the root down, inlined ones spelled out."""
    return tuple(name for location in stack for name, _, _ in reversed(location.functions))


def by_names(stacks: Mapping[tuple[Location, ...], int]) -> dict[tuple[str, ...], int]:
    """Return the sums per stack of names."""
    return named_sums(stacks.items())


def read_names(profile: StackProfile) -> dict[tuple[str, ...], int]:
    """Return a merged profile per stack of names."""
    return named_sums(read_profile(profile).items())
