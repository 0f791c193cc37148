"""What the number of copies, instances and zones means together, in sentences: for the start, the log and the pages.

Pure arithmetic on the shape of a ring; whether its instances live is another matter (:mod:`ring.status`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ring.core.replication import RingRules, min_success


class Weight(Enum):
    """How bad a finding is."""

    IMPOSSIBLE = "impossible"  #: no push can succeed
    PROBLEM = "problem"  #: something that was configured is not so
    NOTICE = "notice"  #: it works as configured, and could be had for less


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person who configured this should know."""

    weight: Weight
    sentence: str


def placement_findings(rules: RingRules, zones: Sequence[str]) -> list[Finding]:
    """Return what is to be said of a ring with one instance for each of ``zones``, the worst first."""
    found = [*_too_few(rules, zones), *_without_zone(rules, zones), *_even(rules.replication_factor)]
    return sorted(found, key=lambda finding: list(Weight).index(finding.weight))


def zones_given_up(replication_factor: int, zones: int) -> Finding:
    """Return what it means that zones are not looked at because there are fewer of them than copies."""
    return Finding(
        Weight.PROBLEM,
        f"There {are(zones, 'zone')} for {replication_factor} copies, so copies are placed without regard to zones: "
        "losing a zone may take a quorum of a series with it.",
    )


def _too_few(rules: RingRules, zones: Sequence[str]) -> list[Finding]:
    factor, distinct = rules.replication_factor, len(set(zones))
    if rules.zone_awareness_enabled and distinct < min(factor, len(zones)):
        what = f"The replication factor is {factor} but there {are(distinct, 'zone')}, and a zone holds one copy: "
        return [_consequence(what, factor, distinct)]
    if len(zones) < factor:
        what = f"The replication factor is {factor} but the ring has {count(len(zones), 'instance')}: "
        return [_consequence(what, factor, len(zones))]
    return []


def _consequence(what: str, factor: int, copies: int) -> Finding:
    needed = min_success(factor, copies)
    if copies < needed:
        text = f"{what}{needed} copies are needed for a quorum, so every push is refused."
        return Finding(Weight.IMPOSSIBLE, text)
    kept = f"only {count(copies, 'copy', 'copies')} of each series {'is' if copies == 1 else 'are'} kept."
    spare = "" if copies > needed else " A push fails as soon as one of the instances that hold them does not answer."
    return Finding(Weight.PROBLEM, f"{what}{kept}{spare}")


def _without_zone(rules: RingRules, zones: Sequence[str]) -> list[Finding]:
    if not rules.zone_awareness_enabled or "" not in zones or not any(zones):
        return []
    text = "Some instances have no zone: their copies do not count for the guarantee on zones."
    return [Finding(Weight.PROBLEM, text)]


def _even(factor: int) -> list[Finding]:
    if factor % 2:
        return []
    needed = min_success(factor, factor)
    spare = factor - needed
    tolerated = "no failure" if not spare else count(spare, "failure")
    return [
        Finding(
            Weight.NOTICE,
            f"The replication factor {factor} is even: a push needs {needed} of {factor} copies, so it tolerates "
            f"{tolerated}, as {factor - 1} would.",
        )
    ]


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def are(number: int, noun: str) -> str:
    """Return ``is 1 zone`` or ``are 2 zones``."""
    return f"{'is' if number == 1 else 'are'} {count(number, noun)}"
