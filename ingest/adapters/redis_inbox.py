"""The push inbox in Redis: a bounded set of rows for each of a bounded number of tenants.

Layout, for a tenant:

    phlare:inbox:<tenant>           hash   r:<row>    document of the row (:mod:`ingest.inbox.documents`)
                                           n:<row>    pushes it stands for
                                           f:<row>    time of the first of them, Unix milliseconds
                                           sequence   of the last change: microseconds of Redis' clock, or one more
    phlare:inbox:<tenant>:well      zset   rows of pushes that went well, by the sequence of their last change
    phlare:inbox:<tenant>:trouble   zset   the other rows
    phlare:inbox:<tenant>:hours     hash   <hour>/<verdict>/<reason>: profiles; hours since 1970; the last 25 are kept
                                           <hour>/<verdict>/<reason>/bytes: their bytes, decompressed
                                           hour: the last one, at whose change those before are taken out
    phlare:inboxes                  zset   tenants by the time of their last push

One script writes the rows of a tenant and takes out what is beyond the bounds, so that they hold at every moment. A
sequence goes on from the clock when the keys were lost, so that whoever follows an inbox misses nothing.

Nothing of it matters to a push: a thread writes a few times a second, and what Redis does not take is counted and
forgotten.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import redis
import structlog
from prometheus_client import Counter

from ingest.adapters.keys import INBOX_PREFIX, INBOXES_KEY, inbox_hours_key, inbox_keys
from ingest.inbox.buffer import InboxBuffer
from ingest.inbox.documents import decode_document, encode_document, row_key
from ingest.inbox.types import Cause, HourCount, Row, Tally, Verdict
from ingest.querier.types import Unavailable

log = structlog.get_logger(__name__)

#: Pause between two writes: a push is in the inbox after that, which is what people take for at once.
PERIOD_SECONDS = 0.2
#: Hours of which it is known how many profiles fared how: a day and the one that has begun.
HOURS_KEPT = 25
_MS_PER_HOUR = 3_600_000
#: End of the name of a field that holds bytes.
_BYTES = b"/bytes"
#: Pause after a write that failed.
RETRY_SECONDS = 2.0

_ROWS = Counter("phlare_inbox_rows", "Rows of the push inbox written.")
_LOST = Counter("phlare_inbox_lost_pushes", "Pushes that are not in the inbox, by cause.", ["cause"])

#: KEYS: rows, order of those that went well, order of the others, tenants. ARGV: tenant, time (ms), rows of an order,
#: tenants, seconds to keep, prefix of an inbox; then for each row: its name, 1 for trouble, pushes, time of the first,
#: document.
_WRITE = """
local rows, bound = KEYS[1], tonumber(ARGV[3])
local time = redis.call('TIME')
local sequence = math.max(tonumber(redis.call('HGET', rows, 'sequence') or '0'), time[1] * 1000000 + time[2])
for i = 7, #ARGV, 5 do
  local row, order = ARGV[i], KEYS[2 + tonumber(ARGV[i + 1])]
  sequence = sequence + 1
  redis.call('HSET', rows, 'r:' .. row, ARGV[i + 4])
  redis.call('HINCRBY', rows, 'n:' .. row, ARGV[i + 2])
  redis.call('HSETNX', rows, 'f:' .. row, ARGV[i + 3])
  redis.call('ZADD', order, string.format('%.0f', sequence), row)
end
redis.call('HSET', rows, 'sequence', string.format('%.0f', sequence))
redis.call('EXPIRE', rows, ARGV[5])
for i = 2, 3 do
  local excess = redis.call('ZCARD', KEYS[i]) - bound
  if excess > 0 then
    local gone = redis.call('ZPOPMIN', KEYS[i], excess)
    for j = 1, #gone, 2 do
      redis.call('HDEL', rows, 'r:' .. gone[j], 'n:' .. gone[j], 'f:' .. gone[j])
    end
  end
  redis.call('EXPIRE', KEYS[i], ARGV[5])
end
redis.call('ZADD', KEYS[4], ARGV[2], ARGV[1])
local excess = redis.call('ZCARD', KEYS[4]) - tonumber(ARGV[4])
if excess > 0 then
  local gone = redis.call('ZPOPMIN', KEYS[4], excess)
  for j = 1, #gone, 2 do
    local key = ARGV[6] .. gone[j]
    redis.call('DEL', key, key .. ':well', key .. ':trouble', key .. ':hours')
  end
end
"""

#: KEYS: hours. ARGV: the hour, seconds to keep, then fields and what to add to each.
_COUNT = f"""
local key, hour = KEYS[1], tonumber(ARGV[1])
if tonumber(redis.call('HGET', key, 'hour') or '-1') < hour then
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local of = tonumber(string.match(field, '^(%d+)/'))
    if of and of <= hour - {HOURS_KEPT} then redis.call('HDEL', key, field) end
  end
  redis.call('HSET', key, 'hour', hour)
