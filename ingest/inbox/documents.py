"""A row of the inbox as a document: what is kept of it, and what people are told.

The document of a row is JSON of these keys; a reader takes what it knows. ``v`` is 1.

| key | holds |
| --- | --- |
| ``verdict``, ``reason`` | words; no reason when all went well |
| ``message`` | a sentence for the sender, when refused or failed |
| ``suspects`` | list of words, see :class:`~ingest.profiles.suspects.Suspect` |
| ``dropped`` | object of counts: what was left out of the last profile |
| ``limit`` | name of the limit that was hit, if one was |
| ``at_ms`` | time of the last push, Unix milliseconds |
| ``door``, ``client``, ``version``, ``user_agent`` | how it came and who sent it |
| ``service_name``, ``profile``, ``labels`` | name of the service and of the profile, and the labels of the series |
| ``language`` | of the program, when it is known |
| ``body_bytes``, ``raw_bytes`` | size of the last request, and of the last profile uncompressed |
| ``samples``, ``series`` | stored of the last profile |
| ``skew_ms`` | by how much the profile's time was behind, negative ahead; absent when it was refused |
"""

from __future__ import annotations

from typing import Any

import msgspec
import xxhash

from ingest.inbox.types import Cause, Latest
from ingest.profiles.pprof.language import Language
from ingest.profiles.reasons import Reason
from ingest.profiles.suspects import Suspect

VERSION = 1
#: Bytes of a document at most; labels go first.
MAX_DOCUMENT_BYTES = 2048
#: Characters of the sentence for the sender.
MAX_MESSAGE_CHARS = 300

#: The limit that a refusal or a loss tells of, as it is called in the settings of a tenant.
LIMIT_OF: dict[str, str] = {
    Reason.RATE_LIMITED: "ingestion_rate_bytes_per_second",
    Reason.NOT_IN_INGESTION_WINDOW: "reject_older_than",
    Reason.MAX_LABEL_NAMES_PER_SERIES: "max_label_names_per_series",
    Reason.LABEL_NAME_TOO_LONG: "max_label_name_length",
    Reason.LABEL_VALUE_TOO_LONG: "max_label_value_length",
    Reason.SERIES_LIMIT: "max_global_series_per_tenant",
    Reason.SAMPLES_LIMIT: "max_profile_stacktrace_samples",
    Reason.PROFILE_SIZE_LIMIT: "max_profile_size_bytes",
    Reason.SAMPLE_LABELS_LIMIT: "max_profile_stacktrace_sample_labels",
    Reason.BODY_SIZE_LIMIT_EXCEEDED: "ingestion_body_limit_bytes",
    Reason.BODY_TOO_LARGE: "ingestion_body_limit_bytes",
    Reason.DECOMPRESSED_TOO_LARGE: "max_decompression_ratio",
    Reason.LABEL_GROUPS_LIMIT: "max_label_groups_per_profile",
    Reason.OUT_OF_ORDER: "out_of_order_window",
    "truncated_stacks": "max_profile_stacktrace_depth",
    "truncated_strings": "max_profile_symbol_value_length",
}

#: What people are told of each word, where the row has no sentence of its own.
WORDS: dict[str, str] = {
    Suspect.NO_SAMPLES: "It came without a single sample: the profiler was not running, or had nothing to report.",
    Suspect.ALL_ZERO: "All its samples count nothing, so nothing was stored. An idle process sends such profiles.",
    Suspect.NO_SYMBOLS: "None of its frames has a function name: symbols were stripped, or nobody resolved them.",
    Suspect.TIME_1970: "Its time lies in 1970: seconds or milliseconds were sent where nanoseconds belong.",
    Suspect.NO_DURATION: "It measures time and does not say over how long, so nothing can be shown per second.",
    Suspect.CLOCK_SKEW: "Its time is far from its arrival: a wrong clock, or an old profile. Look there for it.",
    "truncated_stacks": "Stacks deeper than the limit lost frames on the leaf side.",
    "truncated_strings": "Names longer than the limit lost their beginning.",
    "negative_samples": "Samples with a negative value were left out.",
    "samples_with_unknown_location": "Samples that refer to locations the profile does not have were left out.",
    "zero_samples": "Samples that count nothing were left out.",
    Reason.DROPPED_BY_RELABEL_RULES: "A relabelling rule of the tenant dropped it, or some of its label sets.",
    Reason.EMPTY_PROFILE: "Nothing of it was left to store.",
}


