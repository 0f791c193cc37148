"""The limits that all distributors share, in Redis: a token bucket and a count of series for each tenant.

Every change is one script, which runs as a whole, by the server's clock. Keys expire when they say nothing any more.

The series of a tenant lie in sets of 64-bit numbers, a generation for each window. A set is kept to a few hundred
members, because Redis then stores 8 bytes for each; a large set would take seven times that. How many sets a generation
has follows from the limit at its beginning.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import redis
import structlog
from prometheus_client import Counter

from ingest.adapters.keys import rate_key, series_key
from ingest.distributor.rates import Lease
from ingest.distributor.series import WINDOW_SECONDS, GroupSeries, Registered

log = structlog.get_logger(__name__)

_UNASKED = Counter("phlare_limits_unasked", "Pushes let through because Redis could not be asked.", ["limit"])

#: Members registered by one run of the script at most: it holds up everybody else for about a microsecond each.
MAX_MEMBERS_A_RUN = 2000

# KEYS: the bucket. ARGV: rate, burst, needed, wanted. Returns what was granted and what is left.
_LEND = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local rate, burst, need, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = burst
if kept[1] then
  level = math.min(burst, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * rate / 1000000)
end
if level < need then return {0, math.floor(level)} end
local granted = math.floor(math.min(level, want))
redis.call('HSET', KEYS[1], 'level', string.format('%.3f', level - granted), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 60000)
return {granted, math.floor(level - granted)}
"""

# KEYS: the state. ARGV: length of a window in ms, limit, then for each group the number of its members and the members.
# Returns the active series, the window, what is left of it in ms, and the indexes of the groups that were refused.
_REGISTER = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local length, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local window = math.floor(now / length)
local kept = redis.call('HMGET', KEYS[1], 'window', 'sets', 'sets_before', 'count', 'before', 'fresh')
for i = 1, 6 do kept[i] = tonumber(kept[i] or 0) end
local sets, sets_before, count, before, fresh = kept[2], kept[3], kept[4], kept[5], kept[6]
if kept[1] ~= window then
  if kept[1] == window - 1 then sets_before, before = sets, count else sets_before, before = 0, 0 end
  sets, count, fresh = 1, 0, 0
  while sets * 256 < limit and sets < 4096 do sets = sets * 2 end
end
local function name(generation, of, member)
  return KEYS[1] .. ':' .. string.format('%.0f', generation) .. ':' .. (tonumber(string.sub(member, -4)) % of)
end
local refused = {}
local at, group = 3, 0
while at <= #ARGV do
  local members = tonumber(ARGV[at])
  local fresh_ones, added = 0, {}
  for i = at + 1, at + members do
    local member = ARGV[i]
    if redis.call('SISMEMBER', name(window, sets, member), member) == 0 then
      added[#added + 1] = member
      if sets_before == 0 or redis.call('SISMEMBER', name(window - 1, sets_before, member), member) == 0 then
        fresh_ones = fresh_ones + 1
      end
    end
  end
  if fresh_ones > 0 and before + fresh + fresh_ones > limit then
    refused[#refused + 1] = group
  else
    for _, member in ipairs(added) do
      local key = name(window, sets, member)
      redis.call('SADD', key, member)
      redis.call('PEXPIRE', key, 3 * length)
    end
    count, fresh = count + #added, fresh + fresh_ones
  end
  at, group = at + members + 1, group + 1
end
redis.call('HSET', KEYS[1], 'window', string.format('%.0f', window), 'sets', sets, 'sets_before', sets_before,
           'count', count, 'before', before, 'fresh', fresh)
redis.call('PEXPIRE', KEYS[1], 3 * length)
return {before + fresh, string.format('%.0f', window), (window + 1) * length - now, refused}
"""


class RedisLimits:
    """Both limits over one Redis; a :class:`~ingest.distributor.rates.Lender` and a
    :class:`~ingest.distributor.series.SeriesRegistry`.
    """

    def __init__(self, client: redis.Redis, window_seconds: float = WINDOW_SECONDS) -> None:
        """``client`` should give up soon: pushes wait for it."""
        self._lend = client.register_script(_LEND)
        self._register = client.register_script(_REGISTER)
        self._window_ms = round(window_seconds * 1000)

    def lend(
        self, tenant: str, need_bytes: int, want_bytes: int, rate_bytes_per_second: int, burst_bytes: int
    ) -> Lease | None:
        """Take at least ``need_bytes`` and up to ``want_bytes`` out of the bucket, or nothing."""
        arguments = (rate_bytes_per_second, burst_bytes, need_bytes, want_bytes)
        try:
            granted, level = self._lend(keys=[rate_key(tenant)], args=arguments)
        except redis.RedisError as error:
            _note_unasked("rate", error)
            return None
        return Lease(int(granted), int(level))

    def register(self, tenant: str, groups: Sequence[GroupSeries], limit: int) -> Registered | None:
        """Count the series of these groups as active, as far as they fit below the limit."""
        refused: list[int] = []
        active = window = left_ms = 0
        try:
            for first, run in _runs(groups) or [(0, [])]:
                arguments: list[Any] = [self._window_ms, limit]
                for group in run:
                    arguments += [len(group.members), *group.members]
                active, window, left_ms, of_run = self._register(keys=[series_key(tenant)], args=arguments)
                refused += [first + int(index) for index in of_run]
        except redis.RedisError as error:
            _note_unasked("series", error)
            return None
        return Registered(tuple(refused), int(active), int(window), int(left_ms) / 1000)

    def level_bytes(self, tenant: str, rate_bytes_per_second: int, burst_bytes: int) -> int | None:
        """Return what the bucket holds now; None when Redis is away."""
        lease = self.lend(tenant, 0, 0, rate_bytes_per_second, burst_bytes)
        return None if lease is None else lease.level_bytes

    def active_series(self, tenant: str, limit: int) -> int | None:
        """Return how many series are counted now; None when Redis is away."""
        try:
            active, *_ = self._register(keys=[series_key(tenant)], args=[self._window_ms, limit])
        except redis.RedisError as error:
            log.debug("limit_not_asked", limit="series", error=str(error))
            return None
        return int(active)


def _runs(groups: Sequence[GroupSeries]) -> list[tuple[int, list[GroupSeries]]]:
    """Divide groups into runs of a bounded number of members, each with the index of its first group."""
    ends = itertools.accumulate(len(group.members) for group in groups)
    by_run = itertools.groupby(enumerate(ends), key=lambda one: one[1] // MAX_MEMBERS_A_RUN)
    spans = [[index for index, _ in run] for _, run in by_run]
    return [(span[0], list(groups[span[0] : span[-1] + 1])) for span in spans]


def _note_unasked(limit: str, error: redis.RedisError) -> None:
    _UNASKED.labels(limit).inc()
    log.debug("limit_not_asked", limit=limit, error=str(error))
