"""How long the scenarios take: seconds in the suite, minutes and the settings of real use by ``make chaos-hosts``."""

from __future__ import annotations

import os

#: The long version keeps the defaults for the ring. In both a cut outlasts the heartbeat timeout, and in the short one
#: that is long enough for a host that waits for its turn on a busy machine.
IS_LONG = os.environ.get("PHLARE_CHAOS_HOSTS") == "long"
CUT_SECONDS = 90.0 if IS_LONG else 14.0
DELAY_SECONDS = 60.0 if IS_LONG else 6.0
#: How long a push waits for its quorum. All hosts of a test share one disk and two cores: on a busy machine a flush may
#: take seconds on every host at once, which no number of replicas helps against.
PUSH_DEADLINE_SECONDS = 5 if IS_LONG else 15
#: A cut after which pushes that need what is cut off have been refused.
REFUSING_CUT_SECONDS = max(CUT_SECONDS, PUSH_DEADLINE_SECONDS + 3.0)
SETTINGS = {
    "PHLARE_RING_HEARTBEAT_PERIOD_SECONDS": "5s" if IS_LONG else "1s",
    "PHLARE_RING_HEARTBEAT_TIMEOUT_SECONDS": "1m" if IS_LONG else "10s",
    "PHLARE_UPLOAD_INTERVAL_SECONDS": "2s",
    "PHLARE_HEAD_MAX_AGE_SECONDS": "20s",
    "PHLARE_TICK_SECONDS": "2s",
    "PHLARE_MIN_FREE_DISK_BYTES": "64MiB",
    "PHLARE_PUSH_DEADLINE_SECONDS": f"{PUSH_DEADLINE_SECONDS}s",
}
