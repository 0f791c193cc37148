"""Celery task messages made by hand, so that a whole batch leaves in one Redis round trip.

``Task.apply_async`` costs about 0.45 ms of CPU and a round trip a message. A push batch sends one message an ingester
plus its payloads; made here and pipelined they cost a tenth of that. The form is the task message protocol, version
2, in the envelope that kombu's Redis transport reads (a JSON object whose body is base64). A worker cannot tell the
difference, which `tests/integration` holds against a real one.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import uuid
from collections.abc import Sequence
from typing import Any

_ORIGIN = f"gen{os.getpid()}@{socket.gethostname()}"
_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def task_message(task: str, args: Sequence[Any], queue: str) -> bytes:
    """Return the bytes that, pushed to the left of list ``queue``, make a worker run ``task(*args)``.

    ``args`` must be JSON data. The task gets no result and is never retried by Celery.
    """
    task_id = str(uuid.uuid4())
    body = json.dumps([list(args), {}, _EMBED], separators=(",", ":")).encode()
    envelope = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": task,
            "id": task_id,
            "root_id": task_id,
            "parent_id": None,
            "group": None,
            "group_index": None,
            "shadow": None,
            "eta": None,
            "expires": None,
            "retries": 0,
            "timelimit": [None, None],
            "argsrepr": "",
            "kwargsrepr": "",
            "origin": _ORIGIN,
            "ignore_result": True,
            "replaced_task_nesting": 0,
            "stamped_headers": None,
            "stamps": {},
        },
        "properties": {
            "correlation_id": task_id,
            "reply_to": "",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }
    return json.dumps(envelope, separators=(",", ":")).encode()


def parse_task_message(raw: bytes) -> tuple[str, list[Any]] | None:
    """Return (task, positional arguments) of a message as it lies in a queue, or None when it is none."""
    try:
        envelope = json.loads(raw)
        task = envelope["headers"]["task"]
        arguments = json.loads(base64.b64decode(envelope["body"], validate=True))[0]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return (task, arguments) if isinstance(task, str) and isinstance(arguments, list) else None
