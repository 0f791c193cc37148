"""The composition root of the push inbox: where doors note pushes, and what shows them."""

from __future__ import annotations

import time

from django.conf import settings

from ingest import wiring
from ingest.adapters.redis_inbox import InboxWriter, RedisInbox
from ingest.inbox.buffer import MAX_WAITING, InboxBuffer
from ingest.parts import once


def get_inbox_buffer() -> InboxBuffer:
    """Return where pushes are noted; a thread writes it to Redis."""

    def build() -> InboxBuffer:
        is_on = settings.INGEST.inbox_rows > 0
        made = InboxBuffer(lambda: time.time_ns() // 1_000_000, MAX_WAITING if is_on else 0)
        if is_on:
            InboxWriter(made, get_inbox()).start()
        return made

    return once("inbox_buffer", build)


def get_inbox() -> RedisInbox:
    """Return the inboxes of all tenants."""
    config = settings.INGEST
    return once(
        "inbox",
        lambda: RedisInbox(
            wiring.get_redis(), config.inbox_rows, config.inbox_tenants, round(config.inbox_keep_seconds)
        ),
    )
