"""What an operator can turn in the database, as one frozen value. The composition root hands its fields to the parts.

Limits of a tenant are not here but in :mod:`ingest.profiles.limits`; what concerns membership is the ring's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """Settings of the write path, the ingesters and the read path of one process."""

    data_dir: Path
    """Root of everything kept on this machine."""

    instance_id: str = ""
    """Identifier of the ingester that runs in this process; empty in every other process."""

    zone: str = ""
    """Availability zone of this process; empty means none."""

    multitenancy_enabled: bool = False
    """Whether requests must name their tenant; otherwise all data belongs to ``anonymous``."""

    # -------------------------------------------------------------------------------------------------- write path

    push_deadline_seconds: float = 5.0
    """How long a push waits for its quorum before it is answered as unavailable."""

    payload_keep_seconds: int = 600
    """How long a pushed payload waits in Redis for an ingester that is away: the window in which a restarted ingester
    still catches up from its queue."""

    max_queue_messages: int = 2_000
    """Messages waiting for one ingester beyond which it counts as overloaded: what it still gets nobody waits for."""

    max_outstanding_bytes: int = 256 * MIB
    """Payload bytes one web process keeps for replicas that have not answered yet; beyond it pushes are refused."""

    # --------------------------------------------------------------------------------------------------- ingester

    head_max_bytes: int = 64 * MIB
    """Memory of one tenant's head at which it is sealed and written as a block."""

    head_max_age_seconds: float = 3600.0
    """Age of a head at which it is sealed even when it is small."""

    heads_max_bytes: int = 256 * MIB
    """Memory of all heads of one ingester together, sealed ones included; beyond it writes are refused as overload.
    An ingester takes about 300 MiB beside them when it writes a block."""

    wal_segment_bytes: int = 32 * MIB
    """Size at which a segment of the write-ahead log is cut."""

    wal_checkpoint_bytes: int = 256 * MIB
    """Size of a log beyond which what its heads still need of the oldest segments is copied out of the rest."""

    min_free_disk_bytes: int = 512 * MIB
    """Free space of the data directory below which an ingester only reads."""

    upload_interval_seconds: float = 15.0
    """Pause between two looks for written blocks that are not uploaded yet."""

    upload_retry_max_seconds: float = 300.0
    """Longest pause between two attempts to upload the same block; pauses double from one second."""

    local_retention_seconds: float = 900.0
    """How long an uploaded block stays on the ingester's disk, so that running queries finish on it."""

    flush_on_shutdown: bool = True
    """Whether a stopping ingester writes its heads as blocks and uploads them. Whoever keeps something unregisters
    never, whatever the ring's own setting says."""

    leave_timeout_seconds: float = 60.0
    """How long a stopping ingester may take to flush and upload its heads; what is left stays in its log."""

    # -------------------------------------------------------------------------------------------------- read path

    query_deadline_seconds: float = 30.0
    """How long a query waits for its sources; later ones are reported as missing."""

    query_max_blocks: int = 5_000
    """Blocks of the bucket one query may read; one that would read more is refused. A day of hourly blocks of three
    ingesters is 72; a search over many more is a mistake that would keep the block workers from everybody else."""

    query_minimize_enabled: bool = True
    """Whether a query asks only as many ingesters as its answer needs, and the others when one fails or is slow."""

    query_hedge_seconds: float = 1.0
    """Delay after which a query asks one more zone, or ingester, while its answer is not complete; 0 asks all at
    once."""

    shard_lookback_seconds: float = 43_200.0
    """How long an ingester that once took a tenant's writes is asked for them: has to cover the time in which data is
    only on ingesters. It is stretched when an ingester says that its data waits for longer."""

    # ------------------------------------------------------------------------------------------------------- retention

    retention_interval_seconds: float = 60.0
    """Pause between two looks for blocks that are older than their tenant keeps them."""

    retention_delay_seconds: float = 43_200.0
    """From the moment a block is hidden from queries until its objects are deleted: the time in which a wrong setting
    can be taken back. Longer than any query that may still know of the block."""

    # ------------------------------------------------------------------------------------------------------ push inbox

    inbox_rows: int = 100
    """Rows of a tenant's push inbox for pushes that went well, and again for those that did not; 0 keeps no inbox."""

    inbox_tenants: int = 100
    """Tenants with an inbox; of more, those that pushed last. All inboxes take at most
    ``2 * inbox_rows * inbox_tenants`` times 2.5 KiB of Redis, and a quarter of that in practice."""

    inbox_keep_seconds: float = 86_400.0
    """How long the inbox of a tenant is kept after its last push."""

    # -------------------------------------------------------------------------------------------------- periodic work

    tick_seconds: float = 15.0
    """Pause between two rounds of periodic work."""

    @property
    def upload_seconds(self) -> float:
        """How long a profile is on ingesters only while the bucket can be written, one failure included."""
        return self.head_max_age_seconds + self.upload_interval_seconds + self.upload_retry_max_seconds

    @property
    def held_seconds(self) -> float:
        """How long a profile may be on ingesters, the copy that stays on their disks after the upload included."""
        return self.upload_seconds + self.local_retention_seconds

    def validate_retention(self) -> list[str]:
        """Return what cannot work together of retention, one sentence each; empty when all is well."""
        # Of the bucket a query asks for digests, identities and rows, each within the deadline, by one look into the
        # catalogue.
        longest_seconds = 3 * self.query_deadline_seconds
        if self.retention_delay_seconds < longest_seconds:
            return [
                f"The delay of deletions ({self.retention_delay_seconds:g} s) is shorter than a query may read a block "
                f"({longest_seconds:g} s: three times the deadline of a query)."
            ]
        return []

    def validate(self) -> list[str]:
        """Return what cannot work together, one sentence each; empty when all is well."""
        if self.shard_lookback_seconds < self.upload_seconds:
            return [
                f"The look-back of shards ({self.shard_lookback_seconds:g} s) is shorter than profiles stay on "
                f"ingesters only ({self.upload_seconds:g} s: age of a head, pause between uploads, pause after a "
                "failure), so queries could miss them."
            ]
        return []
