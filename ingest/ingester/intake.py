"""A payload on its way into the store: its records, and to which of the two logs each belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field

from ingest.ingester.admission import Admission, TenantTimes, admit, after_append
from ingest.profiles.record import PushRecord, decode_record, iter_records
from ingest.profiles.record_columns import RecordError
from ingest.storage.fs import Buffer


@dataclass(slots=True)
class Received:
    """One payload. The lists have one entry a record, in the order of the payload."""

    payload: bytes
    records: list[PushRecord | RecordError] = field(default_factory=list)
    views: list[memoryview] = field(default_factory=list)  #: bytes of each record; none where no record could be found
    admissions: list[Admission | None] = field(default_factory=list)  #: None for a damaged record

    def cut_to(self, admission: Admission) -> Buffer | None:
        """Return the bytes of the records with this admission: the payload as it came when it is all of them."""
        wanted = [one is admission for one in self.admissions]
        if all(wanted):
            return self.payload if wanted else None
        return b"".join(view for view, keep in zip(self.views, wanted, strict=True) if keep) or None


def receive(payload: bytes) -> Received:
    """Decode every record of a payload; one that is damaged costs the others nothing."""
    received = Received(payload)
    try:
        for view in iter_records(payload):
            received.views.append(view)
            try:
                received.records.append(decode_record(view))
            except RecordError as error:
                received.records.append(error)
    except RecordError as error:
        received.views.append(memoryview(b""))
        received.records.append(error)
    return received


def admit_all(
    received: Iterable[Received],
    known: Mapping[str, TenantTimes],
    half_range_ns: int,
    window_ns_of: Callable[[str], int],
) -> dict[str, TenantTimes]:
    """Decide on every record, in order; return the new times of the tenants that had records in order.

    The groups of a record come from one profile and share its time. Should they not, the earliest decides, so that
    nothing of a record can lie before the end of a sealed head.
    """
    changed: dict[str, TenantTimes] = {}
    windows: dict[str, int] = {}
    for one in received:
        one.admissions = []
        for record in one.records:
            if isinstance(record, RecordError):
                one.admissions.append(None)
                continue
            tenant = record.tenant
            if tenant not in windows:
                windows[tenant] = window_ns_of(tenant)
            seen = changed.get(tenant) or known.get(tenant)
            one.admissions.append(_admit(record, seen, half_range_ns, windows[tenant], changed))
    return changed


def _admit(
    record: PushRecord,
    seen: TenantTimes | None,
    half_range_ns: int,
    window_ns: int,
    changed: MutableMapping[str, TenantTimes],
) -> Admission:
    times = [group.time_ns for group in record.groups]
    if not times:
        return Admission.IN_ORDER  # nothing that could be late
    admission = admit(min(times), seen, half_range_ns, window_ns)
    if admission is Admission.IN_ORDER:
        changed[record.tenant] = after_append(seen, max(times))
    return admission


def tenant_bytes(received: Iterable[Received], admission: Admission) -> dict[str, int]:
    """Return how many bytes of records with this admission each tenant has."""
    sizes: dict[str, int] = {}
    for one in received:
        for record, view, found in zip(one.records, one.views, one.admissions, strict=True):
            if found is admission and isinstance(record, PushRecord):
                sizes[record.tenant] = sizes.get(record.tenant, 0) + len(view)
    return sizes
