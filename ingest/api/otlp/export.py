"""What an export of OpenTelemetry's profiles comes to, whether it came over HTTP or gRPC.

The protocol knows three outcomes. A *partial success* tells of profiles that are refused for good, so that the sender
does not repeat them, or, with none refused, warns of an export that left nothing behind. As soon as anything failed on
the server's side the whole export is an error that is worth repeating: what was stored is recognised when it comes
again. Pyroscope never fills a partial success in; here a sender is told.
"""

from __future__ import annotations

from ingest import wiring
from ingest.api.connect.errors import MAX_MESSAGE_CHARS, ConnectError, refused
from ingest.api.connect.pusher import push_error
from ingest.api.proto import otlp_pb2
from ingest.api.pushing import PushOrigin, refuse_unread, store
from ingest.distributor.types import Outcome, PushResult, RawSeries
from ingest.profiles.formats.otlp.convert import ConvertedRequest, convert_otlp
from ingest.profiles.formats.otlp.decode import MAX_REQUEST_BYTES
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Reason, Rejection

#: Profiles named in a message; the count in front covers the rest.
_MAX_NAMED = 20


def max_body_bytes(limits: Limits) -> int:
    """Return the largest request of a tenant, before and after decompression."""
    return min(limits.ingestion_body_limit_bytes, MAX_REQUEST_BYTES)


def export(origin: PushOrigin, data: bytes) -> otlp_pb2.ExportProfilesServiceResponse:
    """Store the profiles of an encoded request; raises ConnectError unless something was taken."""
    converted = convert_otlp(data, wiring.get_limits(origin.tenant).max_profile_size_bytes)
    if isinstance(converted, Rejection):
        refuse_unread(origin, converted)
        if converted.reason is Reason.NO_PROFILES:
            return _partial(0, converted.message)
        raise refused(converted)
    _tell_of(origin, converted)
    if converted.profiles:
        result = store(origin, [RawSeries(one.labels, (one.pprof,)) for one in converted.profiles])
        return _answer(converted, result)
    if converted.rejected:
        raise refused(Rejection(converted.rejected[0][1].reason, _described(converted, {})))
    return _partial(0, f"None of the {converted.profile_count} profiles has a sample; there was nothing to store.")


def _tell_of(origin: PushOrigin, converted: ConvertedRequest) -> None:
    """Have metrics and log tell of profiles that could not be read, once for each reason."""
    for rejection in {one.reason: one for _, one in converted.rejected}.values():
        refuse_unread(origin, rejection)


def _answer(converted: ConvertedRequest, result: PushResult) -> otlp_pb2.ExportProfilesServiceResponse:
    if result.request_rejection is not None or result.failed:
        raise push_error(result)
    rejected = {
        converted.sources[item.series]: Rejection(item.reason or Reason.UNKNOWN, item.message)
        for item in result.items
        if item.outcome is Outcome.REJECTED
    }
    stored = any(item.outcome is Outcome.STORED for item in result.items)
    if not rejected and not converted.rejected:
        if stored:
            return otlp_pb2.ExportProfilesServiceResponse()
        return _partial(0, "The profiles were taken, and nothing was left of them to store: all their values are zero.")
    described = _described(converted, rejected)
    if all(item.outcome is Outcome.REJECTED for item in result.items):
        error = push_error(result)
        raise ConnectError(error.code, described, error.headers)
    return _partial(len(rejected.keys() | dict(converted.rejected).keys()), described)


def _partial(count: int, message: str) -> otlp_pb2.ExportProfilesServiceResponse:
    clean = message[:MAX_MESSAGE_CHARS].encode("utf-8", "replace").decode()
    partial = otlp_pb2.ExportProfilesPartialSuccess(rejected_profiles=count, error_message=clean)
    return otlp_pb2.ExportProfilesServiceResponse(partial_success=partial)


def _described(converted: ConvertedRequest, rejected: dict[int, Rejection]) -> str:
    """Return which profiles of a request were refused and why."""
    bad = sorted({**rejected, **dict(converted.rejected)}.items())
    named = [f"profile {number}: {one.reason.value}: {one.message}" for number, one in bad[:_MAX_NAMED]]
    if len(bad) > _MAX_NAMED:
        named.append(f"and {len(bad) - _MAX_NAMED} more")
    return f"{len(bad)} of {converted.profile_count} profiles were not stored: " + "; ".join(named)
