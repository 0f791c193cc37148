"""The file format of speedscope: JSON with a table of frames and any number of evented or sampled profiles.

Described at https://www.speedscope.app/file-format-schema.json. Profiles of one name and unit are parts of one: they
would be the same series at the same time, where equal ones are taken for a repeat of each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.json_file import decode_json
from ingest.profiles.formats.kinds import Meaning, meaning_of, time_meaning_of
from ingest.profiles.formats.parameters import DEFAULT_SAMPLE_RATE
from ingest.profiles.formats.refused import malformed
from ingest.profiles.formats.stack_tree import ROOT, StackTree
from ingest.profiles.labels import LABEL_NAME, LABEL_SERVICE_NAME
from ingest.profiles.limits import SECOND_NS, Limits

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
LABEL_PROFILE_NAME = "profile_name"

_UNIT_NS = {"seconds": SECOND_NS, "milliseconds": 1_000_000, "microseconds": 1_000, "nanoseconds": 1}
_OTHER_UNITS = ("none", "bytes")
#: Beyond this no unit makes an int64 of a number.
_MAX_NUMBER = 1e19

Number = int | float


class _Frame(msgspec.Struct):
    name: str = ""
    file: str | None = None
    line: Number | None = None


class _Event(msgspec.Struct):
    type: str
    frame: int
    at: Number


class _Profile(msgspec.Struct):
    type: str
    unit: str = "none"
    name: str = ""
    end: Number = msgspec.field(default=0, name="endValue")
    samples: list[list[int]] = []
    weights: list[Number] = []
    events: list[_Event] = []


class _Shared(msgspec.Struct):
    frames: list[_Frame] = []


class _File(msgspec.Struct):
    schema: str = msgspec.field(name="$schema")
    profiles: list[_Profile]
    shared: _Shared = msgspec.field(default_factory=_Shared)


@dataclass(frozen=True, slots=True)
class _Part:
    """What profiles that belong together are added to."""

    meaning: Meaning
    tree: StackTree
    frames: list[int]  #: the file's frames in the tree


def convert_speedscope(data: bytes, app: str, sample_rate: int, from_ns: int, limits: Limits) -> list[Converted]:
    """Return one profile for each that the file has, with a label ``profile_name`` when it has a name.

    Values in a unit of time become nanoseconds, exactly; others are as with folded stacks. Of several profiles each
    counts what its unit says, whatever the application's name ends with.
    """
    file = _read(data)
    several = len(file.profiles) > 1
    return _convert(file, lambda unit: _meaning(unit, app, sample_rate, several=several), from_ns, limits)


def convert_speedscope_file(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """Return the profiles of a file that a person brings: all of them count what was said, or what their unit says."""

    def meaning(unit: str) -> Meaning:
        if unit == "bytes":
            return ImportHints(hints.kind).counted("bytes")
        return hints.timed("wall") if _known(unit) in _UNIT_NS else hints.counted()

    return _convert(_read(data), meaning, hints.moment_ns(), limits)


def _read(data: bytes) -> _File:
    file = decode_json(data, _File)
    if file.schema != SCHEMA:
        raise malformed(f"the file has the schema {file.schema[:100]!r}, not that of speedscope")
    return file


def _convert(file: _File, meaning_of_unit: Callable[[str], Meaning], from_ns: int, limits: Limits) -> list[Converted]:
    parts: dict[tuple[str, str], _Part] = {}
    for profile in file.profiles:
        key = (profile.name, profile.unit)
        part = parts.get(key)
        if part is None:
            part = parts[key] = _part(meaning_of_unit(profile.unit), file.shared.frames, limits)
        if profile.type == "evented":
            _read_events(profile, part)
        elif profile.type == "sampled":
            _read_samples(profile, part)
        else:
            raise malformed(f"the profile {profile.name[:100]!r} is neither evented nor sampled")
    return [_converted(key[0], part, from_ns) for key, part in parts.items()]


def _known(unit: str) -> str:
    if unit not in _UNIT_NS and unit not in _OTHER_UNITS:
        raise malformed(f"the unit {unit[:100]!r} is not one of speedscope's")
    return unit


def _meaning(unit: str, app: str, sample_rate: int, *, several: bool) -> Meaning:
    if several and _known(unit) != "none":
        app = f"{app}.{unit}"
    if _known(unit) in _UNIT_NS:
        period_ns = _UNIT_NS[unit] if sample_rate in (0, DEFAULT_SAMPLE_RATE) else SECOND_NS // sample_rate
        return time_meaning_of(app, period_ns)
    return meaning_of(app, sample_rate)


def _part(meaning: Meaning, frames: list[_Frame], limits: Limits) -> _Part:
    tree = StackTree((meaning.sample_type,), limits)
    indexes = [tree.frame(one.name, one.file or "", _line(one.line)) for one in frames]
    return _Part(meaning, tree, indexes)


def _converted(name: str, part: _Part, from_ns: int) -> Converted:
    meaning = part.meaning
    labels = [(LABEL_NAME, meaning.metric_name)]
    if meaning.service:
        labels.append((LABEL_SERVICE_NAME, meaning.service))
    if name:
        labels.append((LABEL_PROFILE_NAME, name))
    return Converted(tuple(labels), part.tree.pprof(meaning.period_type, meaning.period, from_ns))


def _read_samples(profile: _Profile, part: _Part) -> None:
    """Add each sample's weight to its stack, which the file has from the root to the leaf."""
    if len(profile.samples) != len(profile.weights):
        raise malformed(f"{len(profile.samples)} samples have {len(profile.weights)} weights")
    unit_ns = _scale(profile.unit, part.meaning)
    for stack, weight in zip(profile.samples, profile.weights, strict=True):
        node = ROOT
        for index in stack:
            node = part.tree.child(node, _frame(part, index))
        value = _whole(weight, unit_ns) * part.meaning.factor
        if value:
            part.tree.add(node, value)


