"""Reads what converters made, with google.protobuf and nothing of the project's own decoder."""

from __future__ import annotations

from collections import Counter

from ingest.api.proto import profile_pb2
from ingest.profiles.formats.converted import Converted


def profile_of(converted: Converted) -> profile_pb2.Profile:
    return profile_pb2.Profile.FromString(converted.pprof)


def types_of(converted: Converted) -> list[tuple[str, str]]:
    profile = profile_of(converted)
    return [(profile.string_table[one.type], profile.string_table[one.unit]) for one in profile.sample_type]


def folded(converted: Converted, column: int = 0) -> Counter[str]:
    """Return the values by folded stack, from the root to the leaf."""
    profile = profile_of(converted)
    names = {one.id: profile.string_table[one.name] for one in profile.function}
    lines = {one.id: [names[line.function_id] for line in one.line] for one in profile.location}
    stacks: Counter[str] = Counter()
    for sample in profile.sample:
        frames = [name for ident in sample.location_id for name in lines[ident]]
        stacks[";".join(reversed(frames))] += sample.value[column]
    return stacks


def frames_of(converted: Converted) -> set[tuple[str, str, int]]:
    """Return every frame as (name, file, line)."""
    profile = profile_of(converted)
    functions = {one.id: one for one in profile.function}
    text = profile.string_table
    return {
        (text[functions[line.function_id].name], text[functions[line.function_id].filename], line.line)
        for one in profile.location
        for line in one.line
    }
