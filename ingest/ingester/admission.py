"""Where a profile belongs by its time: into the in-order head, into the late one, or nowhere. Pure.

The rule is Mimir's for out-of-order samples, with a tenant's profiles in place of the samples of a series:

* H: the newest time the tenant has on this ingester;
* V: the earliest time that is in order, which is the end of the tenant's last sealed in-order head, or half the age of
  a head before H, whichever is later;
* W: the tenant's window for late profiles.

======================================  ==========
time T                                  admission
======================================  ==========
T >= V, or the tenant has nothing here  IN_ORDER
W > 0 and T >= H - W                    LATE
everything else                         TOO_OLD
======================================  ==========

Heads of in-order profiles therefore follow each other without overlap. All times are nanoseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

#: No head was sealed yet: earlier than every time.
NOTHING_SEALED_NS = -(2**63)


class Admission(Enum):
    """What becomes of a profile."""

    IN_ORDER = auto()
    LATE = auto()
    TOO_OLD = auto()


@dataclass(frozen=True, slots=True)
class TenantTimes:
    """What an ingester knows of the times of one tenant."""

    newest_ns: int  #: H
    sealed_until_ns: int = NOTHING_SEALED_NS  #: end, exclusive, of the last sealed in-order head

    def in_order_from_ns(self, half_range_ns: int) -> int:
        """Return V; ``half_range_ns`` is half the age at which a head is sealed."""
        return max(self.sealed_until_ns, self.newest_ns - half_range_ns)


def admit(time_ns: int, seen: TenantTimes | None, half_range_ns: int, window_ns: int) -> Admission:
    """Decide on a profile of a tenant that has nothing here when ``seen`` is None. ``window_ns`` 0 takes none late."""
    if seen is None or time_ns >= seen.in_order_from_ns(half_range_ns):
        return Admission.IN_ORDER
    if window_ns > 0 and time_ns >= seen.newest_ns - window_ns:
        return Admission.LATE
    return Admission.TOO_OLD


def after_append(seen: TenantTimes | None, newest_ns: int) -> TenantTimes:
    """Return the times once a profile of ``newest_ns`` was taken in order."""
    if seen is None:
        return TenantTimes(newest_ns)
    return seen if newest_ns <= seen.newest_ns else TenantTimes(newest_ns, seen.sealed_until_ns)


def after_part(seen: TenantTimes | None, max_time_ns: int, sealed_in_order: bool) -> TenantTimes:
    """Return the times once a head or block that ends at ``max_time_ns``, inclusive, is known."""
    times = after_append(seen, max_time_ns)
    if not sealed_in_order or max_time_ns < times.sealed_until_ns:
        return times
    return TenantTimes(times.newest_ns, max_time_ns + 1)
