"""Small pprof profiles, written by the generated messages."""

from __future__ import annotations

from ingest.api.proto import profile_pb2

#: The example of the flame graph encoding: stacks root first.
STACKS = {("a", "b", "e"): 1, ("a", "c"): 2, ("a", "c", "d"): 1}


def pprof(
    stacks: dict[tuple[str, ...], int] | None = None,
    time_ns: int = 0,
    sample_types: tuple[tuple[str, str], ...] = (("cpu", "nanoseconds"),),
    period_type: tuple[str, str] | None = ("cpu", "nanoseconds"),
) -> bytes:
    """Return an uncompressed profile with these stacks (root first) and the same value for every sample type."""
    profile = profile_pb2.Profile(time_nanos=time_ns)
    strings = {"": 0}

    def index(text: str) -> int:
        return strings.setdefault(text, len(strings))

    for name, unit in sample_types:
        profile.sample_type.add(type=index(name), unit=index(unit))
    if period_type is not None:
        profile.period_type.type, profile.period_type.unit = (index(text) for text in period_type)
    functions: dict[str, int] = {}
    for stack, value in (STACKS if stacks is None else stacks).items():
        ids = []
        for name in stack:
            if name not in functions:
                functions[name] = len(functions) + 1
                profile.function.add(id=functions[name], name=index(name))
                profile.location.add(id=functions[name]).line.add(function_id=functions[name])
            ids.append(functions[name])
        profile.sample.add(location_id=ids[::-1], value=[value] * len(sample_types))
    profile.string_table.extend(strings)
    return profile.SerializeToString()
