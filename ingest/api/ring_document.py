"""The ring as JSON: what the page shows, and the same in the shape that tools of the field read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ingest import wiring


def ring_document(with_tokens: bool) -> dict[str, Any]:
    """Return the ring as of now; when the store is away, the last known ring with its age.

    Each instance comes with what its ingester last said of itself; ``with_tokens`` adds its tokens.
    """
    view = wiring.get_ring_view()
    document: dict[str, Any] = view.status().as_json()
    document["stale_seconds"] = view.stale_seconds()
    live = {card.member.id: card for card in view.instances()}
    tokens = view.tokens() if with_tokens else {}
    for member in document["instances"]:
        card = live.get(member["id"])
        member["queue_depth"] = None if card is None else card.queue_depth
        member["read_queue_depth"] = None if card is None else card.read_queue_depth
        member["oldest_message_seconds"] = None if card is None else card.oldest_message_seconds
        member["status"] = {} if card is None else dict(card.status)
        if with_tokens:
            member["token_list"] = list(tokens.get(member["id"], ()))
    return document


def with_shards(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with ``shards`` and ``now`` as dskit's ring page gives them (``ring/ring_http.go``).

    The document has to have its tokens. Its own ``now``, a number, is ``now_seconds`` beside that.
    """
    shards = [_shard(member, document["now"]) for member in document["instances"]]
    for member in document["instances"]:
        del member["token_list"]
    return {**document, "now_seconds": document["now"], "shards": shards, "now": _time(document["now"])}


def _shard(member: Mapping[str, Any], now: float) -> dict[str, Any]:
    return {
        "id": member["id"],
        "state": member["shown_state"],
        "address": member["addr"],
        "timestamp": _time(now - member["heartbeat_age_seconds"]),
        "registered_timestamp": _time(member["registered_at"]),
        "read_only": member["read_only"],
        "read_only_updated_timestamp": _time(member["read_only_updated_at"]),
        "zone": member["zone"],
        "tokens": member["token_list"],
        "versions": dict(member["versions"]),
    }


def _time(seconds: float | None) -> str:
    """Return RFC 3339; empty for an unknown time."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
