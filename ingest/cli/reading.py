"""``phlare query``, ``top``, ``diff`` and ``export``: asking for profiles."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ingest.cli.context import Context, server_options
from ingest.cli.output import amount, printable, say_json, share, table
from ingest.cli.server import Server

FORMATS = ("pprof", "collapsed", "speedscope", "svg", "html", "otlp", "csv", "parquet", "dot", "tree")
#: Taken when the selector names no profile type and there are several: what most people look for first.
_PREFERRED = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a query is about, as it was written."""

    selector: str
    profile_type: str
    start: str
    until: str

    def parameters(self, server: Server) -> list[tuple[str, str]]:
        """Return the parameters of a query; without a profile type the one there is, or the CPU's, is taken."""
        profile_type = self.profile_type
        if not profile_type and ":" not in self.selector.partition("{")[0]:
            profile_type = _only_type(server, self.start, self.until)
        given = {"query": self.selector, "from": self.start, "until": self.until, "profile_type": profile_type}
        return [(name, value) for name, value in given.items() if value]


def range_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the range of time."""
    until = click.option("--until", default="now", show_default=True, help="End of the range.")
    start = click.option(
        "--from", "start", default="now-1h", show_default=True, help="Start: now-30m, or Unix milliseconds."
    )
    return start(until(command))


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a query is about; the command gets it as ``chosen``."""

    @wraps(command)
    def run(selector: str, profile_type: str, start: str, until: str, **more: Any) -> Any:
        return command(chosen=Chosen(selector, profile_type, start, until), **more)

    kind = click.option("--type", "profile_type", default="", help="Profile type; `phlare types` lists them.")
    return click.argument("selector", default="{}")(kind(range_options(run)))


@click.command()
@range_options
@server_options
def types(context: Context, start: str, until: str) -> None:
    """List the profile types with data in the range."""
    answer = context.server().get("/api/v1/profile-types", [("from", start), ("until", until)])
    if context.as_json:
        say_json(answer)
        return
    for one in answer["profile_types"]:
        click.echo(printable(one["id"]))
    _warn_if_incomplete(answer)


@click.command()
@click.option("--depth", default=40, show_default=True, help="Deepest level to print.")
@click.option("--least", default=1.0, show_default=True, help="Smallest share to print, in per cent.")
@selection_options
@server_options
def query(context: Context, chosen: Chosen, depth: int, least: float) -> None:
    """Merge the profiles that SELECTOR matches and print their call tree.

    SELECTOR is written as in Prometheus: {service_name="checkout", region!="eu"}; the profile type may stand in front.
    """
    server = context.server()
    answer = server.get("/api/v1/flamegraph", chosen.parameters(server))
    if context.as_json:
        say_json(answer)
        return
    for line in call_tree(answer, depth, least / 100):
        click.echo(line)
    _warn_if_incomplete(answer)


@click.command()
@click.option("--limit", default=20, show_default=True, help="Functions to list.")
@selection_options
@server_options
def top(context: Context, chosen: Chosen, limit: int) -> None:
    """List the functions that take the most, by what their own code takes."""
    server = context.server()
    parameters = [*chosen.parameters(server), ("limit", str(limit))]
    answer = server.get("/api/v1/top", parameters)
    if context.as_json:
        say_json(answer)
        return
    whole, unit = answer["total"], answer["unit"]
    rows = [
        [amount(one["self"], unit), share(one["self"], whole), amount(one["total"], unit), share(one["total"], whole),
         one["name"]]
        for one in answer["functions"]
    ]  # fmt: skip
    click.echo(f"{amount(whole, unit)} in {answer['profiles']} profiles, {answer['count']} functions")
    click.echo(table(["self", "", "total", "", "function"], rows, right=(0, 1, 2, 3)))
    _warn_if_incomplete(answer)


@click.command()
@click.option("--limit", default=20, show_default=True, help="Functions to list.")
@click.option("--against", default="", help="Selector of the other side; default the same one.")
@click.option("--before", default="", help="Compare with the time before: 1h is the hour that ended an hour earlier.")
@click.option("--against-from", default="", help="Start of the other side's range.")
@click.option("--against-until", default="", help="End of the other side's range.")
@selection_options
@server_options
def diff(
    context: Context, chosen: Chosen, against: str, before: str, against_from: str, against_until: str, limit: int
) -> None:
    """List the functions that changed most between a baseline and SELECTOR.

    The baseline is another selector (--against '{version="1.4"}'), another time (--before 1d), or both. Shares are
    compared, so that more traffic alone changes nothing.
    """
    if not (against or before or against_from or against_until):
        raise click.UsageError("Say what to compare with: --against, --before, or --against-from and --against-until.")
    if before and (against_from or against_until):
        raise click.UsageError("--before and --against-from or --against-until say the same twice.")
    server = context.server()
    right = dict(chosen.parameters(server))
    left = {
        "query": against or chosen.selector,
        "from": earlier(chosen.start, before) if before else against_from or chosen.start,
        "until": earlier(chosen.until, before) if before else against_until or chosen.until,
    }
    parameters = [("profile_type", right["profile_type"])] if "profile_type" in right else []
    parameters += [(f"left_{name}", value) for name, value in left.items()]
    parameters += [(f"right_{name}", right[name]) for name in left]
    answer = server.get("/api/v1/diff/top", [*parameters, ("limit", str(limit))])
    if context.as_json:
        say_json(answer)
        return
    _show_diff(answer)


