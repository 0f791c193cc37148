"""Names of OpenTelemetry's profiles: what they measure decides, for a profile itself has none."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.profiles.columns import SampleType
from ingest.profiles.profile_type import SEPARATOR

#: Sample types that other clients send under these names, so that dashboards find them.
_KNOWN = {
    "cpu": "process_cpu",
    "off_cpu": "off_cpu",
    "wall": "wall",
    "alloc_objects": "memory",
    "alloc_space": "memory",
    "inuse_objects": "memory",
    "inuse_space": "memory",
    "goroutine": "goroutines",
}
#: On-CPU samples as OpenTelemetry's eBPF profiler takes them: how often a stack was seen.
_CPU_SAMPLES = (SampleType("samples", "count"), SampleType("cpu", "nanoseconds"))
_CPU = SampleType("cpu", "nanoseconds")
_NONE = SampleType("", "")


@dataclass(frozen=True, slots=True)
class Naming:
    """What a profile is called here."""

    name: str  #: ``__name__``
    sample_type: SampleType
    period_type: SampleType
    period: int
    is_counted_in_periods: bool = False  #: values are to be multiplied by the period


def name_profile(sample_type: SampleType, period_type: SampleType, period: int) -> Naming:
    """Return the name of a profile; a period of 0 is none.

    Samples counted in periods of CPU time become that time, as from all other profilers. Otherwise the name is what the
    sample type is known under, else its period type, else the sample type itself. Colons, which separate the parts of a
    profile type, become underscores.
    """
    if period == 0:
        period_type = _NONE
    if (sample_type, period_type) == _CPU_SAMPLES and period > 0:
        return Naming("process_cpu", _CPU, _CPU, period, is_counted_in_periods=True)
    sample_type, period_type = _without_separators(sample_type), _without_separators(period_type)
    name = _KNOWN.get(sample_type.name) or period_type.name or sample_type.name
    return Naming(name, sample_type, period_type, period)


def _without_separators(kind: SampleType) -> SampleType:
    return SampleType(kind.name.replace(SEPARATOR, "_"), kind.unit.replace(SEPARATOR, "_"))
