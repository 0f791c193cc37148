"""Any file in a known format as profiles: for uploads by people, who need not say what they bring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.profiles.formats.convert import read_text
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.cpuprofile import convert_cpuprofile
from ingest.profiles.formats.detect import FileFormat, detect
from ingest.profiles.formats.gecko import convert_gecko
from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.formats.jfr.convert import convert_jfr_file
from ingest.profiles.formats.memray import convert_memray_csv, convert_memray_json
from ingest.profiles.formats.otlp.convert import convert_otlp
from ingest.profiles.formats.pprof_upload import convert_pprof
from ingest.profiles.formats.pstats_file import convert_pstats
from ingest.profiles.formats.pyinstrument import convert_pyinstrument
from ingest.profiles.formats.python_stacks import convert_austin, convert_collapsed
from ingest.profiles.formats.refused import Refused, malformed
from ingest.profiles.formats.speedscope import convert_speedscope_file
from ingest.profiles.limits import Limits
from ingest.profiles.pprof.rewrite import with_time
from ingest.profiles.reasons import Reason, Rejection

#: What some editors and shells put before text; no other format begins like this.
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What a file held."""

    format: FileFormat
    profiles: list[Converted]


def import_file(data: bytes, hints: ImportHints, limits: Limits, named: str = "") -> ImportedFile | Rejection:
    """Return the profiles of a file, gzipped or not, or why it cannot be read.

    ``named`` is its format where somebody knows better than its content says. What the content made it be taken for is
    part of the refusal of a file that breaks that format: it may be another's.
    """
    taken_for = ""
    try:
        plain = read_text(data, limits).removeprefix(_UTF8_MARK)
        chosen = _named(named) if named else detect(plain)
        taken_for = "" if named else chosen.value
        return ImportedFile(chosen, _CONVERTERS[chosen](plain, hints, limits))
    except Refused as refused:
        return _told(refused.rejection, taken_for)


def _told(rejection: Rejection, taken_for: str) -> Rejection:
    if not taken_for or rejection.reason is not Reason.MALFORMED_PROFILE:
        return rejection
    return Rejection(rejection.reason, f"this looks like {taken_for}, but {rejection.message}")


def _named(name: str) -> FileFormat:
    try:
        return FileFormat(name)
    except ValueError:
        raise malformed(f"the format {name[:50]!r} is not known; these are read: {', '.join(FileFormat)}") from None


def _pprof(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    (one,) = convert_pprof(data, b"", "", hints.moment_ns(), limits)
    return [Converted(one.labels, with_time(one.pprof, hints.time_ns) if hints.time_ns else one.pprof)]


def _otlp(data: bytes, hints: ImportHints, limits: Limits) -> list[Converted]:
    """A file is kept whole or not at all: nobody would be told of the profiles that are missing."""
    request = convert_otlp(data, limits.max_profile_size_bytes)
    if isinstance(request, Rejection):
        raise Refused(request)
    for _, rejection in request.rejected:
        raise Refused(rejection)
    if not hints.time_ns:
        return list(request.profiles)
    return [Converted(one.labels, with_time(one.pprof, hints.time_ns)) for one in request.profiles]


_CONVERTERS: dict[FileFormat, Callable[[bytes, ImportHints, Limits], list[Converted]]] = {
    FileFormat.PPROF: _pprof,
    FileFormat.COLLAPSED: convert_collapsed,
    FileFormat.AUSTIN: convert_austin,
    FileFormat.SPEEDSCOPE: convert_speedscope_file,
    FileFormat.PSTATS: convert_pstats,
    FileFormat.MEMRAY_CSV: convert_memray_csv,
    FileFormat.MEMRAY_JSON: convert_memray_json,
    FileFormat.PYINSTRUMENT: convert_pyinstrument,
    FileFormat.CPUPROFILE: convert_cpuprofile,
    FileFormat.GECKO: convert_gecko,
    FileFormat.JFR: convert_jfr_file,
    FileFormat.OTLP: _otlp,
}
