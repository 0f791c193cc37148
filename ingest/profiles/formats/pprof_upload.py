"""pprof as agents send it to ``/ingest``: named by its sample types, and with what old agents got wrong mended.

Mended are: times of the year 1970, from agents that wrote micro- or milliseconds; and function names of scripting
languages, which mean little without their file. Functions whose ids are all 0 and dashes in sample types, both from
.NET agents, are mended at every door (:mod:`ingest.profiles.validate`).
"""

from __future__ import annotations

import msgspec

from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.json_file import decode_json
from ingest.profiles.formats.metric_name import metric_name, sample_types_of
from ingest.profiles.formats.refused import Refused
from ingest.profiles.labels import LABEL_NAME
from ingest.profiles.limits import DAY_NS, Limits
from ingest.profiles.pprof import wire_kernels as wire
from ingest.profiles.pprof.decode import decode_pprof
from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.pprof.rewrite import with_function_names, with_time
from ingest.profiles.reasons import Reason, Rejection

_SPIES_NAMED_BY_FILE = ("pyspy", "rbspy", "scripting")
_PYSPY = "pyspy"
_YEAR_NS = 365 * DAY_NS


class _TypeConfig(msgspec.Struct):
    """What an agent says of one sample type; units, aggregation, cumulative and sampled choose nothing."""

    display_name: str = msgspec.field(default="", name="display-name")


def convert_pprof(data: bytes, type_config: bytes, spy_name: str, from_ns: int, limits: Limits) -> list[Converted]:
    """Return the profile, gzipped or not in ``data``.

    ``type_config`` is the agent's JSON object from the name of a sample type to what it says of it, or empty.
    """
    plain = read_pprof(data, limits)
    decoded = decode_pprof(plain)
    if isinstance(decoded, Rejection):
        raise Refused(decoded)
    configured = decode_json(type_config, dict[str, _TypeConfig]) if type_config else {}
    name = metric_name(sample_types_of(decoded), {key: one.display_name for key, one in configured.items()})
    if spy_name in _SPIES_NAMED_BY_FILE:
        plain = with_function_names(plain, decoded, _pyspy_name if spy_name == _PYSPY else _file_and_name)
    if 0 <= int(decoded.header[wire.TIME_NANOS]) < _YEAR_NS:
        plain = with_time(plain, from_ns)
    return [Converted(((LABEL_NAME, name),), plain)]


def inferred_name(data: bytes, limits: Limits) -> str | Rejection:
    """Return the name for a pprof message, gzipped or not, or why it cannot be read."""
    try:
        decoded = decode_pprof(read_pprof(data, limits))
        return decoded if isinstance(decoded, Rejection) else metric_name(sample_types_of(decoded))
    except Refused as refused:
        return refused.rejection


def read_pprof(data: bytes, limits: Limits) -> bytes:
    """Return the message in ``data``, which may be gzipped."""
    plain = gunzip_bounded(data, limits.max_profile_size_bytes, limits.max_decompression_ratio)
    if isinstance(plain, Rejection):
        # The same refusal that the profile would meet further on.
        over = plain.reason is Reason.DECOMPRESSED_TOO_LARGE
        raise Refused(Rejection(Reason.PROFILE_SIZE_LIMIT, plain.message) if over else plain)
    return plain


def _file_and_name(name: str, filename: str) -> str:
    return f"{filename} {name}" if filename else name


def _pyspy_name(name: str, filename: str) -> str:
    return name if filename.startswith("/") else _file_and_name(name, filename)
