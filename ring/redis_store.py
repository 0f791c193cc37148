"""The ring in Redis (or Valkey): one hash, and a bounded list of what changed and why.

Layout, with ``<ring>`` the name of the ring:

    phlare:ring:<ring>            hash   instance:<id>   the entry as JSON (:mod:`ring.entry`)
                                         heartbeat:<id>  milliseconds of the last heartbeat, by the clock of the store
                                         revision        counts every change but heartbeats
                                         epoch           when the hash was created; another one = the store was emptied
    phlare:ring:<ring>:history    list   newest first, "<milliseconds> <JSON>"
    phlare:ring:<ring>:changes    channel, carries the revision; silent on heartbeats

Invariants: no key ever gets a time to live, for that would destroy tokens and registration times. Every write is one
script that touches the fields of one instance, so concurrent writers cannot undo each other. Scripts compare entries as
bytes and never parse them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import redis

from ring.core.desc import Instance, RingDesc
from ring.core.lifecycle import View
from ring.entry import decode_entry, encode_entry
from ring.errors import EntryDamaged, RingStoreError

#: Changes kept for the history page.
HISTORY_ENTRIES = 1000
#: Attempts of a change that others may overtake; each attempt reads the entry again.
_MAX_ATTEMPTS = 16

_CLOCK = """
local time = redis.call('TIME')
local now_ms = time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000))
"""

#: KEYS: ring, history. ARGV: id, expected entry ('' = absent), new entry ('' = delete), expected revision ('' = any),
#: newest heartbeat that may be deleted ('' = any), change as JSON, history bound, channel. Returns 1 when written.
_SWAP = (
    _CLOCK
    + """
local entry, beat = 'instance:' .. ARGV[1], 'heartbeat:' .. ARGV[1]
if (redis.call('HGET', KEYS[1], entry) or '') ~= ARGV[2] then return 0 end
if ARGV[4] ~= '' and (redis.call('HGET', KEYS[1], 'revision') or '0') ~= ARGV[4] then return 0 end
if ARGV[5] ~= '' and tonumber(redis.call('HGET', KEYS[1], beat) or '0') > tonumber(ARGV[5]) then return 0 end
redis.call('HSETNX', KEYS[1], 'epoch', time[1] .. '.' .. time[2])
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], entry, beat)
else
  redis.call('HSET', KEYS[1], entry, ARGV[3])
  if ARGV[9] == '1' then redis.call('HSET', KEYS[1], beat, now_ms) end
end
local revision = redis.call('HINCRBY', KEYS[1], 'revision', 1)
redis.call('LPUSH', KEYS[2], now_ms .. ' ' .. ARGV[6])
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[7]) - 1)
redis.call('PUBLISH', ARGV[8], revision)
return 1
"""
)

#: KEYS: ring. ARGV: id. Returns {now, entry or false}; without an entry nothing is written.
_BEAT = (
    _CLOCK
    + """
local entry = redis.call('HGET', KEYS[1], 'instance:' .. ARGV[1])
if entry then redis.call('HSET', KEYS[1], 'heartbeat:' .. ARGV[1], now_ms) end
return {now_ms, entry}
"""
)


@dataclass(frozen=True, slots=True)
class LoadedRing:
    """The whole ring at one moment."""

    view: View
    epoch: str  #: empty while nobody ever registered
    damaged: tuple[str, ...] = ()  #: ids whose entries cannot be read; they are left out


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """The part of the ring that changes all the time."""

    ring_ms: int
    revision: int
    epoch: str
    by_id: dict[str, int]  #: instance id -> milliseconds


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of the ring."""

    at_ms: int
    instance_id: str
    before: str  #: state, or empty if there was no entry
    after: str  #: state, or empty if the entry was deleted
    reason: str


