"""Requests for tests: a builder that interns like a sender does, and what a plain reading of pprof makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ingest.api.proto import profile_pb2
from ingest.profiles.formats.converted import Converted
from tests.unit.profiles.formats.otlp.revisions import messages

Folded = Counter[tuple[str, ...]]


class Request:
    """A request under construction, in one revision."""

    def __init__(self, revision: str = "current") -> None:
        self.kinds = messages(revision)
        self.message = self.kinds.ExportProfilesServiceRequest()
        self.dictionary = self.message.dictionary
        self.dictionary.string_table.append("")
        for table in ("mapping", "location", "function", "link", "attribute", "stack"):
            getattr(self.dictionary, f"{table}_table").add()

    def text(self, value: str) -> int:
        table = self.dictionary.string_table
        if value not in table:
            table.append(value)
        return list(table).index(value)

    def function(self, name: str, filename: str = "") -> int:
        self.dictionary.function_table.add(name_strindex=self.text(name), filename_strindex=self.text(filename))
        return len(self.dictionary.function_table) - 1

    def location(self, *names: str, mapping: int = 0, address: int = 0) -> int:
        """Add a location with a line for each of ``names``, the innermost first."""
        added = self.dictionary.location_table.add(mapping_index=mapping, address=address)
        for number, name in enumerate(names, 1):
            added.lines.add(function_index=self.function(name, f"{name}.c"), line=number)
        return len(self.dictionary.location_table) - 1

    def stack(self, *locations: int) -> int:
        """Add a stack of locations, leaf first."""
        self.dictionary.stack_table.add(location_indices=locations)
        return len(self.dictionary.stack_table) - 1

    def attribute(self, key: str, value: object) -> int:
        added = self.dictionary.attribute_table.add(key_strindex=self.text(key))
        added.value.CopyFrom(any_value(self.kinds, value))
        return len(self.dictionary.attribute_table) - 1

    def link(self, trace: bytes, span: bytes) -> int:
        self.dictionary.link_table.add(trace_id=trace, span_id=span)
        return len(self.dictionary.link_table) - 1

    def profile(
        self,
        kind: tuple[str, str] = ("samples", "count"),
        period: tuple[str, str, int] | None = None,
        resource: Mapping[str, object] | None = None,
        scope: Mapping[str, object] | None = None,
        time_ns: int = 0,
        duration_ns: int = 0,
    ) -> Any:
        """Add a profile of a resource of its own; returns its message, for samples."""
        added = self.message.resource_profiles.add()
        for key, value in (resource or {}).items():
            added.resource.attributes.add(key=key, value=any_value(self.kinds, value))
        scoped = added.scope_profiles.add()
        for key, value in (scope or {}).items():
            scoped.scope.attributes.add(key=key, value=any_value(self.kinds, value))
        profile = scoped.profiles.add(time_unix_nano=time_ns, duration_nano=duration_ns)
        profile.sample_type.type_strindex, profile.sample_type.unit_strindex = map(self.text, kind)
        if period is not None:
            profile.period_type.type_strindex, profile.period_type.unit_strindex = map(self.text, period[:2])
            profile.period = period[2]
        return profile

    def encoded(self) -> bytes:
        return self.message.SerializeToString()


def any_value(kinds: Any, value: object) -> Any:
    """Return a value of an attribute: text, truth, numbers, bytes, a list or a map of these."""
    match value:
        case bool():
            return kinds.AnyValue(bool_value=value)
        case str():
            return kinds.AnyValue(string_value=value)
        case int():
            return kinds.AnyValue(int_value=value)
        case float():
            return kinds.AnyValue(double_value=value)
        case bytes():
            return kinds.AnyValue(bytes_value=value)
        case list():
            return kinds.AnyValue(array_value=kinds.ArrayValue(values=[any_value(kinds, one) for one in value]))
        case dict():
            pairs = [kinds.KeyValue(key=key, value=any_value(kinds, one)) for key, one in value.items()]
            return kinds.AnyValue(kvlist_value=kinds.KeyValueList(values=pairs))
    return kinds.AnyValue()


def parsed(converted: Converted) -> profile_pb2.Profile:
    return profile_pb2.Profile.FromString(converted.pprof)


def labels_of(converted: Converted) -> dict[str, str]:
    labels = dict(converted.labels)
    assert len(labels) == len(converted.labels), "a name twice"
    return labels


def sample_labels(profile: profile_pb2.Profile) -> list[dict[str, str]]:
    strings = profile.string_table
    return [{strings[one.key]: strings[one.str] for one in sample.label} for sample in profile.sample]


def folded(profile: profile_pb2.Profile) -> Folded:
    """Return the sums of a profile of one type by the names of its stacks, root first."""
    functions = {one.id: profile.string_table[one.name] for one in profile.function}
    locations = {one.id: [functions[line.function_id] for line in one.line] for one in profile.location}
    sums: Folded = Counter()
    for sample in profile.sample:
        names = [name for one in sample.location_id for name in locations[one]]
        sums[tuple(reversed(names))] += sample.value[0]
    return sums


def types_of(profile: profile_pb2.Profile) -> tuple[Sequence[str], int]:
    strings = profile.string_table
    (kind,) = profile.sample_type
    return [
        strings[one] for one in (kind.type, kind.unit, profile.period_type.type, profile.period_type.unit)
    ], profile.period