end
for i = 3, #ARGV, 2 do redis.call('HINCRBY', key, ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', key, ARGV[2])
"""


class RedisInbox:
    """Reads and writes inboxes."""

    def __init__(self, client: redis.Redis, max_rows: int, max_tenants: int, keep_seconds: int) -> None:
        """``max_rows``: of those that went well, and again of the others, for each tenant."""
        self._client = client
        self._bounds = (max_rows, max_tenants, keep_seconds)
        self._write_script = client.register_script(_WRITE)
        self._count_script = client.register_script(_COUNT)

    def write(self, taken: dict[Cause, Tally]) -> None:
        """Add pushes to the inboxes of their tenants. Raises redis.RedisError."""
        by_tenant: dict[str, list[tuple[Cause, Tally]]] = {}
        for cause, tally in taken.items():
            by_tenant.setdefault(cause.tenant, []).append((cause, tally))
        pipeline = self._client.pipeline(transaction=False)
        for tenant, tallies in by_tenant.items():
            at_ms = max(tally.latest.at_ms for _, tally in tallies)
            arguments: list[Any] = [tenant, at_ms, *self._bounds, INBOX_PREFIX]
            for cause, tally in tallies:
                arguments += (row_key(cause), int(cause.is_trouble), tally.count, tally.first_ms)
                arguments.append(encode_document(cause, tally.latest))
            self._write_script(keys=[*inbox_keys(tenant), INBOXES_KEY], args=arguments, client=pipeline)
            counts = _hour_counts(at_ms // _MS_PER_HOUR, tallies)
            self._count_script(keys=[inbox_hours_key(tenant)], args=counts, client=pipeline)
        pipeline.execute()

    def hours(self, tenant: str, now_ms: int) -> list[HourCount]:
        """Return how a tenant's profiles fared in the last day, oldest first. Raises Unavailable when Redis is away."""
        try:
            found: Any = self._client.hgetall(inbox_hours_key(tenant))
        except redis.RedisError as error:
            raise Unavailable(f"Redis cannot be reached: {error}") from error
        since = now_ms // _MS_PER_HOUR - HOURS_KEPT
        counts = []
        for field, count in found.items():
            hour, *cause = field.decode().split("/")
            if len(cause) != 2 or int(hour) <= since or cause[0] not in set(Verdict):
                continue
            verdict, reason = cause
            raw_bytes = int(found.get(field + _BYTES, 0))
            counts.append(HourCount(int(hour) * _MS_PER_HOUR, Verdict(verdict), reason, int(count), raw_bytes))
        return sorted(counts)

    def rows(self, tenant: str) -> list[Row]:
        """Return the rows of a tenant, the last changed first. Raises Unavailable when Redis is away."""
        hash_key, *orders = inbox_keys(tenant)
        try:
            pipeline = self._client.pipeline(transaction=False)
            for order in orders:
                pipeline.zrange(order, 0, -1, withscores=True)
            ordered = sorted(
                ((int(score), name) for found in pipeline.execute() for name, score in found), reverse=True
            )
            if not ordered:
                return []
            fields = [prefix + name for _, name in ordered for prefix in (b"r:", b"n:", b"f:")]
            values: Any = self._client.hmget(hash_key, fields)
        except redis.RedisError as error:
            raise Unavailable(f"Redis cannot be reached: {error}") from error
        rows: list[Row] = []
        for index, (sequence, _) in enumerate(ordered):
            text, count, first_ms = values[3 * index : 3 * index + 3]
            document = decode_document(text) if text is not None else None
            if document is not None and count is not None and first_ms is not None:
                rows.append(Row(sequence, int(count), int(first_ms), document))
        return rows


def _hour_counts(hour: int, tallies: Sequence[tuple[Cause, Tally]]) -> list[Any]:
    """Return the arguments that count what fared how."""
    counts: dict[str, int] = {}
    for cause, tally in tallies:
        field = f"{hour}/{cause.verdict}/{cause.reason.value if cause.reason else ''}"
        for name, amount in ((field, tally.count), (field + _BYTES.decode(), tally.raw_bytes)):
            counts[name] = counts.get(name, 0) + amount
    pairs = [part for pair in counts.items() for part in pair]
    return [hour, (HOURS_KEPT + 1) * _MS_PER_HOUR // 1000, *pairs]


class InboxWriter:
    """Carries what a process has noted into Redis, on a thread of its own."""

    def __init__(self, buffer: InboxBuffer, inbox: RedisInbox) -> None:
        self._buffer = buffer
        self._inbox = inbox
        self._is_away = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def start(self) -> None:
        """Go on writing until closed."""
        self._thread.start()

    def close(self) -> None:
        """Write what is there, and stop."""
        self._closing.set()
        self._thread.join()

    def write(self) -> bool:
        """Write what has come since the last time; returns whether Redis took it."""
        taken, lost = self._buffer.take()
        if lost:
            _LOST.labels("buffer").inc(lost)
        if not taken:
            return True
        try:
            self._inbox.write(taken)
        except redis.RedisError as error:
            _LOST.labels("redis").inc(sum(tally.count for tally in taken.values()))
            if not self._is_away:
                self._is_away = True
                log.warning("inbox_not_written", error=str(error))
            return False
        _ROWS.inc(len(taken))
        self._is_away = False
        return True

    def _run(self) -> None:
        pause_seconds = PERIOD_SECONDS
        while not self._closing.wait(pause_seconds):
            pause_seconds = PERIOD_SECONDS if self._write_safely() else RETRY_SECONDS
        self._write_safely()

    def _write_safely(self) -> bool:
        try:
            return self.write()
        except Exception:  # a defect must not end the thread: nothing would be noted again
            log.exception("inbox_failed")
            return False