class RedisRingStore:
    """Reads and changes one ring. Safe to share between threads.

    Every method may raise the connection errors of the client, which should have a socket timeout.
    """

    def __init__(self, client: redis.Redis, ring_name: str) -> None:
        self.client = client
        self.key = f"phlare:ring:{ring_name}"
        self.history_key = f"{self.key}:history"
        self.channel = f"{self.key}:changes"
        self._swap_script = client.register_script(_SWAP)
        self._beat_script = client.register_script(_BEAT)

    # --------------------------------------------------------------------------------------------------- reading

    def load(self) -> LoadedRing:
        """Return the whole ring and the time of the store, both of one moment."""
        with self.client.pipeline(transaction=True) as pipe:
            pipe.time()
            pipe.hgetall(self.key)
            time, raw = pipe.execute()
        fields = {_text(key): _text(value) for key, value in raw.items()}
        instances, damaged = [], []
        for name, text in fields.items():
            kind, _, instance_id = name.partition(":")
            if kind != "instance":
                continue
            try:
                heartbeat_ms = _number(fields.get(f"heartbeat:{instance_id}"))
                instances.append(decode_entry(instance_id, text, heartbeat_ms))
            except EntryDamaged:
                damaged.append(instance_id)
        view = View(RingDesc.of(instances), _milliseconds(time), _number(fields.get("revision")))
        return LoadedRing(view, fields.get("epoch", ""), tuple(damaged))

    def heartbeats(self, instance_ids: Sequence[str]) -> Heartbeats:
        """Return the heartbeats of these instances, and whether anything else changed is told by the revision."""
        names = ["revision", "epoch", *(f"heartbeat:{instance_id}" for instance_id in instance_ids)]
        with self.client.pipeline(transaction=True) as pipe:
            pipe.time()
            pipe.hmget(self.key, names)
            time, values = pipe.execute()
        revision, epoch, *beats = (_text(value) if value is not None else None for value in values)
        by_id = {key: _number(value) for key, value in zip(instance_ids, beats, strict=True) if value is not None}
        return Heartbeats(_milliseconds(time), _number(revision), epoch or "", by_id)

    def entry(self, instance_id: str) -> tuple[Instance | None, int]:
        """Return one instance (None if absent or damaged) and the time of the store."""
        with self.client.pipeline(transaction=True) as pipe:
            pipe.time()
            pipe.hmget(self.key, [f"instance:{instance_id}", f"heartbeat:{instance_id}"])
            time, (text, beat) = pipe.execute()
        return _decoded(instance_id, text, beat), _milliseconds(time)

    def has(self, instance_id: str) -> bool:
        """Return whether there is an entry of an instance, be it one that cannot be read."""
        return self._entry_text(instance_id) is not None

    def history(self, limit: int = HISTORY_ENTRIES) -> list[HistoryEntry]:
        """Return the latest changes, newest first."""
        lines = cast("list[Any]", self.client.lrange(self.history_key, 0, limit - 1))
        entries = []
        for line in lines:
            at_ms, _, text = _text(line).partition(" ")
            try:
                fields = json.loads(text)
                entries.append(
                    HistoryEntry(int(at_ms), fields["id"], fields["before"], fields["after"], fields["reason"])
                )
            except (ValueError, KeyError, TypeError):
                continue  # a line of another version is no reason to hide the others
        return entries

    # --------------------------------------------------------------------------------------------------- writing

    def heartbeat(self, instance_id: str) -> tuple[Instance | None, int]:
        """Stamp the heartbeat; returns the entry (None: there is none, nothing was stamped) and the store's time."""
        now_ms, text = cast("list[Any]", self._beat_script(keys=[self.key], args=[instance_id]))
        ring_ms = int(_text(now_ms))
        return _decoded(instance_id, text, _text(now_ms)), ring_ms

    def publish(self, entry: Instance, expected: Instance | None, reason: str, revision: int | None = None) -> bool:
        """Write an entry and stamp its heartbeat, if the present one equals ``expected`` apart from the heartbeat.

        ``revision``: only if nothing in the ring changed since. False = nothing was written. An entry that cannot be
        read counts as absent.
        """
        text = self._entry_text(entry.id)
        present = _decoded(entry.id, text, b"0")
        if _timeless(present) != _timeless(expected):
            return False
        return self._swap(entry.id, text, present, entry, reason, revision=revision)

    def remove(self, instance_id: str, reason: str, heartbeat_ms: int | None = None) -> bool:
        """Delete an entry; False if there is none, or if its heartbeat is newer than ``heartbeat_ms``."""
        for _ in range(_MAX_ATTEMPTS):
            text = self._entry_text(instance_id)
            if text is None:
                return False
            if self._swap(
                instance_id, text, _decoded(instance_id, text, b"0"), None, reason, heartbeat_ms=heartbeat_ms
            ):
                return True
            if heartbeat_ms is not None:
                return False
        raise RingStoreError(f"the entry of {instance_id} changed faster than it could be deleted")

    def set_read_only(self, instance_id: str, read_only: bool, reason: str) -> bool:
        """Set the read-only flag; False if there is no such instance. Setting it again changes nothing."""

        def changed(instance: Instance, ring_ms: int) -> Instance:
            if instance.read_only == read_only:
                return instance
            since = max(ring_ms, instance.read_only_updated_ms)
            return replace(instance, read_only=read_only, read_only_updated_ms=since)

        return self._change(instance_id, changed, reason)

    def _change(self, instance_id: str, changed: Callable[[Instance, int], Instance], reason: str) -> bool:
        """Replace an entry by a function of it, again and again until nobody came in between."""
        for _ in range(_MAX_ATTEMPTS):
            present, ring_ms = self.entry(instance_id)
            if present is None:
                return False
            wanted = changed(present, ring_ms)
            if wanted == present:
                return True
            text = self._entry_text(instance_id)
            if _timeless(_decoded(instance_id, text, b"0")) != _timeless(present):
                continue
            if self._swap(instance_id, text, present, wanted, reason, stamp=False):
                return True
        raise RingStoreError(f"the entry of {instance_id} changed faster than it could be updated")

    def _entry_text(self, instance_id: str) -> bytes | str | None:
        return self.client.hget(self.key, f"instance:{instance_id}")

    def _swap(
        self,
        instance_id: str,
        text: bytes | str | None,
        present: Instance | None,
        wanted: Instance | None,
        reason: str,
        *,
        revision: int | None = None,
        heartbeat_ms: int | None = None,
        stamp: bool = True,
    ) -> bool:
        change = {
            "id": instance_id,
            "before": present.state.value if present else "",
            "after": wanted.state.value if wanted else "",
            "reason": reason,
        }
        arguments = [
            instance_id,
            text if text is not None else "",
            encode_entry(wanted) if wanted else "",
            revision if revision is not None else "",
            heartbeat_ms if heartbeat_ms is not None else "",
            json.dumps(change, separators=(",", ":")),
            HISTORY_ENTRIES,
            self.channel,
            "1" if stamp else "0",
        ]
        return bool(self._swap_script(keys=[self.key, self.history_key], args=arguments))


def _text(value: bytes | str) -> str:
    """Return what the server said as text, whether or not the client decodes answers."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _number(value: str | None) -> int:
    """Return a number that a script wrote; 0 for none or for something else."""
    return int(value) if value is not None and value.isascii() and value.isdigit() else 0


def _milliseconds(time: tuple[int, int]) -> int:
    seconds, microseconds = time
    return seconds * 1000 + microseconds // 1000


def _decoded(instance_id: str, text: bytes | str | None, heartbeat: bytes | str | None) -> Instance | None:
    if text is None:
        return None
    try:
        return decode_entry(instance_id, _text(text), _number(_text(heartbeat)) if heartbeat is not None else 0)
    except EntryDamaged:
        return None


def _timeless(instance: Instance | None) -> Instance | None:
    return replace(instance, heartbeat_ms=0) if instance is not None else None
