"""What the admin tells of a tenant's limits: for each where its value comes from, since when, and how much is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from ingest.models import Tenant, TenantChange
from ingest.profiles.limit_table import LIMIT_TABLE, LimitInfo, LimitKind, format_limit
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.profiles.readable import shown_bytes, shown_moment

#: Changes that the page of a tenant shows; the others are in the list of all.
MAX_CHANGES = 20


@dataclass(frozen=True, slots=True)
class ShownLimit:
    """One limit of one tenant, in words."""

    name: str
    title: str
    default: str
    default_source: str  #: the variable that set it; empty for what is built in
    own: str  #: empty: the tenant has the default
    in_force: str
    effect: str  #: since when it is in force, or from when on it will be
    used: str  #: how much of it is taken now; empty where that is not counted or not known


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One change of one setting, in words."""

    at: str
    title: str
    value: str
    effective: str
    by: str


def shown_limits(tenant: Tenant, now: datetime, in_force: Limits, used: Mapping[str, int]) -> list[ShownLimit]:
    """Return every limit; ``used`` is by the field of Limits. Raises django.db.DatabaseError."""
    own, latest = tenant.own_limits(), _latest_changes(tenant.name)
    rows: list[ShownLimit] = []
    for info in LIMIT_TABLE:
        default, value = info.value_in(settings.LIMITS), info.value_in(in_force)
        is_pending = info.name in own and own[info.name] != value
        rows.append(
            ShownLimit(
                name=info.column,
                title=info.title,
                default=_shown(info, default),
                default_source=_variable(info) if default != info.value_in(DEFAULT_LIMITS) else "",
                own=_shown(info, own[info.name]) if info.name in own else "",
                in_force=_shown(info, value),
                effect=_effect(latest.get(info.column), now, is_pending),
                used=_used(info, value, used),
            )
        )
    return rows


def shown_changes(tenant: str) -> list[ShownChange]:
    """Return the newest changes of a tenant's settings, the newest first. Raises django.db.DatabaseError."""
    infos = {info.column: info for info in LIMIT_TABLE}
    return [
        ShownChange(
            at=shown_moment(change.changed_at),
            title=infos[change.setting].title if change.setting in infos else change.setting,
            value=change_value(change),
            effective=shown_moment(change.effective_at) if change.effective_at > change.changed_at else "at once",
            by=change.changed_by,
        )
        for change in TenantChange.objects.filter(tenant=tenant)[:MAX_CHANGES]
    ]


def change_value(change: TenantChange) -> str:
    """Return what a setting was changed to, as people write it."""
    value = change.value if change.text is None else change.text
    info = next((info for info in LIMIT_TABLE if info.column == change.setting), None)
    if value is None:
        return "the default"
    return str(value) if info is None else _shown(info, value)


def used_share(used: int, limit: int) -> str:
    """Return what is taken of a limit, and its share."""
    share = used / limit
    return f"{used} of {limit} ({'under 1%' if 0 < share < 0.01 else format(share, '.0%')})"


def _latest_changes(tenant: str) -> dict[str, TenantChange]:
    latest: dict[str, TenantChange] = {}
    for change in TenantChange.objects.filter(tenant=tenant).order_by("id").iterator():
        latest[change.setting] = change
    return latest


def _effect(change: TenantChange | None, now: datetime, is_pending: bool) -> str:
    if change is None:
        return ""
    if change.effective_at > now:
        return f"from {shown_moment(change.effective_at)} on, set by {change.changed_by}"
    if is_pending:
        return f"within seconds, set by {change.changed_by}"
    return f"since {shown_moment(change.effective_at)}, set by {change.changed_by}"


def _used(info: LimitInfo, limit: int | str, used: Mapping[str, int]) -> str:
    taken = used.get(info.name)
    if taken is None or not isinstance(limit, int) or not limit:
        return ""
    if info.kind is LimitKind.BYTES:
        return f"{shown_bytes(taken)} of {format_limit(info, limit)} ({taken / limit:.0%})"
    return used_share(taken, limit)


def _shown(info: LimitInfo, value: int | str) -> str:
    if isinstance(value, str) and "\n" in value.strip():
        return f"{len(value.strip().splitlines())} lines"
    return format_limit(info, value) or "none"


def _variable(info: LimitInfo) -> str:
    return f"PHLARE_LIMIT_{info.column.upper()}"
