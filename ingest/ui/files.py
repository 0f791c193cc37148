"""What the page for files says of them: the formats that are read, who writes them, and what values may count."""

from __future__ import annotations

from typing import Any

from ingest.profiles.formats.convert import TEXT_BYTES_PER_BYTE
from ingest.profiles.formats.detect import FileFormat
from ingest.profiles.formats.kinds import KIND_OF_SUFFIX

#: Who writes each format, as docs/formats.md has it.
WRITTEN_BY = {
    FileFormat.PPROF: "Go, most agents",
    FileFormat.COLLAPSED: "py-spy -f raw, FlameGraph, Python's profiling.sampling",
    FileFormat.AUSTIN: "austin up to 3, mojo2austin of 4",
    FileFormat.SPEEDSCOPE: "py-spy -f speedscope, pyinstrument, speedscope itself",
    FileFormat.PSTATS: "cProfile",
    FileFormat.MEMRAY_CSV: "memray transform csv",
    FileFormat.MEMRAY_JSON: "memray transform gprof2dot",
    FileFormat.PYINSTRUMENT: "pyinstrument -r pyisession",
    FileFormat.CPUPROFILE: "Node --cpu-prof, Chrome",
    FileFormat.GECKO: "Python's profiling.sampling --gecko",
    FileFormat.JFR: "async-profiler, the JDK, pyroscope-java",
    FileFormat.OTLP: "OpenTelemetry Collector, its eBPF profiler",
}


def file_context() -> dict[str, Any]:
    """Return what the template needs."""
    return {
        "formats": [(one.value, WRITTEN_BY[one]) for one in FileFormat],
        "kinds": sorted(KIND_OF_SUFFIX),
        "text_factor": TEXT_BYTES_PER_BYTE,
    }
