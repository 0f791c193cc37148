"""What the first page of the admin says: the ring, the tenants, what was refused, what is stored, who did what last.

Loaded by name in web processes alone. Of a part that a staff user has no permission for nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Now
from django.http import HttpRequest

from ingest.admin_pages.navigation import list_url
from ingest.api.metrics import discarded_profiles
from ingest.models import ApiToken, AuditEntry, BlockRecord, Tenant
from ingest.profiles.quantities import format_duration
from ingest.profiles.readable import shown_bytes, shown_moment, shown_ns
from ingest.retention.plan import BlockState
from ingest.wiring import get_ring_view

#: Rows of each table; each has a link to all of them.
MAX_ROWS = 10


def overview(request: HttpRequest) -> dict[str, Any]:
    """Return the context of the page."""
    user: Any = request.user
    found: dict[str, Any] = {"ring": _ring()}
    if user.has_perm("ingest.view_blockrecord"):
        found["storage"] = _storage()
    if user.has_perm("ingest.view_tenant"):
        found["tenants"] = _tenants()
        found["refused"] = _refused()
    if user.has_perm("ingest.view_auditentry"):
        found["audit"] = _audit()
    return found


def _ring() -> dict[str, Any]:
    view = get_ring_view()
    status, cards = view.status(), view.instances()
    return {
        "is_well": not status.problems,
        "active": status.by_state.get("ACTIVE", 0),
        "of": len(status.instances),
        "zones": len(status.zones),
        "copies": status.replication_factor,
        "problems": status.problems,
        "stale": format_duration(round(status.stale_seconds)) if status.stale_seconds else "",
        "unnamed": max(0, len(cards) - MAX_ROWS),
        "instances": [
            {
                "id": card.member.id,
                "zone": card.member.zone,
                "state": card.member.shown_state,
                "heartbeat": f"{card.member.heartbeat_age_seconds:.0f} s",
                "share": f"{card.member.ownership:.1%}",
                "waiting": "unknown" if card.queue_depth is None else card.queue_depth,
            }
            for card in cards[:MAX_ROWS]
        ],
    }


def _storage() -> dict[str, Any]:
    sums = BlockRecord.objects.exclude(state=BlockState.GONE).aggregate(
        blocks=Count("pk"), profiles=Sum("profiles", default=0), size=Sum("size_bytes", default=0)
    )
    newest = BlockRecord.objects.aggregate(registered=Max("registered_at"))["registered"]
    return {
        "blocks": sums["blocks"],
        "profiles": sums["profiles"],
        "size": shown_bytes(sums["size"]),
        "newest": "" if newest is None else shown_moment(newest),
    }


def _tenants() -> dict[str, Any]:
    works = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=Now()))
    tokens = dict(
        ApiToken.objects.filter(works)
        .order_by()
        .values_list("tenant")
        .annotate(found=Count("id"))
        .values_list("tenant", "found")
    )
    own = dict(Tenant.objects.values_list("name", "pk"))
    stored = list(
        BlockRecord.objects.exclude(state=BlockState.GONE)
        .order_by()
        .values("tenant")
        .annotate(size=Sum("size_bytes"), blocks=Count("pk"), newest_ns=Max("max_time_ns"))
        .order_by("-size")
    )
    rows = [
        {
            "name": row["tenant"],
            "pk": own.get(row["tenant"]),
            "size": shown_bytes(row["size"]),
            "blocks": row["blocks"],
            "newest": shown_ns(row["newest_ns"]),
            "tokens": tokens.get(row["tenant"], 0),
        }
        for row in stored[:MAX_ROWS]
    ]
    names = {row["tenant"] for row in stored} | set(own) | set(tokens)
    return {"count": len(names), "with_own": len(own), "tokens": sum(tokens.values()), "rows": rows}


def _refused() -> dict[str, Any]:
    found: Mapping[tuple[str, str], float] = discarded_profiles()
    ordered = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    rows = [
        {"reason": reason, "tenant": tenant, "profiles": round(profiles)}
        for (reason, tenant), profiles in ordered[:MAX_ROWS]
    ]
    return {"profiles": round(sum(found.values())), "rows": rows, "unnamed": max(0, len(ordered) - MAX_ROWS)}


def _audit() -> dict[str, Any]:
    rows = [
        {
            "at": shown_moment(entry.at),
            "actor": entry.actor,
            "action": entry.action,
            "about": entry.tenant or entry.instance or entry.detail[:80],
            "outcome": entry.outcome,
        }
        for entry in AuditEntry.objects.all()[:MAX_ROWS]
    ]
    return {"rows": rows, "all_url": list_url("ingest.auditentry")}
