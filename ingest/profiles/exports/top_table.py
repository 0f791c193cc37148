"""The table of functions, and of two profiles side by side, as values and as CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from ingest.profiles.columns import StackProfile
from ingest.profiles.flamegraph import top_functions

#: First characters by which a spreadsheet takes a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_COLUMNS = ("function", "self", "total", "self_percent", "total_percent", "unit")


@dataclass(frozen=True, slots=True)
class FunctionDiff:
    """What one function took in two profiles."""

    name: str
    left_self: int
    left_total: int
    right_self: int
    right_total: int


def top_csv(profile: StackProfile, unit: str) -> str:
    """Return a row for each function with a value, the largest self value first.

    A name that a spreadsheet would run as a formula begins with ``'``; it is no part of the name.
    """
    whole = int(profile.node_self.sum())
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for name, own, total in top_functions(profile):
        writer.writerow((harmless(name), own, total, _percent(own, whole), _percent(total, whole), harmless(unit)))
    return out.getvalue()


def top_diff(left: StackProfile, right: StackProfile) -> list[FunctionDiff]:
    """Return a row for each function of either profile, the largest change of the self value first.

    Then comes the largest change of the total, then the name.
    """
    rows: dict[str, list[int]] = {}
    for place, profile in ((0, left), (2, right)):
        for name, own, total in top_functions(profile):
            row = rows.setdefault(name, [0, 0, 0, 0])
            row[place] += own
            row[place + 1] += total
    found = [FunctionDiff(name, *row) for name, row in rows.items()]
    found.sort(key=lambda row: (-abs(row.right_self - row.left_self), -abs(row.right_total - row.left_total), row.name))
    return found


def harmless(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3f}" if whole else "0.000"
