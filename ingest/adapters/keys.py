"""Every Redis key and queue name of the database, in one place. The ring names its own keys (:mod:`ring.redis_store`).

| name | type | holds | lives |
| --- | --- | --- | --- |
| ``ingester.<id>`` | list | Celery messages that name payloads, never their bytes | while the ingester is known |
| ``ingester.<id>.read`` | list | Celery messages of reads, maintenance and orders | likewise |
| ``phlare.general``, ``phlare.blocks`` | list | Celery messages for general workers | always |
| ``phlare:payload:<name>`` | string | push records, a read request or an order | until answered, bounded by a time |
| ``phlare:acks:<process>`` | list | answers of ingesters to one web process | a minute unread at most |
| ``phlare:reply:<query>`` | list | answers to one query or order | a minute unread at most |
| ``phlare:ingester:<id>`` | string | what an ingester last said of itself | a minute |
| ``phlare:rate:<tenant>`` | hash | token bucket of a tenant: bytes, and when (us) | until it is full, and a minute |
| ``phlare:series:<tenant>`` | hash | numbers of active series in this window and the one before | three windows |
| ``phlare:series:<tenant>:<window>:<set>`` | set | 64-bit numbers of series active in a window | three windows |
| ``phlare:inbox:<tenant>`` | hash | rows of the push inbox, with their counts | a day after the last push |
| ``phlare:inbox:<tenant>:well`` | sorted set | the order of its rows of pushes that went well | likewise |
| ``phlare:inbox:<tenant>:trouble`` | sorted set | the order of the others | likewise |
| ``phlare:inboxes`` | sorted set | tenants with an inbox by the time (ms) of their last push | always |
| ``phlare:retention`` | string | whose turn it is to delete old blocks | half a minute |
| ``phlare:unuploaded`` | sorted set | ingesters by the time (ms) since when they hold data not uploaded | always |
"""

from __future__ import annotations

import re

GENERAL_QUEUE = "phlare.general"
BLOCKS_QUEUE = "phlare.blocks"
UNUPLOADED_KEY = "phlare:unuploaded"
INBOXES_KEY = "phlare:inboxes"
INBOX_PREFIX = "phlare:inbox:"
TICK_KEY = "phlare:tick"
RETENTION_KEY = "phlare:retention"

#: Seconds an unread answer waits for its reader. Readers wait seconds, so a minute only bounds what crashes leave
#: behind.
REPLY_KEEP_SECONDS = 60

_WRITE_QUEUE = re.compile(r"ingester\.([A-Za-z0-9_-][A-Za-z0-9._-]{0,199})")
_READ_SUFFIX = ".read"


def write_queue(instance: str) -> str:
    """Queue of one ingester's pushes."""
    return f"ingester.{instance}"


def read_queue(instance: str) -> str:
    """Queue of one ingester's reads and maintenance, apart from its pushes so that neither waits for the other."""
    return f"ingester.{instance}{_READ_SUFFIX}"


def instance_of_queue(key: str) -> str | None:
    """Return whose queue of either kind a key is, or None when it is no queue of an ingester."""
    found = _WRITE_QUEUE.fullmatch(key)
    return None if found is None else found[1].removesuffix(_READ_SUFFIX)


def payload_key(name: str) -> str:
    """Key of one payload."""
    return f"phlare:payload:{name}"


def acks_key(process: str) -> str:
    """Key of the answers to one web process."""
    return f"phlare:acks:{process}"


def reply_key(query: str) -> str:
    """Key of the answers to one query."""
    return f"phlare:reply:{query}"


def inbox_keys(tenant: str) -> tuple[str, str, str]:
    """Keys of a tenant's push inbox: its rows, and the order of those that went well and of those that did not."""
    rows = f"{INBOX_PREFIX}{tenant}"
    return rows, f"{rows}:well", f"{rows}:trouble"


def inbox_hours_key(tenant: str) -> str:
    """Key of how the profiles of a tenant fared, by the hour."""
    return f"{INBOX_PREFIX}{tenant}:hours"


def ingester_status_key(instance: str) -> str:
    """Key of what an ingester last said of itself."""
    return f"phlare:ingester:{instance}"


def rate_key(tenant: str) -> str:
    """Key of a tenant's token bucket."""
    return f"phlare:rate:{tenant}"


def series_key(tenant: str) -> str:
    """Key of the count of a tenant's series; its sets begin with it."""
    return f"phlare:series:{tenant}"