def row_key(cause: Cause) -> str:
    """Return the name of a row within its tenant: 16 hexadecimal digits."""
    parts = (
        cause.door,
        cause.user_agent,
        sorted(cause.labels),
        cause.verdict,
        cause.reason,
        cause.suspects,
        sorted(cause.dropped),
    )
    return xxhash.xxh3_64_hexdigest(repr(parts).encode("utf-8", "surrogatepass"))


def encode_document(cause: Cause, latest: Latest) -> bytes:
    """Return the document of a row, at most MAX_DOCUMENT_BYTES."""
    item = latest.item
    labels = dict(sorted(cause.labels))
    client, version = _client(cause.user_agent, labels)
    document: dict[str, Any] = {
        "v": VERSION,
        "verdict": cause.verdict.value,
        "reason": cause.reason.value if cause.reason is not None else "",
        "message": item.message[:MAX_MESSAGE_CHARS],
        "suspects": [suspect.value for suspect in cause.suspects],
        "dropped": dict(item.dropped),
        "limit": _limit(cause),
        "at_ms": latest.at_ms,
        "door": cause.door,
        "client": client,
        "version": version,
        "user_agent": cause.user_agent,
        "service_name": labels.get("service_name", ""),
        "profile": labels.get("__name__", ""),
        "labels": labels,
        "language": item.language.value if item.language is not Language.UNKNOWN else "",
        "body_bytes": latest.body_bytes,
        "raw_bytes": item.raw_bytes,
        "samples": item.samples,
        "series": item.series_count,
    }
    if item.time_ns:
        document["skew_ms"] = latest.at_ms - item.time_ns // 1_000_000
    encoded = _encode(document)
    while len(encoded) > MAX_DOCUMENT_BYTES and labels:
        labels.popitem()
        encoded = _encode(document)
    if len(encoded) > MAX_DOCUMENT_BYTES:
        encoded = _encode({**document, "message": item.message[:100], "user_agent": "", "client": client[:20]})
    return encoded


def decode_document(data: bytes) -> dict[str, Any] | None:
    """Return the document, or None for one of a version that is not known."""
    try:
        found = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) and found.get("v") == VERSION else None


def words_of(document: dict[str, Any]) -> list[str]:
    """Return what a row tells people, in sentences, the most important first."""
    words = [document["message"]] if document["message"] else []
    reason = document["reason"]
    told = [reason] if not words and reason in WORDS and not document["suspects"] else []
    told += document["suspects"]
    told += [name for name in document["dropped"] if name in WORDS and name != reason and name != "zero_samples"]
    return words + [WORDS[name] for name in told if name in WORDS]


def _client(user_agent: str, labels: dict[str, str]) -> tuple[str, str]:
    """Return who sent it and in which version: as its SDK says, else its user agent, else the agent's old name."""
    if name := labels.get("otel.scope.name"):
        return name, labels.get("otel.scope.version", "")
    if user_agent:
        product, _, version = user_agent.split(" ", 1)[0].partition("/")
        return product, version
    return labels.get("pyroscope_spy", ""), ""


def _limit(cause: Cause) -> str:
    if cause.reason is not None:
        return LIMIT_OF.get(cause.reason, "")
    return next((LIMIT_OF[name] for name in cause.dropped if name in LIMIT_OF), "")


def _encode(document: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:  # a lone surrogate stands for bytes that were no text
        return msgspec.json.encode(_printable(document))


def _printable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_printable(key): _printable(one) for key, one in value.items()}
    return value
