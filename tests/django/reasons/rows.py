"""Every reason once: what leads to it, and what is answered, counted and told.

Columns: the reason; its Connect code; the number of its gRPC status; the HTTP status of each door that can meet it; how
much of it the metric counts for the tenant, by pushed profile or request; the verdict of the push inbox, if it is told
there; and the input.
"""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from ingest import wiring
from ingest.adapters.redis_memory import PUSHES_BELOW, RedisMemory
from ingest.administration.types import Outcome as ActionOutcome
from ingest.administration.types import Result
from ingest.distributor.types import ItemResult, Outcome, PushResult, RawSeries
from ingest.profiles.limits import HOUR_NS
from ingest.profiles.reasons import Reason
from ingest.storage.acks import AckCode
from tests.django.reasons.scene import PUSH, TENANT, Answers, Labels, Scene
from tests.integration.cluster.marked_profiles import marked_profile
from tests.unit.distributor.scripted_ingesters import NOW_NS, always
from tests.unit.profiles.pprof.pprof_model import Profile, Sample

NAMED: Labels = (("__name__", "process_cpu"), ("service_name", "web"))
NOW_MS = NOW_NS // 1_000_000
#: A profile that is large and compresses well.
LARGE = Profile([Sample((("f" * 5000, "a", 1),), (1,))]).encode()
TWO = Profile([Sample(((name, "a", 1),), (1,), (("route", name),)) for name in ("f", "g")]).encode()
GOOD = marked_profile("mark-reason", NOW_NS)
RING = "/api/v1/ring/instances"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    reason: Reason
    code: str
    grpc: int
    statuses: Mapping[str, int]  #: by door
    counted: int  #: by the metric of discarded profiles, over all doors together
    inbox: str  #: verdict there; empty when it is no push of a known tenant
    send: Callable[[Scene], Answers]
    input: str


def everywhere(status: int) -> dict[str, int]:
    return {"connect": status, "grpc": 200, "rest": status}


def pushed(labels: Labels, *profiles: bytes, **limits: object) -> Callable[[Scene], Answers]:
    def send(scene: Scene) -> Answers:
        scene.set_limits(**limits)
        return scene.push(labels, *profiles)

    return send


def asked(start_ms: int, end_ms: int, more: str = "", rest: str = "") -> Callable[[Scene], Answers]:
    """Ask for a flame graph; ``rest`` are further parameters of its address, ``-`` where REST cannot ask so."""
    type_id = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
    body = f'{{"profileTypeID": "{type_id}", "labelSelector": "{{}}", "start": "{start_ms}", "end": "{end_ms}"{more}}}'
    path = f"/api/v1/flamegraph?query={type_id}{{}}&from={start_ms}&until={end_ms}{rest}"
    return lambda scene: scene.query("SelectMergeStacktraces", body.encode(), "" if rest == "-" else path)


def used_up(scene: Scene) -> Answers:
    scene.set_limits(ingestion_rate_bytes_per_second=1000, ingestion_burst_bytes=100_000)
    scene.lender.levels[TENANT] = (0, scene.clock.seconds)
    return scene.push(NAMED, GOOD)


