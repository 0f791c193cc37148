"""Which events are read, which of their fields, and which profiles they become; which pools are needed for that.

The names of events and fields are the JDK's (its ``metadata.xml``) and async-profiler's; profile types and units are
those of Pyroscope's Java agent and server, so that its users find the same ones here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, auto

from ingest.profiles.columns import SampleType
from ingest.profiles.formats.jfr import chunk_kernels as chunk
from ingest.profiles.formats.jfr.layouts import Slot, Want


class Pool(IntEnum):
    """The constant pools that are wanted; the kind of their constants in the tables of the kernels."""

    STACK = chunk.STACK_KIND
    METHOD = 2
    CLASS = 3
    SYMBOL = 4
    STATE = 5
    STRING = 6


#: Class of each pool and where its fields go.
POOLS: Mapping[str, tuple[Pool, Mapping[str, Slot]]] = {
    "jdk.types.StackTrace": (
        Pool.STACK,
        {
            "frames": Slot(0, Want.ROWS),
            "frames.method": Slot(chunk.FIRST, Want.REFERENCE),
            "frames.lineNumber": Slot(chunk.SECOND, Want.NUMBER),
        },
    ),
    "jdk.types.Method": (
        Pool.METHOD,
        {"type": Slot(chunk.FIRST, Want.REFERENCE), "name": Slot(chunk.SECOND, Want.REFERENCE)},
    ),
    "java.lang.Class": (Pool.CLASS, {"name": Slot(chunk.FIRST, Want.REFERENCE)}),
    "jdk.types.Symbol": (Pool.SYMBOL, {"string": Slot(chunk.FIRST, Want.TEXT)}),
    "jdk.types.ThreadState": (Pool.STATE, {"name": Slot(chunk.FIRST, Want.TEXT)}),
    "java.lang.String": (Pool.STRING, {"": Slot(chunk.FIRST, Want.TEXT)}),
}


class State(IntEnum):
    """What the thread of a sample did."""

    UNKNOWN = 0  #: the state is not in its pool
    RUNNABLE = 1
    SLEEPING = 2
    OTHER = 3


STATES = {"STATE_RUNNABLE": State.RUNNABLE, "STATE_SLEEPING": State.SLEEPING}


class When(Enum):
    """On which condition an event counts."""

    ALWAYS = auto()
    AWAKE = auto()  #: the state of the thread is known and not sleeping
    WALL_MODE = auto()  #: the profiler's setting ``event`` is ``wall``
    RUNNABLE_IN_WALL_MODE = auto()


@dataclass(frozen=True, slots=True)
class ProfileKind:
    """One profile that a recording becomes."""

    name: str  #: ``__name__``
    sample_types: tuple[SampleType, ...]  #: with two, the first counts events and the second sums their values
    period_type: SampleType
    is_time: bool = False  #: values are samples and become nanoseconds by the sample rate


_NANOSECONDS, _COUNT, _BYTES = "nanoseconds", "count", "bytes"


def _sizes(prefix: str, period_type: SampleType) -> ProfileKind:
    types = SampleType(f"{prefix}_objects", _COUNT), SampleType(f"{prefix}_bytes", _BYTES)
    return ProfileKind("memory", types, period_type)


def _waits(name: str) -> ProfileKind:
    types = SampleType("contentions", _COUNT), SampleType("delay", _NANOSECONDS)
    return ProfileKind(name, types, SampleType(name, _COUNT))


def _time(name: str, kind: str) -> ProfileKind:
    return ProfileKind(name, (SampleType(kind, _NANOSECONDS),), SampleType(kind, _NANOSECONDS), is_time=True)


_SPACE = SampleType("space", _BYTES)
CPU = _time("process_cpu", "cpu")
WALL = _time("wall", "wall")
IN_NEW_TLAB = _sizes("alloc_in_new_tlab", _SPACE)
OUTSIDE_TLAB = _sizes("alloc_outside_tlab", _SPACE)
ALLOC_SAMPLE = _sizes("alloc_sample", _SPACE)
MALLOC = _sizes("malloc", SampleType("", ""))
MUTEX = _waits("mutex")
BLOCK = _waits("block")
LIVE = ProfileKind("memory", (SampleType("live", _COUNT),), SampleType("objects", _COUNT))


@dataclass(frozen=True, slots=True)
class EventType:
    """One class of events."""

    name: str
    feeds: tuple[tuple[ProfileKind, When], ...]
    value_field: str = ""  #: without one the value is 1
    has_labels: bool = False  #: it may carry a context, a span and a trace

    @property
    def slots(self) -> dict[str, Slot]:
        """Where its fields go."""
        wanted = {"stackTrace": Slot(chunk.FIRST, Want.REFERENCE), "state": Slot(chunk.THIRD, Want.REFERENCE)}
        if self.value_field:
            wanted[self.value_field] = Slot(chunk.SECOND, Want.NUMBER)
        if self.has_labels:
            wanted |= _LABEL_SLOTS
        return wanted


_LABEL_SLOTS = {
    "contextId": Slot(chunk.CONTEXT, Want.NUMBER),
    "spanId": Slot(chunk.SPAN, Want.NUMBER),
    "spanName": Slot(chunk.SPAN_NAME, Want.NUMBER),
    "traceIdHi": Slot(chunk.TRACE_HIGH, Want.NUMBER),
    "traceIdLo": Slot(chunk.TRACE_LOW, Want.NUMBER),
}

EVENT_TYPES: tuple[EventType, ...] = (
    EventType("jdk.ExecutionSample", ((CPU, When.AWAKE), (WALL, When.WALL_MODE)), has_labels=True),
    EventType(
        "profiler.WallClockSample",
        ((CPU, When.RUNNABLE_IN_WALL_MODE), (WALL, When.ALWAYS)),
        value_field="samples",
        has_labels=True,
    ),
    EventType("jdk.ObjectAllocationInNewTLAB", ((IN_NEW_TLAB, When.ALWAYS),), "tlabSize", has_labels=True),
    EventType("jdk.ObjectAllocationOutsideTLAB", ((OUTSIDE_TLAB, When.ALWAYS),), "allocationSize", has_labels=True),
    EventType("jdk.ObjectAllocationSample", ((ALLOC_SAMPLE, When.ALWAYS),), "weight"),
    EventType("jdk.JavaMonitorEnter", ((MUTEX, When.ALWAYS),), "duration", has_labels=True),
    EventType("jdk.ThreadPark", ((BLOCK, When.ALWAYS),), "duration"),
    EventType("profiler.LiveObject", ((LIVE, When.ALWAYS),)),
    EventType("profiler.Malloc", ((MALLOC, When.ALWAYS),), "size"),
)

#: The event that holds one setting of the profiler, by its name and value.
SETTING_NAME = "jdk.ActiveSetting"
SETTING_SLOTS = {
    "name": Slot(chunk.FIRST, Want.TEXT),
    "value": Slot(chunk.SECOND, Want.TEXT),
    "id": Slot(chunk.THIRD, Want.NUMBER),  # of the class of events that it is a setting of
}
#: The setting that says what the profiler samples by.
EVENT_SETTING, WALL_SETTING = "event", "wall"
#: The class whose settings say how often it samples, and their names: async-profiler's and the JDK's.
SAMPLE_NAME, INTERVAL_SETTINGS = "jdk.ExecutionSample", ("interval", "period")
