"""The rules a pushed profile must keep, in the order in which they are judged.

1. it decodes and has a sample type; 2. its time lies within the ingestion window; 3. its size; 4. its number of
samples; 5. (stacks that are too deep are cut later, which refuses nothing); 6. labels of each sample; 7. strings that
are too long are cut to their last bytes, at a character; 8. no location and no function has id 0, and each sample has a
value for each sample type; 9. the first string is empty and string indices are in range; 10. sample types can be told
apart; 11. strings are UTF-8. Only the size is known before decoding, so it is judged first where it can be.

The rules and their order are Pyroscope's with three deviations, each kinder to the sender and losing nothing: the cut
of a long string moves to the next character, where Pyroscope's leaves a damaged character that it then refuses; a dash
in a sample type is replaced (see :mod:`ingest.profiles.pprof.normalize`), where Pyroscope refuses; and functions that
all have id 0, as early .NET profilers sent them, are numbered like the locations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import U64
from ingest.profiles.limits import Limits
from ingest.profiles.pprof import check_kernels as check
from ingest.profiles.pprof import wire_kernels as wire
from ingest.profiles.pprof.decode import Decoded
from ingest.profiles.pprof.digest_kernels import digest_strings
from ingest.profiles.reasons import Reason, Rejection

#: Each sample type is a series. Profilers send up to about 15.
MAX_SAMPLE_TYPES = 256


@dataclass(frozen=True, slots=True)
class Checked:
    """What the rules leave of a decoded profile besides its tables, which may have been mended in place."""

    time_ns: int  #: the profile's own time, or now when it has none
    string_digests: U64  #: uint64[S, 2]
    truncated_strings: int
    raw_bytes: int  #: of the message, uncompressed


def check_size(size_bytes: int, limits: Limits) -> Rejection | None:
    """Judge the uncompressed size of a profile."""
    if size_bytes <= limits.max_profile_size_bytes:
        return None
    return Rejection(
        Reason.PROFILE_SIZE_LIMIT,
        f"the profile has more than {limits.max_profile_size_bytes} bytes uncompressed (max_profile_size_bytes)",
    )


def check_profile(decoded: Decoded, limits: Limits, now_ns: int) -> Checked | Rejection:
    """Judge a decoded profile; cuts long strings and mends function ids in its tables."""
    time_ns = int(decoded.header[wire.TIME_NANOS])
    if not 0 < decoded.type_count <= MAX_SAMPLE_TYPES:
        return _malformed(f"it has {decoded.type_count} sample types, 1 to {MAX_SAMPLE_TYPES} are allowed")
    rejection = (
        _check_window(time_ns, limits, now_ns)
        or check_size(len(decoded.raw), limits)
        or _check_sample_count(decoded.sample_count, limits)
    )
    if rejection is not None:
        return rejection
    report = np.zeros(3, np.int64)
    status = check.check_records(
        decoded.raw,
        decoded.types,
        decoded.samples,
        decoded.labels,
        decoded.mappings,
        decoded.locations,
        decoded.functions,
        decoded.strings,
        limits.max_profile_stacktrace_sample_labels,
        limits.max_profile_symbol_value_length,
        report,
    )
    if status != check.OK:
        return _broken_rule(status, int(report[check.INDEX]), int(report[check.NUMBER]), decoded, limits)
    digests = np.empty((len(decoded.strings), 2), np.uint64)
    damaged = digest_strings(decoded.raw, decoded.strings, digests)
    if damaged >= 0:
        return _malformed(f"string {damaged} is invalid UTF-8")
    return Checked(time_ns if time_ns > 0 else now_ns, digests, int(report[check.TRUNCATED_STRINGS]), len(decoded.raw))


def _check_window(time_ns: int, limits: Limits, now_ns: int) -> Rejection | None:
    """Judge the time of a profile; both bounds are exclusive, a profile without a time is taken as of now."""
    if time_ns <= 0:
        return None
    oldest = now_ns - limits.reject_older_than_ns if limits.reject_older_than_ns else -1
    newest = now_ns + limits.reject_newer_than_ns if limits.reject_newer_than_ns else time_ns + 1
    if oldest < time_ns < newest:
        return None
    bounds = f"({oldest if limits.reject_older_than_ns else '-'}, {newest if limits.reject_newer_than_ns else '-'})"
    return Rejection(
        Reason.NOT_IN_INGESTION_WINDOW,
        f"the profile's time {time_ns} ns is outside of the ingestion window {bounds} ns "
        "(reject_older_than, reject_newer_than)",
    )


def _check_sample_count(count: int, limits: Limits) -> Rejection | None:
    """Judge the number of samples as sent."""
    if count <= limits.max_profile_stacktrace_samples:
        return None
    return Rejection(
        Reason.SAMPLES_LIMIT,
        f"the profile has {count} samples, at most {limits.max_profile_stacktrace_samples} are allowed "
        "(max_profile_stacktrace_samples)",
    )


def _broken_rule(status: int, index: int, number: int, decoded: Decoded, limits: Limits) -> Rejection:
    """Return the refusal for a rule that the tables break."""
    if status == check.SAMPLE_LABELS:
        return Rejection(
            Reason.SAMPLE_LABELS_LIMIT,
            f"sample {index} has {number} labels, at most {limits.max_profile_stacktrace_sample_labels} are allowed "
            "(max_profile_stacktrace_sample_labels)",
        )
    strings = len(decoded.strings)
    messages = {
        check.ZERO_LOCATION_ID: f"location {index} has id 0",
        check.ZERO_FUNCTION_ID: f"function {index} has id 0",
        check.VALUE_COUNT: f"sample {index} has {number} values for {decoded.type_count} sample types",
        check.FIRST_STRING: "the first string is not empty",
        check.TYPE_STRING: f"sample type {index} names string {number} of {strings}",
        check.LABEL_STRING: f"label {index} names string {number} of {strings}",
        check.MAPPING_STRING: f"mapping {index} names string {number} of {strings}",
        check.FUNCTION_STRING: f"function {index} names string {number} of {strings}",
    }
    return _malformed(messages[status])


def _malformed(why: str) -> Rejection:
    """Return the refusal of a profile that breaks the format."""
    return Rejection(Reason.MALFORMED_PROFILE, f"malformed profile: {why}")
