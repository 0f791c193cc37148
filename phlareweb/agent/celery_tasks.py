"""Labels the samples of a Celery task with its name and queue, and profiles each process of the pool."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

from celery import signals

from phlareweb.agent.process import sampler

#: Labels of the tasks that run, by task id.
_running: dict[str, AbstractContextManager[None]] = {}


@signals.worker_process_init.connect
def _child_started(**_kwargs: Any) -> None:
    """A process of a prefork pool is there to work: profile it from the start."""
    one = sampler()
    if one is not None:
        one.ensure_started()


@signals.worker_process_shutdown.connect
def _child_ends(**_kwargs: Any) -> None:
    """Such a process ends without what others do at their exit."""
    one = sampler()
    if one is not None:
        one.stop()


@signals.task_prerun.connect
def _task_begins(task_id: str = "", task: Any = None, **_kwargs: Any) -> None:
    one = sampler()
    if one is None or _shares_its_thread():
        return
    info = getattr(getattr(task, "request", None), "delivery_info", None) or {}
    labels = one.labelled({"task": str(getattr(task, "name", "")), "queue": str(info.get("routing_key") or "")})
    labels.__enter__()
    _running[task_id] = labels


@signals.task_postrun.connect
def _task_ended(task_id: str = "", **_kwargs: Any) -> None:
    labels = _running.pop(task_id, None)
    if labels is not None:
        labels.__exit__(None, None, None)


def _shares_its_thread() -> bool:
    """Whether tasks are greenlets: many of them on one thread, which can have the labels of one only."""
    return any(f"{name}.monkey" in sys.modules or f"{name}.patcher" in sys.modules for name in ("gevent", "eventlet"))
