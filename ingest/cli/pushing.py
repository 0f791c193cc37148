"""``phlare push``: files of any known format, one request each."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from ingest.cli.context import Context, server_options
from ingest.cli.output import counted, printable, say_json
from ingest.cli.server import Answer, Refusal, Server

#: Attempts of one file, the first included, and the longest pause between two whatever the server asks for.
MAX_ATTEMPTS = 6
MAX_PAUSE_SECONDS = 10.0
_RETRYABLE = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a file. ``reason`` and ``message`` are empty when all of it was stored."""

    file: str
    stored: int  #: profiles
    series: int
    samples: int
    format: str = ""
    reason: str = ""
    message: str = ""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--service", "service_name", default="", help="Where the profiles come from: the label service_name.")
@click.option("-l", "--label", "labels", multiple=True, metavar="NAME=VALUE", help="A label; may be repeated.")
@click.option("--format", "format_name", default="", help="Format of the files; found out by their content if empty.")
@click.option("--type", "kind", default="", help="What values count, where a file does not say: cpu, wall.")
@click.option("--sample-rate", default=0, help="Samples a second of files that count samples: they become nanoseconds.")
@click.option("--time", "moment", default="", help="Time: now, now-1h or Unix seconds; default the file's.")
@server_options
def push(
    context: Context,
    files: tuple[Path, ...],
    service_name: str,
    labels: tuple[str, ...],
    format_name: str,
    kind: str,
    sample_rate: int,
    moment: str,
) -> None:
    """Store FILES of any known format: pprof, JFR, collapsed stacks, speedscope, pstats and more; - is standard input.

    A file that is refused costs the others nothing. Pushing one again stores nothing twice.
    """
    said = {"service_name": service_name, "format": format_name, "type": kind, "time": moment}
    parameters = [*[(name, value) for name, value in said.items() if value], *map(_label, labels)]
    if sample_rate:
        parameters.append(("sample_rate", str(sample_rate)))
    server = context.server()
    results = []
    for path in _with_progress(files, context.as_json):
        results.append(push_file(server, path, parameters))
        if not context.as_json:
            _show(results[-1])
    if context.as_json:
        say_json({"files": [_document(one) for one in results]})
    if any(one.reason for one in results):
        raise SystemExit(1)


def push_file(server: Server, path: Path, parameters: list[tuple[str, str]]) -> Pushed:
    """Push one file, again while the server asks for it. Raises Unreachable when nobody answers."""
    try:
        body = sys.stdin.buffer.read() if path == Path("-") else path.read_bytes()
    except OSError as error:
        return Pushed(str(path), 0, 0, 0, reason="unreadable", message=str(error.strerror))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        answer = server.request("POST", "/api/v1/upload", parameters, body)
        if answer.status not in _RETRYABLE or attempt == MAX_ATTEMPTS:
            break
        time.sleep(min(pause_seconds(answer), MAX_PAUSE_SECONDS))
    return verdict(str(path), answer)


def verdict(file: str, answer: Answer) -> Pushed:
    """Return what an answer says became of a file."""
    if answer.status != 200:
        refusal: Refusal = answer.refusal
        return Pushed(file, 0, 0, 0, reason=refusal.reason or f"status {answer.status}", message=refusal.told)
    document = answer.document()
    stored: list[dict[str, Any]] = document.get("stored", [])
    rejected = document.get("rejected", [])
    first = rejected[0] if rejected else {}
    if not stored and not first:
        first = {"reason": "empty_profile", "message": "No sample has a value: there was nothing to store."}
    return Pushed(
        file,
        sum(len(one["profile_ids"]) for one in stored),
        sum(one["series"] for one in stored),
        sum(one["samples"] for one in stored),
        str(document.get("format", "")),
        str(first.get("reason", "")),
        str(first.get("message", "")),
    )


def pause_seconds(answer: Answer) -> float:
    """Return how long the server asks to wait; a second when it does not say."""
    asked = answer.headers.get("retry-after", "")
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1.0


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is no label; write name=value.", param_hint="--label")
    return name, value


def _with_progress(files: tuple[Path, ...], is_quiet: bool) -> Iterator[Path]:
    """Yield the files; on a terminal a bar shows how many are left."""
    hidden = is_quiet or len(files) == 1 or not sys.stderr.isatty()
    yield from tqdm(files, unit="file", disable=hidden, file=sys.stderr)


def _show(one: Pushed) -> None:
    parts = []
    if one.stored:
        stored, samples = counted(one.stored, "profile"), counted(one.samples, "sample")
        parts.append(f"{stored} in {one.series} series, {samples}, as {one.format}")
    if one.reason:
        parts.append(f"{one.reason}: {printable(one.message)}")
    tqdm.write(f"{one.file}: {'; '.join(parts)}", file=sys.stderr if one.reason else sys.stdout)


def _document(one: Pushed) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}