def no_room_for_series(scene: Scene) -> Answers:
    scene.set_limits(max_global_series_per_tenant=1)
    scene.registry.last_window[(TENANT, 1)] = int(scene.clock.seconds // 600)
    return scene.push(NAMED, GOOD)


def with_header(name: str, value: str, body: bytes = b"") -> Callable[[Scene], Answers]:
    def send(scene: Scene) -> Answers:
        headers = {name: value}
        return {
            "connect": scene.post(PUSH, body, "application/proto", **headers),
            "rest": scene.post("/api/v1/profiles", body, "application/octet-stream", **headers),
        }

    return send


def too_large_a_body(scene: Scene) -> Answers:
    scene.set_limits(ingestion_body_limit_bytes=10, max_profile_size_bytes=10)
    return scene.push(NAMED, GOOD)


def answered_by_ingesters(code: AckCode | None) -> Callable[[Scene], Answers]:
    def send(scene: Scene) -> Answers:
        if code is None:
            scene.ingesters.answer = lambda batch, instance: None
            scene.distributor = scene.made_distributor(0.05)
        else:
            scene.ingesters.answer = always(*[code] * 3)
        return scene.push(NAMED, GOOD)

    return send


class Silent:
    """A distributor that gives no reason."""

    def push(self, tenant: str, series: Sequence[RawSeries], push_id: str) -> PushResult:
        return PushResult(push_id, (ItemResult(0, 0, Outcome.REJECTED, None, "Nobody knows why.", raw_bytes=7),))


class Defective:
    """A distributor with a defect."""

    def push(self, tenant: str, series: Sequence[RawSeries], push_id: str) -> PushResult:
        raise RuntimeError("a defect")


def through(distributor: object) -> Callable[[Scene], Answers]:
    def send(scene: Scene) -> Answers:
        scene.distributor = distributor
        return scene.push(NAMED, GOOD)

    return send


def redis_is_full(scene: Scene) -> Answers:
    memory = RedisMemory(None, 1, tuple)  # type: ignore[arg-type]
    memory.saw_full()
    assert memory.share > PUSHES_BELOW
    scene.closed = memory.refusal()
    return scene.push(NAMED, GOOD)


def without_tenant(scene: Scene) -> Answers:
    scene.settings.INGEST = dataclasses.replace(scene.settings.INGEST, multitenancy_enabled=True)
    return scene.push(NAMED, GOOD)


def of_tenant(name: str) -> Callable[[Scene], Answers]:
    def send(scene: Scene) -> Answers:
        scene.settings.INGEST = dataclasses.replace(scene.settings.INGEST, multitenancy_enabled=True)
        return with_header("X-Scope-OrgID", name, b"x")(scene)

    return send


def without_credentials(scene: Scene) -> Answers:
    scene.settings.ACCESS_ENABLED = True
    return scene.push(NAMED, GOOD)


def with_unknown_tokens(scene: Scene) -> Answers:
    """Send a token while the table of tokens could not be read."""
    scene.settings.ACCESS_ENABLED = True
    with wiring.override(token_table=UnreadTokens()):
        return with_header("Authorization", "Bearer phl_" + "x" * 43, b"x")(scene)


class UnreadTokens:
    """A table of tokens that nobody could read yet."""

    is_known = False

    def find(self, text: str) -> None:
        return None


def ordered(path: str, answer: Result | None = None) -> Callable[[Scene], Answers]:
    """Have the ring obey with the token of the administration."""

    def send(scene: Scene) -> Answers:
        scene.settings.ADMIN_TOKEN = "a token for tests"
        if answer is not None:
            scene.office.ingesters.answer = answer
            scene.office.ingesters.heard = {"alive"}
        return {"rest": scene.post(f"{RING}/{path}", b"", "application/json", Authorization="Bearer a token for tests")}

    return send


def forbidden(scene: Scene) -> Answers:
    """Ask as somebody who is signed in and has no part in the tenant."""
    User.objects.create_user("joe", password="right")
    scene.client.login(username="joe", password="right")
    return {"rest": scene.post(f"{RING}/alive/flush", b"", "application/json")}


BOMB = gzip.compress(bytes(300 << 20), 1)
ROWS = (
    Row(Reason.UNKNOWN, "unknown", 2, everywhere(500), 3, "failed", through(Silent()), "a refusal without a reason"),
    Row(
        Reason.INVALID_LABELS, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed((("__name__", "a:b"), ("service_name", "web")), GOOD), "a colon in __name__",
    ),
    Row(
        Reason.MISSING_LABELS, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed((("__name__", "cpu"), ("service_name", "")), GOOD), "an empty service_name",
    ),
    Row(Reason.RATE_LIMITED, "resource_exhausted", 8, everywhere(429), 3, "rejected", used_up, "a used-up rate"),
    Row(
        Reason.NOT_IN_INGESTION_WINDOW, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed(NAMED, marked_profile("mark-old", NOW_NS - HOUR_NS)), "a profile of an hour ago",
    ),
    Row(
        Reason.MAX_LABEL_NAMES_PER_SERIES, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed((*NAMED, ("pod", "a")), GOOD, max_label_names_per_series=2), "three labels of two allowed",
    ),
    Row(
        Reason.LABEL_NAME_TOO_LONG, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed((*NAMED, ("p" * 1025, "a")), GOOD), "a label name of a byte too many",
    ),
    Row(
        Reason.LABEL_VALUE_TOO_LONG, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed((*NAMED, ("pod", "p" * 2049)), GOOD), "a label value of a byte too many",
    ),
    Row(
        Reason.DUPLICATE_LABEL_NAMES, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed((*NAMED, ("pod", "a"), ("pod", "b")), GOOD), "a label twice",
    ),
    Row(
        Reason.SERIES_LIMIT, "resource_exhausted", 8, everywhere(429), 3, "rejected", no_room_for_series,
        "a second series of one allowed",
    ),
    Row(
        Reason.QUERY_LIMIT, "invalid_argument", 3, everywhere(400), 0, "",
        asked(NOW_MS - 90_000_000, NOW_MS), "a range of 25 hours",
    ),
    Row(
        Reason.SAMPLES_LIMIT, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed(NAMED, TWO, max_profile_stacktrace_samples=1), "two samples of one allowed",
    ),
    Row(
        Reason.PROFILE_SIZE_LIMIT, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed(NAMED, gzip.compress(LARGE), max_profile_size_bytes=4000), "more bytes than a profile may have, in gzip",
    ),
    Row(
        Reason.SAMPLE_LABELS_LIMIT, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed(NAMED, TWO, max_profile_stacktrace_sample_labels=0), "a label of a sample of none allowed",
    ),
    Row(
        Reason.MALFORMED_PROFILE, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed(NAMED, b"\xff not a profile"), "bytes that are no pprof",
    ),
    Row(
        Reason.FLAMEGRAPH_LIMIT, "invalid_argument", 3, everywhere(400), 0, "",
        asked(NOW_MS - 1000, NOW_MS, ', "maxNodes": "1048577"', "&max_nodes=1048577"), "a node more than allowed",
    ),
    Row(
        Reason.MISSING_TIME_RANGE, "invalid_argument", 3, {"connect": 400, "grpc": 200}, 0, "",
        asked(0, NOW_MS, rest="-"), "a query without a start",
    ),
    Row(
        Reason.INVALID_TIME_RANGE, "invalid_argument", 3, everywhere(400), 0, "",
        asked(NOW_MS, NOW_MS - 1000), "an end before the start",
    ),
    Row(
        Reason.BODY_SIZE_LIMIT_EXCEEDED, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed(NAMED, gzip.compress(LARGE), ingestion_body_limit_bytes=1000), "profiles larger than a body may be",
    ),
    Row(
        Reason.DROPPED_BY_RELABEL_RULES, "", 0, everywhere(200), 3, "empty",
        pushed(NAMED, GOOD, ingestion_relabeling_rules='[{"action": "drop", "source_labels": ["service_name"]}]'),
        "a rule that drops everything: the push succeeds",
    ),
    Row(
        Reason.OUT_OF_ORDER, "invalid_argument", 3, everywhere(400), 3, "rejected",
        answered_by_ingesters(AckCode.TOO_OLD), "ingesters say that it is too old",
    ),
    Row(
        Reason.BAD_GZIP, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed(NAMED, gzip.compress(GOOD)[:-6]), "a gzip that is cut off",
    ),
    Row(
        Reason.BODY_TOO_LARGE, "resource_exhausted", 8, {"connect": 429, "grpc": 200, "rest": 413}, 3, "rejected",
        too_large_a_body, "a body of more than ten bytes allowed",
    ),
    Row(
        Reason.DECOMPRESSED_TOO_LARGE, "invalid_argument", 3, {"connect": 400, "rest": 400}, 2, "rejected",
        with_header("Content-Encoding", "gzip", BOMB), "a body that expands to 300 MiB",
    ),
    Row(
        Reason.LABEL_GROUPS_LIMIT, "invalid_argument", 3, everywhere(400), 3, "rejected",
        pushed(NAMED, TWO, max_label_groups_per_profile=1), "two sets of sample labels of one allowed",
    ),
    Row(
        Reason.EMPTY_PROFILE, "", 0, everywhere(200), 3, "empty",
        pushed(NAMED, marked_profile("mark-empty", NOW_NS, value=0)), "no sample has a value: the push succeeds",
    ),
    Row(
        Reason.NO_PROFILES, "invalid_argument", 3, everywhere(400), 3, "rejected", pushed(NAMED),
        "a series without a profile",
    ),
    Row(
        Reason.BAD_REQUEST, "invalid_argument", 3, everywhere(400), 0, "",
        lambda scene: scene.query("ProfileTypes", b"{", "/api/v1/labels?from=yesterday"),
        "JSON that ends too soon; a time that is none",
    ),
    Row(
        Reason.BAD_SELECTOR, "invalid_argument", 3, everywhere(400), 0, "",
        lambda scene: scene.query("LabelNames", b'{"matchers": ["{a="]}', "/api/v1/labels?query={a="),
        "a selector without its end",
    ),
    Row(
        Reason.UNSUPPORTED_MEDIA, "", 3, {"connect": 415}, 0, "",
        lambda scene: {"connect": scene.post(PUSH, b"x", "text/plain")}, "a push as text/plain",
    ),
    Row(
        Reason.UNSUPPORTED_ENCODING, "unimplemented", 12, {"connect": 501, "rest": 501}, 2, "rejected",
        with_header("Content-Encoding", "br", b"x"), "a body in Brotli",
    ),
    Row(
        Reason.MISSING_TENANT, "unauthenticated", 16, everywhere(401), 0, "", without_tenant,
        "several tenants, and none is named",
    ),
    Row(
        Reason.BAD_TENANT, "invalid_argument", 3, {"connect": 400, "rest": 400}, 0, "", of_tenant("a/b"),
        "a tenant that is a path",
    ),
    Row(
        Reason.UNAUTHENTICATED, "unauthenticated", 16, {"connect": 401, "grpc": 401, "rest": 401}, 0, "",
        without_credentials, "no credentials while access control is on",
    ),
    Row(
        Reason.FORBIDDEN, "permission_denied", 7, {"rest": 403}, 0, "", forbidden,
        "an order to the ring by a user who is no administrator",
    ),
    Row(
        Reason.NOT_FOUND, "not_found", 5, {"rest": 404}, 0, "",
        lambda scene: {"rest": scene.client.get("/api/v1/none")}, "an address that is none",
    ),
    Row(
        Reason.INGESTER_UNAVAILABLE, "unavailable", 14, everywhere(503), 0, "failed",
        answered_by_ingesters(AckCode.LOG_FAILED), "no ingester can write its log",
    ),
    Row(
        Reason.DEADLINE, "unavailable", 14, everywhere(503), 0, "failed", answered_by_ingesters(None),
        "no ingester answers in time",
    ),
    Row(Reason.REDIS_FULL, "unavailable", 14, everywhere(503), 3, "failed", redis_is_full, "a Redis without room"),
    Row(
        Reason.DATABASE_UNAVAILABLE, "unavailable", 14, {"connect": 503, "rest": 503}, 0, "", with_unknown_tokens,
        "a token that cannot be looked up",
    ),
    Row(
        Reason.INSTANCE_ALIVE, "already_exists", 6, {"rest": 409}, 0, "", ordered("alive/forget"),
        "an instance that sends heartbeats is to be forgotten",
    ),
    Row(
        Reason.NO_ANSWER, "deadline_exceeded", 4, {"rest": 504}, 0, "",
        ordered("alive/shutdown", Result(ActionOutcome.NO_ANSWER, "Nothing came.")), "an ingester that does not answer",
    ),
    Row(
        Reason.NOT_FINISHED, "unavailable", 14, {"rest": 503}, 0, "",
        ordered("alive/shutdown", Result(ActionOutcome.FAILED, "The bucket is away.")), "an upload that failed",
    ),
    Row(Reason.INTERNAL, "internal", 13, everywhere(500), 0, "", through(Defective()), "a defect of ours"),
)  # fmt: skip
