"""The ring entry of an instance as text: one JSON object, kept in the store beside its heartbeat.

Fields that a reader does not know are ignored, so that an older process can live beside a newer one.
"""

from __future__ import annotations

import json
from typing import Any

from ring.core.desc import Instance
from ring.core.states import InstanceState
from ring.core.tokens import normalised
from ring.errors import EntryDamaged


def encode_entry(instance: Instance) -> str:
    """Return the entry without its heartbeat, which is stored apart because it changes all the time."""
    return json.dumps(
        {
            "addr": instance.addr,
            "zone": instance.zone,
            "state": instance.state.value,
            "tokens": instance.tokens,
            "registered_ms": instance.registered_ms,
            "read_only": instance.read_only,
            "read_only_updated_ms": instance.read_only_updated_ms,
            "versions": dict(instance.versions),
        },
        separators=(",", ":"),
    )


def decode_entry(instance_id: str, text: str, heartbeat_ms: int) -> Instance:
    """Return the instance of an entry. Raises EntryDamaged; a missing state is damage, never a default."""
    try:
        fields: dict[str, Any] = json.loads(text)
        return Instance(
            id=instance_id,
            addr=str(fields["addr"]),
            zone=str(fields.get("zone", "")),
            state=InstanceState(fields["state"]),
            tokens=normalised(int(token) for token in fields.get("tokens", ())),
            heartbeat_ms=heartbeat_ms,
            registered_ms=int(fields.get("registered_ms", 0)),
            read_only=bool(fields.get("read_only", False)),
            read_only_updated_ms=int(fields.get("read_only_updated_ms", 0)),
            versions=tuple(sorted((str(key), int(value)) for key, value in fields.get("versions", {}).items())),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EntryDamaged(f"the ring entry of {instance_id} cannot be read: {error}") from error
