"""The body of a request to ``/ingest``, whatever its format, as profiles with the labels of their series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ingest.profiles.formats.binary_tree import read_tree, read_trie
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.folded import read_groups, read_lines
from ingest.profiles.formats.jfr.convert import convert_jfr
from ingest.profiles.formats.kinds import meaning_of
from ingest.profiles.formats.parameters import BodyFormat, IngestParameters
from ingest.profiles.formats.pprof_upload import convert_pprof
from ingest.profiles.formats.refused import Refused, malformed
from ingest.profiles.formats.speedscope import convert_speedscope
from ingest.profiles.formats.stack_tree import StackTree
from ingest.profiles.labels import LABEL_DELTA, LABEL_NAME, LABEL_SERVICE_NAME
from ingest.profiles.limits import Limits
from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.reasons import Rejection

#: Bytes of text per byte a profile may have: stacks are longer as text than as pprof.
TEXT_BYTES_PER_BYTE = 8

_LABEL_SPY = "pyroscope_spy"
_RECORDING, _LABELS = "jfr", "labels"
_PROFILE, _PREV_PROFILE, _TYPE_CONFIG = "profile", "prev_profile", "sample_type_config"

#: Parts of a form by their names; a body that is no form is the part "".
Parts = Mapping[str, bytes]


def convert_body(
    body_format: BodyFormat, parts: Parts, parameters: IngestParameters, limits: Limits
) -> list[Converted] | Rejection:
    """Return the profiles of a body, with every label of their series, or why it cannot be read."""
    try:
        converted = _convert(body_format, parts, parameters, limits)
    except Refused as refused:
        return refused.rejection
    return [replace(one, labels=_series_labels(one, parameters)) for one in converted]


def _convert(body_format: BodyFormat, parts: Parts, parameters: IngestParameters, limits: Limits) -> list[Converted]:
    body = parts.get("", b"")
    match body_format:
        case BodyFormat.FORM:
            return _convert_form(parts, parameters, limits)
        case BodyFormat.PPROF:
            return convert_pprof(body, b"", parameters.spy_name, parameters.from_ns, limits)
        case BodyFormat.JFR:
            return _convert_recording(parts, parameters, limits)
        case BodyFormat.SPEEDSCOPE:
            text = read_text(body, limits)
            return convert_speedscope(text, parameters.app.app, parameters.sample_rate, parameters.from_ns, limits)
        case _:
            return [_convert_stacks(body_format, body, parameters, limits)]


def _convert_form(parts: Parts, parameters: IngestParameters, limits: Limits) -> list[Converted]:
    if _PREV_PROFILE in parts:
        raise malformed("the form has a prev_profile: agents that leave the difference to the server are too old")
    if _PROFILE not in parts:
        raise malformed("the form has no part named profile")
    return convert_pprof(parts[_PROFILE], parts.get(_TYPE_CONFIG, b""), parameters.spy_name, parameters.from_ns, limits)


def _convert_recording(parts: Parts, parameters: IngestParameters, limits: Limits) -> list[Converted]:
    """A form has the labels beside the recording; a body that is no form is the recording."""
    recording = parts.get(_RECORDING, parts.get(""))
    if recording is None:
        raise malformed("the form has no part named jfr")
    return convert_jfr(recording, parts.get(_LABELS, b""), parameters, limits)


def _convert_stacks(body_format: BodyFormat, body: bytes, parameters: IngestParameters, limits: Limits) -> Converted:
    meaning = meaning_of(parameters.app.app, parameters.sample_rate)
    tree = StackTree((meaning.sample_type,), limits)
    text = read_text(body, limits)
    match body_format:
        case BodyFormat.TRIE:
            read_trie(text, tree, meaning.factor, limits)
        case BodyFormat.TREE:
            read_tree(text, tree, meaning.factor, limits)
        case BodyFormat.LINES:
            read_lines(text, tree, meaning.factor)
        case _:
            read_groups(text, tree, meaning.factor)
    labels = ((LABEL_NAME, meaning.metric_name), (LABEL_SERVICE_NAME, meaning.service))
    return Converted(labels, tree.pprof(meaning.period_type, meaning.period, parameters.from_ns))


def read_text(body: bytes, limits: Limits) -> bytes:
    """Return a body that is no pprof, unpacked when it is gzip: nothing else begins with its two bytes."""
    plain = gunzip_bounded(body, TEXT_BYTES_PER_BYTE * limits.max_profile_size_bytes, limits.max_decompression_ratio)
    if isinstance(plain, Rejection):
        raise Refused(plain)
    return plain


def _series_labels(converted: Converted, parameters: IngestParameters) -> tuple[tuple[str, str], ...]:
    """Return the labels of a series: what the file says, the server's own, and above them what the user chose."""
    own = dict(converted.labels)
    service = own.pop(LABEL_SERVICE_NAME, parameters.app.app)
    chosen = dict(parameters.app.series_labels(service))
    return tuple({**own, LABEL_DELTA: "false", _LABEL_SPY: parameters.spy_name, **chosen}.items())
