"""Why something was refused: one code that is at once error code, metric label, inbox column and HTTP status.

A refusal the caller branches on is a :class:`Rejection` value, not an exception. Its reason decides the Connect code
and the Connect code decides the HTTP status, so an error looks the same on every route. What each reason means to the
person who meets it is written in ``docs/reasons.md``; a test keeps that page, these tables and the enum in step.

The codes up to ``out_of_order`` are those of Pyroscope and Phlare, spelled alike so that dashboards and alerts carry
over. Of theirs two are missing, because nothing here raises them: ``ingest_limit_reached`` and
``dropped_by_sampling_rules``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ConnectCode(StrEnum):
    """The sixteen error codes of the Connect protocol."""

    CANCELED = "canceled"
    UNKNOWN = "unknown"
    INVALID_ARGUMENT = "invalid_argument"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    NOT_FOUND = "not_found"
    ALREADY_EXISTS = "already_exists"
    PERMISSION_DENIED = "permission_denied"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    FAILED_PRECONDITION = "failed_precondition"
    ABORTED = "aborted"
    OUT_OF_RANGE = "out_of_range"
    UNIMPLEMENTED = "unimplemented"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    DATA_LOSS = "data_loss"
    UNAUTHENTICATED = "unauthenticated"


#: HTTP status of each Connect code, as connect-go 1.19 sends it.
HTTP_STATUS: dict[ConnectCode, int] = {
    ConnectCode.CANCELED: 499,
    ConnectCode.UNKNOWN: 500,
    ConnectCode.INVALID_ARGUMENT: 400,
    ConnectCode.DEADLINE_EXCEEDED: 504,
    ConnectCode.NOT_FOUND: 404,
    ConnectCode.ALREADY_EXISTS: 409,
    ConnectCode.PERMISSION_DENIED: 403,
    ConnectCode.RESOURCE_EXHAUSTED: 429,
    ConnectCode.FAILED_PRECONDITION: 400,
    ConnectCode.ABORTED: 409,
    ConnectCode.OUT_OF_RANGE: 400,
    ConnectCode.UNIMPLEMENTED: 501,
    ConnectCode.INTERNAL: 500,
    ConnectCode.UNAVAILABLE: 503,
    ConnectCode.DATA_LOSS: 500,
    ConnectCode.UNAUTHENTICATED: 401,
}


class Reason(StrEnum):
    """Why a profile, a request or a query was refused or left out."""

    UNKNOWN = "unknown"
    INVALID_LABELS = "invalid_labels"
    MISSING_LABELS = "missing_labels"
    RATE_LIMITED = "rate_limited"
    NOT_IN_INGESTION_WINDOW = "not_in_ingestion_window"
    MAX_LABEL_NAMES_PER_SERIES = "max_label_names_per_series"
    LABEL_NAME_TOO_LONG = "label_name_too_long"
    LABEL_VALUE_TOO_LONG = "label_value_too_long"
    DUPLICATE_LABEL_NAMES = "duplicate_label_names"
    SERIES_LIMIT = "series_limit"
    QUERY_LIMIT = "query_limit"
    SAMPLES_LIMIT = "samples_limit"
    PROFILE_SIZE_LIMIT = "profile_size_limit"
    SAMPLE_LABELS_LIMIT = "sample_labels_limit"
    MALFORMED_PROFILE = "malformed_profile"
    FLAMEGRAPH_LIMIT = "flamegraph_limit"
    MISSING_TIME_RANGE = "missing_time_range"
    INVALID_TIME_RANGE = "invalid_time_range"
    BODY_SIZE_LIMIT_EXCEEDED = "body_size_limit_exceeded"
    DROPPED_BY_RELABEL_RULES = "dropped_by_relabel_rules"
    OUT_OF_ORDER = "out_of_order"

    BAD_GZIP = "bad_gzip"
    BODY_TOO_LARGE = "body_too_large"
    DECOMPRESSED_TOO_LARGE = "decompressed_too_large"
    LABEL_GROUPS_LIMIT = "label_groups_limit"
    EMPTY_PROFILE = "empty_profile"
    NO_PROFILES = "no_profiles"
    BAD_REQUEST = "bad_request"
    BAD_SELECTOR = "bad_selector"
    UNSUPPORTED_MEDIA = "unsupported_media"
    UNSUPPORTED_ENCODING = "unsupported_encoding"
    MISSING_TENANT = "missing_tenant"
    BAD_TENANT = "bad_tenant"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    INGESTER_UNAVAILABLE = "ingester_unavailable"
    DEADLINE = "deadline"
    REDIS_FULL = "redis_full"
    DATABASE_UNAVAILABLE = "database_unavailable"
    INSTANCE_ALIVE = "instance_alive"
    NO_ANSWER = "no_answer"
    NOT_FINISHED = "not_finished"
    INTERNAL = "internal"


#: Connect code of each reason. Permanent problems must be ``invalid_argument``: agents retry what ``internal``,
#: ``unavailable``, ``unknown`` and ``resource_exhausted`` report, up to ten times.
CONNECT_CODE: dict[Reason, ConnectCode] = {
    Reason.UNKNOWN: ConnectCode.UNKNOWN,
    Reason.INVALID_LABELS: ConnectCode.INVALID_ARGUMENT,
    Reason.MISSING_LABELS: ConnectCode.INVALID_ARGUMENT,
    Reason.RATE_LIMITED: ConnectCode.RESOURCE_EXHAUSTED,
    Reason.NOT_IN_INGESTION_WINDOW: ConnectCode.INVALID_ARGUMENT,
    Reason.MAX_LABEL_NAMES_PER_SERIES: ConnectCode.INVALID_ARGUMENT,
    Reason.LABEL_NAME_TOO_LONG: ConnectCode.INVALID_ARGUMENT,
    Reason.LABEL_VALUE_TOO_LONG: ConnectCode.INVALID_ARGUMENT,
    Reason.DUPLICATE_LABEL_NAMES: ConnectCode.INVALID_ARGUMENT,
    Reason.SERIES_LIMIT: ConnectCode.RESOURCE_EXHAUSTED,
    Reason.QUERY_LIMIT: ConnectCode.INVALID_ARGUMENT,
    Reason.SAMPLES_LIMIT: ConnectCode.INVALID_ARGUMENT,
    Reason.PROFILE_SIZE_LIMIT: ConnectCode.INVALID_ARGUMENT,
    Reason.SAMPLE_LABELS_LIMIT: ConnectCode.INVALID_ARGUMENT,
    Reason.MALFORMED_PROFILE: ConnectCode.INVALID_ARGUMENT,
    Reason.FLAMEGRAPH_LIMIT: ConnectCode.INVALID_ARGUMENT,
    Reason.MISSING_TIME_RANGE: ConnectCode.INVALID_ARGUMENT,
    Reason.INVALID_TIME_RANGE: ConnectCode.INVALID_ARGUMENT,
    Reason.BODY_SIZE_LIMIT_EXCEEDED: ConnectCode.INVALID_ARGUMENT,
    Reason.DROPPED_BY_RELABEL_RULES: ConnectCode.INVALID_ARGUMENT,
    Reason.OUT_OF_ORDER: ConnectCode.INVALID_ARGUMENT,
    Reason.BAD_GZIP: ConnectCode.INVALID_ARGUMENT,
    Reason.BODY_TOO_LARGE: ConnectCode.RESOURCE_EXHAUSTED,
    Reason.DECOMPRESSED_TOO_LARGE: ConnectCode.INVALID_ARGUMENT,
    Reason.LABEL_GROUPS_LIMIT: ConnectCode.INVALID_ARGUMENT,
    Reason.EMPTY_PROFILE: ConnectCode.INVALID_ARGUMENT,
    Reason.NO_PROFILES: ConnectCode.INVALID_ARGUMENT,
    Reason.BAD_REQUEST: ConnectCode.INVALID_ARGUMENT,
    Reason.BAD_SELECTOR: ConnectCode.INVALID_ARGUMENT,
    Reason.UNSUPPORTED_MEDIA: ConnectCode.INVALID_ARGUMENT,
    Reason.UNSUPPORTED_ENCODING: ConnectCode.UNIMPLEMENTED,
    Reason.MISSING_TENANT: ConnectCode.UNAUTHENTICATED,
    Reason.BAD_TENANT: ConnectCode.INVALID_ARGUMENT,
    Reason.UNAUTHENTICATED: ConnectCode.UNAUTHENTICATED,
    Reason.FORBIDDEN: ConnectCode.PERMISSION_DENIED,
    Reason.NOT_FOUND: ConnectCode.NOT_FOUND,
    Reason.INGESTER_UNAVAILABLE: ConnectCode.UNAVAILABLE,
    # The write may still succeed on its replicas; 503 (not 504) because every client and proxy retries 503.
    Reason.DEADLINE: ConnectCode.UNAVAILABLE,
    # Not resource_exhausted: the tenant did nothing wrong, and some agents do not retry 429.
    Reason.REDIS_FULL: ConnectCode.UNAVAILABLE,
    Reason.DATABASE_UNAVAILABLE: ConnectCode.UNAVAILABLE,
    Reason.INSTANCE_ALIVE: ConnectCode.ALREADY_EXISTS,
    Reason.NO_ANSWER: ConnectCode.DEADLINE_EXCEEDED,
    Reason.NOT_FINISHED: ConnectCode.UNAVAILABLE,
    Reason.INTERNAL: ConnectCode.INTERNAL,
}

#: Reasons whose HTTP status is not that of their Connect code: the protocol answers a wrong media type below its own
#: errors.
_HTTP_STATUS_OVERRIDES: dict[Reason, int] = {Reason.UNSUPPORTED_MEDIA: 415}


def http_status(reason: Reason) -> int:
    """Return the HTTP status that reports ``reason`` on every route that has no convention of its own."""
    override = _HTTP_STATUS_OVERRIDES.get(reason)
    return HTTP_STATUS[CONNECT_CODE[reason]] if override is None else override


def is_client_error(reason: Reason) -> bool:
    """Return whether the sender must change something (4xx); otherwise the same request may succeed later."""
    return http_status(reason) < 500


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refusal: the reason, and one sentence for the person who has to act on it."""

    reason: Reason
    message: str
