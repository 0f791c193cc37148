"""The thread that keeps one instance in the ring: it carries out what :mod:`ring.core.lifecycle` decides.

It never gives up and never dies in silence: whatever fails is logged, counted and tried again with a growing pause. It
also never leaves of its own accord: ``leave`` and ``finish`` are the owner's decisions, for only the owner knows when
its data is safe.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis

from ring.config import RingConfig
from ring.core import lifecycle
from ring.core.desc import Instance
from ring.core.join_order import predecessor
from ring.core.lifecycle import Membership, Plan, Publish, Remove, SaveTokens, Step
from ring.core.readiness import why_not_ready
from ring.core.spread_tokens import SpreadMinimizing
from ring.core.states import InstanceState
from ring.errors import NotReady, RingConfigError
from ring.redis_store import RedisRingStore
from ring.tokens_file import read_tokens, tokens_path, write_tokens

logger = logging.getLogger(__name__)

#: Waits after a failure: the first, and the bound it doubles up to. Short, for a heartbeat may be due.
_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 2.0


class _Overtaken(Exception):
    """The ring changed between reading and writing; the event has to be looked at again."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What an instance leaves behind when it stops."""

    unregister: bool
    clear_tokens: bool  #: counts only together with ``unregister``


class Lifecycler:
    """One instance's membership. ``start``, later ``leave``, and ``finish`` when all data is safe."""

    def __init__(
        self,
        client: redis.Redis,
        config: RingConfig,
        instance_id: str,
        addr: str,
        zone: str = "",
        versions: tuple[tuple[str, int], ...] = (),
        rng: random.Random | None = None,
        clock_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``client`` should have a socket timeout. Raises RingConfigError, ValueError for zones that do not fit."""
        problems = config.validate()
        if problems:
            raise RingConfigError(" ".join(problems))
        self.config = config
        self.store = RedisRingStore(client, config.name)
        self._plan = _plan(config, instance_id, addr, zone, versions)
        self._rng = rng if rng is not None else random.SystemRandom()
        self._clock_seconds = clock_seconds
        self._tokens_path = (
            tokens_path(config.tokens_file_dir, config.name, instance_id) if config.tokens_file_dir else None
        )
        self._membership: Membership | None = None
        self._next_beat = 0.0
        self._unbroken_since = clock_seconds()
        self._leave_wanted = False
        self._left = False
        self._finish_wanted: Ending | None = None
        self._finished = False
        self._ready_since: float | None = None
        self._is_ready = False
        self.failures = 0  #: attempts that failed since the start
        self.last_error = ""  #: why the latest attempt failed; empty when it succeeded
        self._stop = False
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------------------------------------------ for owners

    @property
    def instance_id(self) -> str:
        """Id of the instance."""
        return self._plan.id

    @property
    def entry(self) -> Instance | None:
        """The own entry as last written or found; None before the first contact with the store."""
        membership = self._membership
        return membership.entry if membership is not None else None

    @property
    def state(self) -> InstanceState | None:
        """State of the instance; None before it entered the ring and after it left."""
        entry = self.entry
        return None if entry is None or self._finished else entry.state

    def start(self) -> None:
        """Start the thread; a second call changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"ring-lifecycler-{self._plan.id}", daemon=True)
            self._thread.start()

    def wait_until_active(self, timeout_seconds: float) -> None:
        """Wait until the instance is ACTIVE. Raises NotReady after the timeout."""
        if not self._wait_for(lambda: self.state is InstanceState.ACTIVE, timeout_seconds):
            why = self.last_error or f"it is {self.state}"
            raise NotReady(f"instance {self._plan.id} was not active in {timeout_seconds:g} s: {why}")

    def why_not_ready(self) -> str | None:
        """Return what keeps the instance from being ready; None when it is. Once ready it stays so."""
        if self._is_ready:
            return None
        try:
            view = self.store.load().view
        except (redis.RedisError, OSError) as error:
            reason: str | None = f"The ring cannot be read: {error}"
        else:
            timeout_ms = self.config.rules.heartbeat_timeout_ms
            reason = why_not_ready(
                view.ring, self._plan.id, view.ring_ms, timeout_ms, self.config.readiness_checks_ring
            )
        now = self._clock_seconds()
        if reason is not None:
            self._ready_since = None
            return reason
        if self._ready_since is None:
            self._ready_since = now
        left = self._ready_since + self.config.min_ready_seconds - now
        if left > 0:
            return f"Waiting for {left:.1f} s more after everything was ready."
        self._is_ready = True
        return None

    def leave(self, timeout_seconds: float) -> bool:
        """Announce that the instance leaves; heartbeats go on until ``finish``. False if the store did not hear it."""
        with self._wake:
            self._leave_wanted = True
            self._wake.notify_all()
        return self._wait_for(lambda: self._left, timeout_seconds)

    def finish(self, timeout_seconds: float, unregister: bool | None = None, clear_tokens: bool | None = None) -> bool:
        """Leave the ring and stop, after the final sleep. False if the store was not told.

        ``unregister`` and ``clear_tokens`` override the configuration. Tokens are cleared only by an instance that
        unregisters: whoever stays in the ring has to come back as itself.
        """
        if self.config.final_sleep_seconds and not self._finished:
            self._wait_for(lambda: self._stop, self.config.final_sleep_seconds)
        wanted = Ending(
            self.config.unregister_on_shutdown if unregister is None else unregister,
            self.config.clear_tokens_on_shutdown if clear_tokens is None else clear_tokens,
        )
        with self._wake:
            self._finish_wanted = wanted
            self._wake.notify_all()
        told = self._wait_for(lambda: self._finished, timeout_seconds)
        self.stop()
        return told

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """Stop the thread and leave the entry as it is: to the others it looks like a crash."""
        with self._wake:
            self._stop = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _wait_for(self, condition: Callable[[], bool], timeout_seconds: float) -> bool:
        with self._wake:
            return self._wake.wait_for(condition, timeout_seconds)

    # -------------------------------------------------------------------------------------------------- the loop

    def _run(self) -> None:
        retry_seconds = _FIRST_RETRY_SECONDS
        while not self._stop:
            try:
                self._advance()
            except _Overtaken:
                pause = self._rng.uniform(0.0, 0.05)
            except (redis.RedisError, OSError) as error:
                pause = retry_seconds = self._failed(error, retry_seconds)
                logger.warning("ring heartbeat failed instance=%s error=%s", self._plan.id, self.last_error)
            except Exception as error:  # a defect must not end the thread: the instance would look dead
                pause = retry_seconds = self._failed(error, retry_seconds)
                logger.exception("ring lifecycler failed instance=%s", self._plan.id)
            else:
                self.last_error = ""
                retry_seconds = _FIRST_RETRY_SECONDS
                pause = self._until_due()
            with self._wake:
                self._wake.notify_all()
                if not self._stop and (self.last_error or not self._has_errand()):
                    self._wake.wait(pause)

    def _failed(self, error: Exception, retry_seconds: float) -> float:
        self.failures += 1
        self.last_error = f"{type(error).__name__}: {error}"
        self._unbroken_since = self._clock_seconds()
        return min(retry_seconds * 2, _LAST_RETRY_SECONDS)

    def _has_errand(self) -> bool:
        wants_to_leave = self._leave_wanted and not self._left
        return wants_to_leave or (self._finish_wanted is not None and not self._finished)

    def _until_due(self) -> float:
        """Return the seconds until the next heartbeat or the next look at the ring."""
        if self._finished:
            return self.config.heartbeat_period_seconds
        due = self._next_beat
        looks = self._membership.due_ms() if self._membership is not None else None
        if looks is not None:
            due = min(due, looks / 1000)
        return max(0.0, due - self._clock_seconds())

    def _advance(self) -> None:
        """Do the most urgent thing there is to do."""
        if self._finished:
            return
        membership = self._membership
        clock_ms = self._clock_ms()
        if self._finish_wanted is not None:
            self._end(membership)
        elif membership is None:
            view = self.store.load().view
            self._apply(lifecycle.start(self._plan, view, self._file_tokens(), clock_ms, self._rng))
        elif self._leave_wanted and not self._left:
            found, ring_ms = self.store.entry(self._plan.id)
            self._apply(lifecycle.leave(membership, found, ring_ms))
            self._left = True
        elif (due := membership.due_ms()) is not None and clock_ms >= due:
            self._apply(lifecycle.look(membership, self.store.load().view, clock_ms, self._rng))
        elif self._clock_seconds() >= self._next_beat:
            self._beat(membership, clock_ms)

    def _beat(self, membership: Membership, clock_ms: int) -> None:
        found, ring_ms = self.store.heartbeat(self._plan.id)
        self._apply(lifecycle.beat(membership, found, ring_ms, clock_ms))
        self._next_beat = self._clock_seconds() + self.config.heartbeat_period_seconds
        unbroken = self._clock_seconds() - self._unbroken_since
        # After an outage of the store every heartbeat is old; only one that was silent while we were heard is gone.
        if 0 < self.config.auto_forget_seconds < unbroken and self._membership is not None:
            self._apply(lifecycle.forget_silent(self._membership, self.store.load().view))

    def _end(self, membership: Membership | None) -> None:
        wanted = self._finish_wanted
        if membership is not None and wanted is not None:
            for instruction in lifecycle.finish(membership, wanted.unregister):
                self._carry_out(instruction)
            if wanted.unregister and wanted.clear_tokens:
                self.clear_tokens_file()
        self._finished = True

    def _apply(self, step: Step) -> None:
        """Carry out a step; only then it counts."""
        for instruction in step.instructions:
            self._carry_out(instruction)
        before = self._membership.state if self._membership is not None else "absent"
        if before != step.membership.state:
            reasons = [one.reason for one in step.instructions if isinstance(one, Publish)]
            why = ", ".join(reasons) or "found so in the ring"
            logger.info(
                "ring state instance=%s before=%s after=%s reason=%s", self._plan.id, before, step.membership.state, why
            )
        self._membership = step.membership

    def _carry_out(self, instruction: lifecycle.Instruction) -> None:
        match instruction:
            case Publish(entry, expected, reason, revision):
                if not self.store.publish(entry, expected, reason, revision):
                    raise _Overtaken
            case Remove(instance_id, reason, heartbeat_ms):
                self.store.remove(instance_id, reason, heartbeat_ms)
            case SaveTokens(tokens):
                self._save_tokens(tokens)

    # ------------------------------------------------------------------------------------------------ tokens file

    def _file_tokens(self) -> tuple[int, ...]:
        if self._tokens_path is None:
            return ()
        try:
            return read_tokens(self._tokens_path)
        except (OSError, ValueError) as error:
            logger.error("ring tokens file ignored path=%s error=%s", self._tokens_path, error)
            return ()

    def _save_tokens(self, tokens: tuple[int, ...]) -> None:
        if self._tokens_path is None:
            return
        try:
            write_tokens(self._tokens_path, tokens)
        except OSError as error:
            logger.error("ring tokens file not written path=%s error=%s", self._tokens_path, error)

    def clear_tokens_file(self) -> None:
        """Forget the tokens kept on disk, so that the next start without an entry is that of a new instance."""
        if self._tokens_path is not None:
            Path(self._tokens_path).unlink(missing_ok=True)

    def _clock_ms(self) -> int:
        return round(self._clock_seconds() * 1000)


def _plan(config: RingConfig, instance_id: str, addr: str, zone: str, versions: tuple[tuple[str, int], ...]) -> Plan:
    spread = config.token_strategy == "spread-minimizing"
    return Plan(
        id=instance_id,
        addr=addr,
        zone=zone,
        tokens_per_instance=config.tokens_per_instance,
        join_after_ms=round(config.join_after_seconds * 1000),
        observe_period_ms=round(config.observe_period_seconds * 1000),
        unregister_on_shutdown=config.unregister_on_shutdown,
        auto_forget_ms=round(config.auto_forget_seconds * 1000),
        joins_after=predecessor(instance_id) if spread and config.can_join_timeout_seconds else "",
        can_join_timeout_ms=round(config.can_join_timeout_seconds * 1000) if spread else 0,
        versions=versions,
        token_source=SpreadMinimizing(zone, config.spread_zones) if spread else lifecycle.draw_randomly,
    )