@click.command()
@click.option("--format", "format_name", type=click.Choice(FORMATS), default="pprof", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default the name the server gives, - for standard output.",
)
@selection_options
@server_options
def export(context: Context, chosen: Chosen, format_name: str, output: Path | None) -> None:
    """Write the profiles that SELECTOR matches into one file, for pprof, speedscope, a browser or DuckDB."""
    server = context.server()
    parameters = [*chosen.parameters(server), ("format", format_name)]
    answer = server.get_bytes("/api/v1/export", parameters)
    if output == Path("-"):
        sys.stdout.buffer.write(answer.body)
        return
    path = output or Path(_file_name(answer.headers.get("content-disposition", ""), f"profile.{format_name}"))
    path.write_bytes(answer.body)
    if context.as_json:
        say_json(
            {"file": str(path), "bytes": len(answer.body), "profiles": int(answer.headers.get("phlare-profiles", 0))}
        )
    else:
        click.echo(
            f"{path}: {amount(len(answer.body), 'bytes')} of {answer.headers.get('phlare-profiles', '?')} profiles"
        )
    if answer.headers.get("phlare-complete") == "false":
        click.echo("The answer is incomplete: a source did not answer.", err=True)


def call_tree(graph: dict[str, Any], depth: int, least: float) -> list[str]:
    """Return a flame graph as lines: total, share, and the name indented by its depth. ``least`` is a share."""
    names, whole, unit = graph["names"], graph["total"], graph["unit"]
    starts: dict[int, list[tuple[int, int, int, int]]] = {}
    for level, numbers in enumerate(graph["levels"]):
        at = 0
        for offset, total, _, name in zip(*[iter(numbers)] * 4, strict=True):
            at += offset
            starts.setdefault(level, []).append((at, at + total, total, name))
            at += total
    lines = []
    waiting = [(0, node) for node in starts.get(0, [])]
    while waiting:
        level, (start, end, total, name) = waiting.pop()
        lines.append(f"{amount(total, unit):>10} {share(total, whole):>8}  {'  ' * level}{printable(names[name])}")
        below = [node for node in starts.get(level + 1, []) if start <= node[0] and node[1] <= end]
        kept = [node for node in below if whole and node[2] >= least * whole and level < depth]
        waiting.extend((level + 1, node) for node in sorted(kept, key=lambda node: node[2]))
    return lines


def earlier(moment: str, by: str) -> str:
    """Return a moment of a command line, so much earlier. Raises click.UsageError for one that is no ``now-...``."""
    if moment == "now":
        return f"now-{by}"
    if moment.startswith("now-"):
        return f"now-{_seconds(moment[4:]) + _seconds(by)}s"
    if moment.isascii() and moment.isdigit():
        return str(int(moment) - 1000 * _seconds(by))
    raise click.UsageError(f"{moment!r} is no moment that --before can count from; write now-1h or Unix milliseconds.")


_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _seconds(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit()) or unit not in _UNIT_SECONDS or len(number) > 9:
        raise click.UsageError(f"{text!r} is no duration; write 90s, 30m, 6h or 1d.")
    return int(number) * _UNIT_SECONDS[unit]


def _only_type(server: Server, start: str, until: str) -> str:
    answer = server.get("/api/v1/profile-types", [("from", start), ("until", until)])
    known: Sequence[str] = [one["id"] for one in answer["profile_types"]]
    if _PREFERRED in known:
        return _PREFERRED
    if len(known) == 1:
        return known[0]
    if not known:
        raise click.ClickException(
            f"There is no data from {start} until {until}: `phlare doctor` says whether it arrives."
        )
    raise click.UsageError("Say which profile type with --type: " + ", ".join(printable(one) for one in known))


def _show_diff(answer: dict[str, Any]) -> None:
    unit, left, right = answer["unit"], answer["left_total"], answer["right_total"]
    rows = []
    for one in answer["functions"]:
        before, after = one["left_self"] / left if left else 0.0, one["right_self"] / right if right else 0.0
        rows.append([
            share(one["left_self"], left), share(one["right_self"], right), f"{100 * (after - before):+.1f}",
            amount(one["left_self"], unit), amount(one["right_self"], unit), one["name"],
        ])  # fmt: skip
    click.echo(f"baseline {amount(left, unit)}, compared {amount(right, unit)}, {answer['profiles']} profiles")
    click.echo(table(["baseline", "compared", "points", "self", "self", "function"], rows, right=(0, 1, 2, 3, 4)))
    _warn_if_incomplete(answer)


def _file_name(disposition: str, default: str) -> str:
    """Return the file name of a header, without any folder in it."""
    name = disposition.partition('filename="')[2].partition('"')[0]
    return Path(name).name or default


def _warn_if_incomplete(answer: dict[str, Any]) -> None:
    sources = answer.get("sources", {})
    if not sources.get("complete", True):
        away = ", ".join(str(one["name"]) for one in sources.get("missing", []))
        click.echo(f"The answer is incomplete: {away} did not answer.", err=True)
