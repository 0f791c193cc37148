"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

_SCALES = {
    "nanoseconds": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")),
    "bytes": ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")),
    "count": ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")),
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return an aligned table; columns named in ``right`` are numbers. Control characters are shown, not obeyed."""
    lines = [list(head), *[[printable(cell) for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown = []
    for line in lines:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        shown.append("  ".join(cells).rstrip())
    return "\n".join(shown)


def printable(text: str) -> str:
    """Return a name that came from outside without what a terminal would take for an order."""
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text)


def amount(value: float, unit: str) -> str:
    """Return a value with its unit, three digits or so."""
    scales = _SCALES.get(unit)
    if scales is None:
        return f"{value:g} {unit}".rstrip()
    size, name = next((scale for scale in scales if abs(value) >= scale[0]), scales[-1])
    number = value / size
    return f"{number:.{0 if size == 1 else 2 if abs(number) < 10 else 1}f} {name}".rstrip()


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, in the singular for one."""
    return f"{amount(count, 'count')} {noun if count == 1 else noun + 's'}"


def share(part: float, whole: float) -> str:
    """Return a share in per cent."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def say_json(document: Any) -> None:
    """Print a document for programs."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
