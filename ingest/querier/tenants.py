"""Reads several tenants as if they were one data set.

Each tenant is a reading of its own, with its own shard and its own parts, so that equal series of two tenants are
never taken for replicas of one another: both count. They are read one after the other, which bounds what a query
holds; how many there may be is bounded where requests come in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from ingest.querier.gather import Gathered
from ingest.querier.types import MissingSource, SourceReport
from ingest.storage.read_messages import ReadRequest


def read_each(tenants: Sequence[str], request: ReadRequest, read: Callable[[ReadRequest], Gathered]) -> Gathered:
    """Return what ``read`` finds for each tenant, together; the tenant in ``request`` is replaced."""
    found = [read(msgspec.structs.replace(request, tenant=tenant)) for tenant in tenants]
    if len(found) == 1:
        return found[0]
    replies = tuple(reply for one in found for reply in one.replies)
    return Gathered(replies, together([one.sources for one in found]), sum(one.rows for one in found))


def together(reports: Sequence[SourceReport]) -> SourceReport:
    """Say of several readings together who was asked; a source that is missing for one is missing from the answer."""
    asked = {name for report in reports for name in report.asked}
    missing: dict[str, MissingSource] = {}
    for report in reports:
        for one in report.missing:
            missing.setdefault(one.name, one)
    return SourceReport(
        tuple(sorted(asked)),
        tuple(missing[name] for name in sorted(missing)),
        all(report.complete for report in reports),
    )
