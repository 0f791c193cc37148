"""The life of an ingester's process: start, serve, follow an operator's orders, leave.

``start`` and ``stop`` belong to the worker's main thread. Orders come from the tasks of the read queue: those that take
long run one after the other on a thread of their own, the others are answered by the task.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from ingest.adapters.status_publisher import StatusPublisher
from ingest.administration.types import SLOW_ORDERS, Order, Outcome, Result
from ingest.ingester.service import Ingester, Phase
from ingest.ingester.shutdown import HAND_OVER, ShutdownMarker, ShutdownPlan, shutdown_plan
from ring.lifecycler import Lifecycler

log = structlog.get_logger(__name__)

#: How long the ring's store may take to hear something; it takes milliseconds unless Redis is away.
STORE_SECONDS = 10.0
#: How long an ingester that is told to shut down goes on taking pushes after it said that it leaves: distributors learn
#: of it at once by a message, and within two seconds if that gets lost.
NOTICE_SECONDS = 2.5


class IngesterProcess:
    """Owns the ingester, its membership and its word about itself for the life of the worker."""

    def __init__(
        self,
        ingester: Ingester,
        lifecycler: Lifecycler,
        status: StatusPublisher,
        marker: ShutdownMarker,
        configured: ShutdownPlan,
    ) -> None:
        self._ingester = ingester
        self._lifecycler = lifecycler
        self._status = status
        self._marker = marker
        self._configured = configured
        self._unregister: bool | None = None
        self._leave_asked = False
        self._orders = ThreadPoolExecutor(1, thread_name_prefix="orders")
        self._ending = threading.Event()
        ingester.membership_problem = lambda: lifecycler.why_not_ready() or ""
        ingester.is_shutdown_prepared = lambda: marker.is_set

    # ---------------------------------------------------------------------------------------------- start and stop

    def start(self, prepare: Callable[[], object], settle: Callable[[], object]) -> None:
        """Take the data directory, ``prepare``, replay, ``settle``, join.

        Raises :class:`ingest.ingester.directory_lock.DirectoryInUse` when another process has the directory.
        """
        self._ingester.lock()
        prepare()
        self._status.start()
        self._ingester.open()
        settle()
        self._lifecycler.start()
        self._ingester.serve()
        if self._marker.is_set:
            log.warning("shutdown_prepared", ingester=self._ingester.instance, next_stop="drain and hand over")

    def announce_leaving(self) -> None:
        """Say that the ingester leaves, so that distributors send their pushes elsewhere."""
        if not self._leave_asked:
            self._leave_asked = True
            self._lifecycler.leave(STORE_SECONDS)

    def stop(self) -> None:
        """Leave: finish what was taken, then do what the settings, the operator and the marker say."""
        self._ending.set()
        self._orders.shutdown(wait=True)
        plan = self._plan()
        if self._ingester.phase is Phase.LEFT:
            shipped = True
        else:
            self.announce_leaving()
            shipped = self._ingester.leave(plan.flush)
            self._finish(plan, shipped)
        self._ingester.close()
        self._status.close()
        log.info("ingester_stopped", ingester=self._ingester.instance, shipped=shipped)

    def _plan(self) -> ShutdownPlan:
        return shutdown_plan(self._configured, self._marker.is_set, self._unregister)

    def _finish(self, plan: ShutdownPlan, shipped: bool) -> bool:
        """Leave the ring, or stay in it; returns whether the store heard it.

        An entry that stays tells readers that somebody with data is away: only who shipped everything may vanish.
        """
        unregister = plan.unregister and shipped
        told = self._lifecycler.finish(STORE_SECONDS, unregister, plan.clear_tokens)
        if told and unregister and self._marker.unset():
            log.info("shutdown_prepared_done", ingester=self._ingester.instance)
        return told

    # ------------------------------------------------------------------------------------------------------ orders

    def follow(self, order: Order, reply: Callable[[Result], None]) -> None:
        """Follow an order; ``reply`` gets what came of it, from this thread or another."""
        log.info("ingester_ordered", ingester=self._ingester.instance, order=order.value)
        if order not in SLOW_ORDERS:
            reply(self._guarded(order))
        elif self._ending.is_set():
            reply(Result(Outcome.FAILED, f"{self._ingester.instance} is stopping."))
        else:
            self._orders.submit(lambda: reply(self._guarded(order)))

    def _guarded(self, order: Order) -> Result:
        try:
            return self._followed(order)
        except Exception as error:  # the one who gave the order has to hear of it, whatever it is
            log.exception("order_failed", order=order.value)
            return Result(Outcome.FAILED, f"{self._ingester.instance} failed: {type(error).__name__}: {error}")

    def _followed(self, order: Order) -> Result:
        name = self._ingester.instance
        match order:
            case Order.FLUSH:
                self._ingester.maintenance.wake(flush=True)
                return Result(Outcome.ACCEPTED, f"{name} writes and uploads what it holds.")
            case Order.FLUSH_AND_WAIT:
                return self._flushed()
            case Order.GET_PREPARED:
                return self._prepared(Outcome.DONE)
            case Order.PREPARE_SHUTDOWN:
                return self._prepared(Outcome.DONE if self._marker.set() else Outcome.UNCHANGED)
            case Order.CANCEL_SHUTDOWN:
                return self._prepared(Outcome.DONE if self._marker.unset() else Outcome.UNCHANGED)
            case Order.SHUTDOWN:
                return self._shut_down()
            case Order.GET_UNREGISTER:
                return self._unregisters(Outcome.DONE)
            case Order.UNREGISTER | Order.KEEP_REGISTERED | Order.UNREGISTER_AS_CONFIGURED:
                return self._switch_unregister(order)

    def _flushed(self) -> Result:
        name = self._ingester.instance
        if self._ingester.flush():
            return Result(Outcome.DONE, f"{name} has uploaded what it held.")
        why = self._ingester.maintenance.last_error
        return Result(Outcome.FAILED, f"{name} could not upload everything and goes on trying: {why}")

    def _prepared(self, outcome: Outcome) -> Result:
        is_set = self._marker.is_set
        name = self._ingester.instance
        text = "uploads everything, unregisters and forgets its tokens" if is_set else "goes by its settings"
        return Result(outcome, f"The next stop of {name} {text}.", {"state": "set" if is_set else "unset"})

    def _switch_unregister(self, order: Order) -> Result:
        wanted = {Order.UNREGISTER: True, Order.KEEP_REGISTERED: False}.get(order)
        outcome = Outcome.UNCHANGED if wanted == self._unregister else Outcome.DONE
        self._unregister = wanted
        return self._unregisters(outcome)

    def _unregisters(self, outcome: Outcome) -> Result:
        unregister = self._plan().unregister
        word = "leaves the ring when it stops with everything uploaded" if unregister else "stays in the ring"
        return Result(outcome, f"{self._ingester.instance} {word}.", {"unregister": unregister})

    def _shut_down(self) -> Result:
        """Hand everything over and stay as a process that takes nothing. Can be repeated until it went through."""
        name = self._ingester.instance
        if self._ingester.phase is Phase.LEFT:
            return Result(Outcome.UNCHANGED, f"{name} has left already and can be stopped.")
        self.announce_leaving()
        self._ending.wait(NOTICE_SECONDS)
        if not self._ingester.leave(flush=True):
            why = self._ingester.maintenance.last_error or "something is left"
            return Result(Outcome.FAILED, f"{name} could not upload everything and stays in the ring: {why}")
        told = self._finish(HAND_OVER, shipped=True)
        self._ingester.left()
        log.info("ingester_left", ingester=name, told=told)
        if not told:
            return Result(
                Outcome.FAILED, f"{name} has uploaded everything, but Redis did not hear it: forget it there."
            )
        return Result(Outcome.DONE, f"{name} has uploaded everything and left the ring. It can be stopped.")
