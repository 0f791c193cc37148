"""What REST, the commands and the ring page do to the ring: one implementation, every action idempotent and audited.

Each action writes to the audit log that it begins, acts, and writes what came of it; when the first line cannot be
written nothing is done. A crash in between leaves a line that says ``begun``.
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.administration.ports import AuditLog, Ingesters, Queues, RingEntries
from ingest.administration.types import Action, Actor, Order, Outcome, QueueFate, Result, Timeouts, Unreachable

_UNREGISTER = {True: Order.UNREGISTER, False: Order.KEEP_REGISTERED, None: Order.UNREGISTER_AS_CONFIGURED}


class RingActions:
    """Everything an operator can do to one instance. Thread-safe as far as its ports are."""

    def __init__(
        self, entries: RingEntries, ingesters: Ingesters, queues: Queues, audit: AuditLog, timeouts: Timeouts
    ) -> None:
        self._entries = entries
        self._ingesters = ingesters
        self._queues = queues
        self._audit = audit
        self._timeouts = timeouts

    # ----------------------------------------------------------------------------------------------------- asking

    def read_only(self, instance: str) -> Result:
        """Return whether an instance is read-only, and since when."""
        return self._guarded(lambda: self._read_only_state(instance))

    def prepared(self, instance: str) -> Result:
        """Return whether the next stop of an ingester is to drain it and hand over."""
        return self._guarded(lambda: self._tell(instance, Order.GET_PREPARED))

    def unregister_on_shutdown(self, instance: str) -> Result:
        """Return whether an ingester will unregister when it stops."""
        return self._guarded(lambda: self._tell(instance, Order.GET_UNREGISTER))

    # ----------------------------------------------------------------------------------------------------- acting

    def flush(self, actor: Actor, instance: str, wait: bool) -> Result:
        """Have an ingester write its heads as blocks and upload them; with ``wait`` return when it has."""
        order = Order.FLUSH_AND_WAIT if wait else Order.FLUSH
        return self._audited(actor, Action.FLUSH, instance, lambda: self._tell(instance, order))

    def set_read_only(self, actor: Actor, instance: str, read_only: bool) -> Result:
        """Keep pushes away from an instance, or let them in again. It answers queries all the time."""
        action = Action.SET_READ_ONLY if read_only else Action.UNSET_READ_ONLY

        def act() -> Result:
            found = self._entries.find(instance)
            if found is not None and found.read_only == read_only:
                state = self._read_only_state(instance)
                return Result(Outcome.UNCHANGED, state.message, state.details)
            word = "read-only" if read_only else "read-write"
            if found is None or not self._entries.set_read_only(instance, read_only, f"{word}, by {actor.name}"):
                return _unknown(instance)
            return self._read_only_state(instance)

        return self._audited(actor, action, instance, act)

    def prepare_shutdown(self, actor: Actor, instance: str) -> Result:
        """Have the next stop of an ingester upload everything, unregister and forget its tokens."""
        return self._audited(
            actor, Action.PREPARE_SHUTDOWN, instance, lambda: self._tell(instance, Order.PREPARE_SHUTDOWN)
        )

    def cancel_shutdown(self, actor: Actor, instance: str) -> Result:
        """Take :meth:`prepare_shutdown` back."""
        return self._audited(
            actor, Action.CANCEL_SHUTDOWN, instance, lambda: self._tell(instance, Order.CANCEL_SHUTDOWN)
        )

    def set_unregister_on_shutdown(self, actor: Actor, instance: str, unregister: bool | None) -> Result:
        """Override for the life of the process whether a stop unregisters; None: as configured."""
        order = _UNREGISTER[unregister]
        return self._audited(actor, Action.SET_UNREGISTER, instance, lambda: self._tell(instance, order))

    def shutdown(self, actor: Actor, instance: str) -> Result:
        """Have an ingester upload everything and leave the ring; its process stays, takes nothing and is not ready."""
        return self._audited(actor, Action.SHUTDOWN, instance, lambda: self._tell(instance, Order.SHUTDOWN))

    def forget(self, actor: Actor, instance: str, force: bool, fate: QueueFate) -> Result:
        """Delete the entry of an instance that will not come back, and settle what waits for it.

        Refused while its heartbeat is fresh, unless ``force``: it would register again with its next heartbeat.
        """

        def act() -> Result:
            found = self._entries.find(instance)
            if found is not None and found.is_alive and not force:
                message = f"{instance} is alive: it would register again at once. Stop it first, or force it."
                return Result(Outcome.CONFLICT, message)
            if not self._entries.remove(instance, f"forgotten by {actor.name}"):
                return _unknown(instance)
            settled = self._queues.settle(instance, fate)
            return Result(Outcome.DONE, f"{instance} is forgotten. {settled}".strip())

        return self._audited(actor, Action.FORGET, instance, act)

    # ---------------------------------------------------------------------------------------------------- details

    def _read_only_state(self, instance: str) -> Result:
        found = self._entries.find(instance)
        if found is None:
            return _unknown(instance)
        word = "read-only" if found.read_only else "read-write"
        # As Mimir answers: the moment it became read-only, and 0 while it is not.
        since = found.read_only_updated_ms // 1000 if found.read_only else 0
        return Result(Outcome.DONE, f"{instance} is {word}.", {"read_only": found.read_only, "timestamp": since})

    def _tell(self, instance: str, order: Order) -> Result:
        # One that has left the ring still listens, as long as its process stays.
        if not self._entries.is_registered(instance) and not self._ingesters.is_heard(instance):
            return _unknown(instance)
        return self._ingesters.tell(instance, order, self._timeouts.of(order))

    def _audited(self, actor: Actor, action: Action, instance: str, act: Callable[[], Result]) -> Result:
        try:
            number = self._audit.begin(actor, action, instance)
        except Unreachable as error:
            return Result(Outcome.UNAVAILABLE, f"Nothing was done: {error}")
        result = self._guarded(act)
        self._audit.end(number, result.outcome, result.message)
        return result

    def _guarded(self, act: Callable[[], Result]) -> Result:
        try:
            return act()
        except Unreachable as error:
            return Result(Outcome.UNAVAILABLE, str(error))


def _unknown(instance: str) -> Result:
    return Result(Outcome.NOT_FOUND, f"There is no instance {instance} in the ring.")
