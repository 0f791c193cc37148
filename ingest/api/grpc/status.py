"""How a gRPC call says what became of it: codes, messages and what else stands in the trailers."""

from __future__ import annotations

import re
from urllib.parse import quote

from ingest.api.connect.errors import ConnectError, invalid
from ingest.api.proto import rpc_status_pb2
from ingest.profiles.reasons import ConnectCode

OK = 0

#: Number of each code in ``grpc-status``.
GRPC_STATUS: dict[ConnectCode, int] = {
    ConnectCode.CANCELED: 1,
    ConnectCode.UNKNOWN: 2,
    ConnectCode.INVALID_ARGUMENT: 3,
    ConnectCode.DEADLINE_EXCEEDED: 4,
    ConnectCode.NOT_FOUND: 5,
    ConnectCode.ALREADY_EXISTS: 6,
    ConnectCode.PERMISSION_DENIED: 7,
    ConnectCode.RESOURCE_EXHAUSTED: 8,
    ConnectCode.FAILED_PRECONDITION: 9,
    ConnectCode.ABORTED: 10,
    ConnectCode.OUT_OF_RANGE: 11,
    ConnectCode.UNIMPLEMENTED: 12,
    ConnectCode.INTERNAL: 13,
    ConnectCode.UNAVAILABLE: 14,
    ConnectCode.DATA_LOSS: 15,
    ConnectCode.UNAUTHENTICATED: 16,
}

#: Longest message, in characters. It is sent twice, percent-encoded and in the details, and clients take 8 KiB of
#: trailers by default: beyond that they report the size of the trailers instead of the error.
MAX_MESSAGE_CHARS = 600
#: Longest value of any other trailer.
_MAX_VALUE_CHARS = 600

#: What a message may hold as it is, by the gRPC specification: printable ASCII but the percent sign.
_UNQUOTED = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])", re.ASCII)
_UNIT_SECONDS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


def message_of(error: ConnectError) -> str:
    """Return the text of an error as it is sent, before it is percent-encoded."""
    message = error.message
    if len(message) > MAX_MESSAGE_CHARS:
        message = message[:MAX_MESSAGE_CHARS] + " …"
    return message.encode("utf-8", "replace").decode()


def percent_encoded(message: str) -> str:
    """Return a message as ``grpc-message`` carries it."""
    return quote(message, safe=_UNQUOTED)


def metadata_of(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers as metadata: names in lower case, values that a header can hold."""
    return [(name.lower(), _clean(value)) for name, value in headers]


def details_of(error: ConnectError) -> bytes | None:
    """Return the google.rpc.Status with the time after which the call is worth repeating, or None without one.

    Exporters of OpenTelemetry repeat ``resource_exhausted`` only when they are told this.
    """
    wait = error.headers.get("Retry-After", "")
    if not (wait.isascii() and wait.isdigit()):
        return None
    retry = rpc_status_pb2.RetryInfo(retry_delay=rpc_status_pb2.Duration(seconds=int(wait)))
    status = rpc_status_pb2.Status(code=GRPC_STATUS[error.code], message=message_of(error))
    status.details.add(type_url=_RETRY_INFO, value=retry.SerializeToString())
    encoded: bytes = status.SerializeToString()
    return encoded


def timeout_seconds(text: str) -> float | None:
    """Return the seconds that ``grpc-timeout`` grants, None when it is not there; raises ``invalid_argument``."""
    if not text:
        return None
    match = _TIMEOUT.fullmatch(text)
    if match is None:
        raise invalid(f"grpc-timeout must be 1 to 8 digits and one of H, M, S, m, u, n; it is {text[:20]!r}.")
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def _clean(value: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in value[:_MAX_VALUE_CHARS]).strip()
