"""How fast a tenant may send: one token bucket for all distributors, from which each takes budget ahead.

A push costs the bytes of its labels and of its profiles once decompressed. The bucket of a tenant lies where every
distributor reaches it (:class:`Lender`). A distributor borrows what the push needs and a tenth of a second's rate on
top, and serves the following pushes from that: asking costs one push in many a round trip, the others a lock.

Bounds, with N distributors, a rate and a burst in bytes:

* over any time of t seconds at most ``burst + rate * (t + N * LEASE_SECONDS)`` are taken: what is borrowed and not
  spent is all that can come on top;
* a push is refused only when the shared bucket does not hold its bytes, or did not a moment ago. What the bucket lacks
  because others have borrowed it is ``N * LEASE_SECONDS`` of the rate at most;
* nobody is refused while the lender cannot be asked. The bucket and the queues of pushes are in the same Redis, so
  there is nothing to protect then.

What was charged before a refusal is not given back: whoever sends bytes that are then refused has had them read.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ingest.profiles.limits import Limits
from ingest.profiles.quantities import format_bytes
from ingest.profiles.reasons import Reason, Rejection

#: Seconds of the rate that a distributor borrows ahead.
LEASE_SECONDS = 0.1
#: Seconds for which a distributor does not ask again after a refusal: a tenant over its rate costs no more than others.
PAUSE_SECONDS = 0.02
#: Tenants a distributor keeps accounts of. One that is dropped forgets what it had borrowed, which harms nobody.
MAX_ACCOUNTS = 10_000
#: Seconds for which a lender that could not be asked is left alone.
AWAY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Lease:
    """What a lender answers."""

    granted_bytes: int  #: 0 when the bucket does not hold what is needed
    level_bytes: int  #: what is left in it


class Lender(Protocol):
    """Keeps the bucket of each tenant: it fills with the rate up to the burst, and is full at first."""

    def lend(
        self, tenant: str, need_bytes: int, want_bytes: int, rate_bytes_per_second: int, burst_bytes: int
    ) -> Lease | None:
        """Take at least ``need_bytes`` and up to ``want_bytes`` out, or nothing. None when the lender is away."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a push is not taken, and when the same one would be."""

    rejection: Rejection
    retry_after_seconds: int | None  #: None: never


@dataclass(slots=True)
class _Account:
    """What one distributor has borrowed for one tenant."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    balance_bytes: int = 0  #: below 0: a push turned out larger than what it was charged
    #: What is known of the shared bucket since it last refused. Others only take out of it, so that it cannot hold more
    #: than this and what has flowed in since.
    level_bytes: int = 0
    level_at_seconds: float = -math.inf


class RateLimiter:
    """The rates of all tenants in one process. Thread-safe."""

    def __init__(self, lender: Lender, clock_seconds: Callable[[], float]) -> None:
        self._lender = lender
        self._clock_seconds = clock_seconds
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        self._lock = threading.Lock()
        self._away_until_seconds = -math.inf

    def take(self, tenant: str, size_bytes: int, limits: Limits) -> Refusal | None:
        """Charge a push before any work is done for it; returns why it is refused, or None."""
        rate, burst = limits.ingestion_rate_bytes_per_second, limits.ingestion_burst_bytes
        if not rate:
            return None
        if size_bytes > burst:
            return Refusal(_larger_than_burst(size_bytes, limits), None)
        account = self._account(tenant)
        with account.lock:
            ahead_bytes = int(rate * LEASE_SECONDS)
            account.balance_bytes = min(account.balance_bytes, ahead_bytes)  # the rate may have been lowered
            if account.balance_bytes < size_bytes:
                missing_bytes = self._borrow(tenant, account, size_bytes, ahead_bytes, limits)
                if missing_bytes > 0:
                    return _used_up(size_bytes, math.ceil(missing_bytes / rate), limits)
            account.balance_bytes -= size_bytes
        return None

    def charge(self, tenant: str, more_bytes: int, limits: Limits) -> None:
        """Charge what a push turned out to be larger than it said; nobody is refused for it now."""
        if more_bytes > 0 and limits.ingestion_rate_bytes_per_second:
            account = self._account(tenant)
            with account.lock:
                account.balance_bytes -= more_bytes

    def _borrow(self, tenant: str, account: _Account, size_bytes: int, ahead_bytes: int, limits: Limits) -> float:
        """Borrow for a push that the balance does not cover; returns how many bytes the bucket lacks for it."""
        now_seconds = self._clock_seconds()
        rate, burst = limits.ingestion_rate_bytes_per_second, limits.ingestion_burst_bytes
        # A debt beyond the burst could never be borrowed at once, so what is above it waits.
        need_bytes = min(size_bytes - account.balance_bytes, burst)
        since_seconds = now_seconds - account.level_at_seconds
        held_at_most = account.level_bytes + rate * since_seconds
        if held_at_most < need_bytes:
            return need_bytes - held_at_most
        if account.level_bytes < need_bytes and since_seconds < PAUSE_SECONDS:
            return rate * (PAUSE_SECONDS - since_seconds)
        lease = None
        if now_seconds >= self._away_until_seconds:
            lease = self._lender.lend(tenant, need_bytes, need_bytes + ahead_bytes, rate, burst)
            if lease is None:
                self._away_until_seconds = now_seconds + AWAY_SECONDS
        if lease is None:
            account.balance_bytes = size_bytes
            return 0
        if not lease.granted_bytes:
            account.level_bytes, account.level_at_seconds = lease.level_bytes, now_seconds
            return need_bytes - lease.level_bytes
        account.balance_bytes += lease.granted_bytes
        return 0

    def _account(self, tenant: str) -> _Account:
        with self._lock:
            account = self._accounts.get(tenant)
            if account is None:
                account = self._accounts[tenant] = _Account()
                if len(self._accounts) > MAX_ACCOUNTS:
                    self._accounts.popitem(last=False)
            else:
                self._accounts.move_to_end(tenant)
            return account


def _larger_than_burst(size_bytes: int, limits: Limits) -> Rejection:
    message = (
        f"The request counts {size_bytes} bytes of labels and uncompressed profiles, more than the burst of "
        f"{format_bytes(limits.ingestion_burst_bytes)} (ingestion_burst_bytes) ever allows at once: it can never pass. "
        "Send fewer profiles per request, or raise the burst."
    )
    return Rejection(Reason.BODY_SIZE_LIMIT_EXCEEDED, message)


def _used_up(size_bytes: int, retry_after_seconds: int, limits: Limits) -> Refusal:
    message = (
        f"The tenant sends more than {format_bytes(limits.ingestion_rate_bytes_per_second)} a second with bursts of "
        f"{format_bytes(limits.ingestion_burst_bytes)} (ingestion_rate_bytes_per_second, ingestion_burst_bytes); this "
        f"request counts {size_bytes} bytes of labels and uncompressed profiles. Nothing of it was stored; try again "
        f"in {retry_after_seconds} s."
    )
    return Refusal(Rejection(Reason.RATE_LIMITED, message), retry_after_seconds)