def _read_events(profile: _Profile, part: _Part) -> None:
    """Add the time between two events to the stack that is open then. Moments are rounded, so sums stay exact."""
    unit_ns = _scale(profile.unit, part.meaning)
    # A node may stand for several frames where the tree was cut, so the frames are kept as well.
    stack: list[tuple[int, int]] = []
    moments = [_whole(event.at, unit_ns) for event in profile.events]
    moments.append(max(_whole(profile.end, unit_ns), moments[-1] if moments else 0))
    for event, (at, following) in zip(profile.events, pairwise(moments), strict=True):
        node = stack[-1][0] if stack else ROOT
        if event.type == "O":
            stack.append((part.tree.child(node, _frame(part, event.frame)), event.frame))
        elif event.type != "C":
            raise malformed(f"an event has the type {event.type[:20]!r}, not O or C")
        elif not stack or stack[-1][1] != event.frame:
            raise malformed(f"an event closes the frame {event.frame}, which is not the one that was opened last")
        else:
            stack.pop()
        if following < at:
            raise malformed("the events are not in the order of time")
        if stack and following > at:
            part.tree.add(stack[-1][0], (following - at) * part.meaning.factor)


def _scale(unit: str, meaning: Meaning) -> int:
    """Return what a number of the file is multiplied by before it is rounded."""
    return _UNIT_NS.get(unit, 1) if meaning.sample_type.unit == "nanoseconds" else 1


def _frame(part: _Part, index: int) -> int:
    if not 0 <= index < len(part.frames):
        raise malformed(f"the frame {index} is not among the {len(part.frames)} of the file")
    return part.frames[index]


def _line(line: Number | None) -> int:
    return int(line) if line is not None and abs(line) < _MAX_NUMBER else 0


def _whole(number: Number, scale: int) -> int:
    if abs(number) > _MAX_NUMBER:
        raise malformed(f"the number {number} is out of range")
    return number * scale if isinstance(number, int) else round(number * scale)
