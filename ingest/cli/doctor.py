"""``phlare doctor``: a synthetic profile goes through every hop; the first that fails is named, with what to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

import click

from ingest.api.proto import profile_pb2, push_pb2, types_pb2
from ingest.cli.context import Context, server_options
from ingest.cli.output import say_json
from ingest.cli.server import Answer, Refusal, Server, Unreachable

SERVICE = "phlare-doctor"
PROFILE_TYPE = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
#: How long a stored profile may take to be seen by a query.
VISIBLE_SECONDS = 10.0
#: How long a block may take to be in the bucket after a flush.
UPLOAD_SECONDS = 60.0
#: Offset of clocks that is worth a word, and the one beyond which profiles are refused by default.
CLOCK_WARN_SECONDS = 30.0
CLOCK_FAIL_SECONDS = 600.0

_ADVICE_BY_REASON = {
    "unauthenticated": "Give a token with --token or PHLARE_TOKEN; `phlare tokens create` makes one.",
    "forbidden": "The token may not do this, or belongs to another tenant: ask for one with the right scope.",
    "missing_tenant": "This server has several tenants: say which with --tenant or PHLARE_TENANT.",
    "bad_tenant": "Write the tenant as the server knows it: letters, digits and !-_.*'().",
    "deadline": "Ingesters did not confirm in time: look at /ring and at `manage.py queues` for who is slow or away.",
    "ingester_unavailable": "Too few ingesters take writes: look at /ring, and start those that are missing.",
    "redis_full": "Redis is nearly full: an ingester is away or too slow; see `manage.py queues`.",
    "rate_limited": "The tenant pushes more than its rate: wait, or raise its limit; see `phlare limits`.",
    "series_limit": "The tenant has too many series: look for a label with many values; see `phlare limits`.",
    "not_in_ingestion_window": "The clocks of this machine and the server differ: set them right.",
}


class Verdict(StrEnum):
    """How a hop is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at one hop."""

    hop: str
    verdict: Verdict
    message: str
    advice: str = ""
    milliseconds: int = 0


@click.command()
@click.option("--flush", is_flag=True, help="Have the ingesters upload, and read from the bucket; needs --admin-token.")
@click.option(
    "--admin-token", envvar="PHLARE_ADMIN_TOKEN", default="", help="Token of the administration, for --flush."
)
@server_options
def doctor(context: Context, flush: bool, admin_token: str) -> None:
    """Send a profile through every hop, and say which one fails and what to do.

    The profile belongs to the service phlare-doctor and is the only thing that is left behind.
    """
    found = []
    for finding in examine(context.server(timeout_seconds=UPLOAD_SECONDS + 10), admin_token if flush else ""):
        found.append(finding)
        if not context.as_json:
            _show(finding)
    if context.as_json:
        say_json({"healthy": _is_healthy(found), "findings": [asdict(one) for one in found]})
    if not _is_healthy(found):
        raise SystemExit(1)


def examine(server: Server, admin_token: str) -> Iterator[Finding]:
    """Yield a finding for each hop, in the order a profile takes them; the first that failed is the last."""
    profile = _Synthetic(time.time_ns())
    steps: list[tuple[str, Callable[[], Finding]]] = [
        ("server", lambda: _server(server)),
        ("ready", lambda: _ready(server)),
        ("access", lambda: _access(server)),
        ("ring", lambda: _ring(server)),
        ("push", lambda: _push(server, profile)),
        ("push of agents", lambda: _push_as_agents(server, profile)),
        ("read from ingesters", lambda: _read(server, profile, "read from ingesters")),
        ("bucket", lambda: _bucket(server, profile, admin_token)),
    ]
    for hop, step in steps:
        started = time.perf_counter()
        try:
            finding = step()
        except (Refusal, Unreachable) as error:
            reason = error.reason if isinstance(error, Refusal) else ""
            finding = Finding(hop, Verdict.FAILED, error.message, _ADVICE_BY_REASON.get(reason, ""))
        milliseconds = round((time.perf_counter() - started) * 1000)
        yield Finding(finding.hop, finding.verdict, finding.message, finding.advice, milliseconds)
        if finding.verdict is Verdict.FAILED:
            return


class _Synthetic:
    """One profile, told from all others by its time and value."""

    def __init__(self, now_ns: int) -> None:
        self.time_ms = now_ns // 1_000_000
        self.value = 1_000_000 + now_ns // 1_000 % 1_000_000
        self.pprof = _pprof(self.time_ms * 1_000_000, self.value)


def _pprof(time_ns: int, value: int) -> bytes:
    strings = ["", "cpu", "nanoseconds", "phlare_doctor", "synthetic_work"]
    profile = profile_pb2.Profile(
        string_table=strings,
        time_nanos=time_ns,
        duration_nanos=1_000_000_000,
        period=10_000_000,
        period_type=profile_pb2.ValueType(type=1, unit=2),
        sample_type=[profile_pb2.ValueType(type=1, unit=2)],
        function=[profile_pb2.Function(id=1, name=3), profile_pb2.Function(id=2, name=4)],
        location=[profile_pb2.Location(id=number, line=[profile_pb2.Line(function_id=number)]) for number in (1, 2)],
        sample=[profile_pb2.Sample(location_id=[2, 1], value=[value])],
    )
    return profile.SerializeToString()


def _server(server: Server) -> Finding:
    answer = server.request("GET", "/api/v1/status/buildinfo")
    version = answer.document().get("data", {}).get("version") if answer.status == 200 else None
    if not isinstance(version, str):
        return Finding(
            "server", Verdict.FAILED, f"{server.url} answers {answer.status} and is no phlareweb.", "Check the address."
        )
    return judge_clock(f"phlareweb {version} at {server.url}", _offset_seconds(answer))


def judge_clock(who: str, offset_seconds: float | None) -> Finding:
    """Return what the offset of the server's clock to this machine's means."""
    if offset_seconds is None or abs(offset_seconds) < CLOCK_WARN_SECONDS:
        return Finding("server", Verdict.OK, who)
    message = f"{who}; its clock and the one here differ by {abs(offset_seconds):.0f} s"
    if abs(offset_seconds) < CLOCK_FAIL_SECONDS:
        return Finding("server", Verdict.WARNING, message, "Set both by NTP: profiles carry the time of the sender.")
    return Finding(
        "server", Verdict.FAILED, message, "Profiles from here are refused as too new or too old: set the clock."
    )


def _offset_seconds(answer: Answer) -> float | None:
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()
    except (KeyError, TypeError, ValueError):
        return None


def _ready(server: Server) -> Finding:
    answer = server.request("GET", "/ready")
    if answer.status == 200:
        return Finding("ready", Verdict.OK, "takes pushes")
    told = answer.body[:500].decode("utf-8", "replace").strip().replace("\n", " ")
    return Finding("ready", Verdict.FAILED, told, "Wait until it is ready; if it stays so, its log says why.")


def _access(server: Server) -> Finding:
    types = server.get("/api/v1/profile-types").get("profile_types", [])
    return Finding("access", Verdict.OK, f"may query; {len(types)} profile types in the last hour")


def _ring(server: Server) -> Finding:
    answer = server.request("GET", "/api/v1/ring")
    if answer.status in (401, 403):
        return Finding("ring", Verdict.SKIPPED, "only operators may look at the ring")
    if answer.status != 200:
        raise answer.refusal
    members = answer.document().get("instances", [])
    away = [one["id"] for one in members if not one.get("writable")]
    if not members:
        return Finding("ring", Verdict.FAILED, "no ingester has joined", "Start ingesters; see docs/deployment.md.")
    message = f"{len(members) - len(away)} of {len(members)} ingesters take writes"
    if away:
        return Finding("ring", Verdict.WARNING, f"{message}; not {', '.join(away[:5])}", "See /ring for the reasons.")
    return Finding("ring", Verdict.OK, message)


def _push(server: Server, profile: _Synthetic) -> Finding:
    parameters = [("service_name", SERVICE), ("__name__", "process_cpu")]
    answer = server.request("POST", "/api/v1/profiles", parameters, profile.pprof)
    if answer.status != 200:
        raise answer.refusal
    stored = answer.document().get("stored", [])
    if not stored:
        return Finding("push", Verdict.FAILED, "accepted, and nothing was stored", "A relabelling rule may drop it.")
    return Finding("push", Verdict.OK, "stored in the logs of a quorum of ingesters")


def _push_as_agents(server: Server, profile: _Synthetic) -> Finding:
    """The same profile through the door of agents: it has to be taken, and must not count again."""
    labels = [
        types_pb2.LabelPair(name="__name__", value="process_cpu"),
        types_pb2.LabelPair(name="service_name", value=SERVICE),
    ]
    series = push_pb2.RawProfileSeries(labels=labels, samples=[push_pb2.RawSample(raw_profile=profile.pprof)])
    body = push_pb2.PushRequest(series=[series]).SerializeToString()
    answer = server.request(
        "POST", "/push.v1.PusherService/Push", body=body, headers={"Content-Type": "application/proto"}
    )
    if answer.status != 200:
        raise answer.refusal
    return Finding("push of agents", Verdict.OK, "taken, as agents send it")


def _read(server: Server, profile: _Synthetic, hop: str) -> Finding:
    parameters = [
        ("query", f'{{service_name="{SERVICE}"}}'), ("profile_type", PROFILE_TYPE),
        ("from", str(profile.time_ms)), ("until", str(profile.time_ms)),
    ]  # fmt: skip
    deadline = time.monotonic() + VISIBLE_SECONDS
    while True:
        graph = server.get("/api/v1/flamegraph", parameters)
        if graph.get("total") == profile.value or time.monotonic() > deadline:
            return judge_reading(hop, graph, profile.value)
        time.sleep(0.2)


def judge_reading(hop: str, graph: dict[str, object], value: int) -> Finding:
    """Return what the flame graph of the moment of the profile says; its total has to be ``value``."""
    total, sources = graph.get("total"), graph.get("sources")
    missing = sources.get("missing", []) if isinstance(sources, dict) else []
    away = ", ".join(str(one.get("name")) for one in missing[:5])
    if total != value:
        count = "is missing" if not total else f"counts as {total} and not as {value}"
        advice = f"These did not answer: {away}." if away else "See the log of the web server."
        return Finding(hop, Verdict.FAILED, f"the profile {count}", advice)
    if away:
        return Finding(hop, Verdict.WARNING, f"counts once, although {away} did not answer", "See /ring.")
    return Finding(hop, Verdict.OK, "counts once, sent twice")


def _bucket(server: Server, profile: _Synthetic, admin_token: str) -> Finding:
    if not admin_token:
        return Finding("bucket", Verdict.SKIPPED, "not asked: --flush with --admin-token looks there too")
    headers = {"Authorization": f"Bearer {admin_token}"}
    members = server.request("GET", "/api/v1/ring", headers=headers).document().get("instances", [])
    for member in members:
        if member.get("writable"):
            path = f"/api/v1/ring/instances/{member['id']}/flush"
            answer = server.request("POST", path, [("wait", "true")], headers=headers)
            if answer.status not in (200, 202):
                raise answer.refusal
    finding = _read(server, profile, "bucket")
    if finding.verdict is Verdict.FAILED:
        return finding
    return Finding("bucket", finding.verdict, f"uploaded; {finding.message}", finding.advice)


def _is_healthy(found: list[Finding]) -> bool:
    return all(one.verdict is not Verdict.FAILED for one in found)


_MARKS = {
    Verdict.OK: ("ok", "green"),
    Verdict.WARNING: ("look", "yellow"),
    Verdict.FAILED: ("FAILED", "red"),
    Verdict.SKIPPED: ("-", None),
}


def _show(finding: Finding) -> None:
    mark, colour = _MARKS[finding.verdict]
    click.echo(
        f"{click.style(f'{mark:<7}', fg=colour)} {finding.hop:<20} {finding.message} ({finding.milliseconds} ms)"
    )
    if finding.advice:
        click.echo(f"{'':<29}{finding.advice}")
