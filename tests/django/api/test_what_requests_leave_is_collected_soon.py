"""What a request leaves behind does not pile up: a push leaves no cycles, and those of others are found soon."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from django.core.handlers.wsgi import WSGIHandler

from ingest import wiring
from ingest.api.hot_door import HotDoor
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.django.api.test_hot_door import short_way
from tests.django.api.test_push_connect import PUSH, push_request

#: Stands for all that is loaded: many times what the requests of a while can leave.
LOADED_OBJECTS = 200_000
#: What the request, view and session of a push over REST come to, roughly.
OBJECTS_A_REQUEST = 100
#: Two full collections are at most this far apart.
REQUESTS_BETWEEN_COLLECTIONS = 10_000


class Exchange:
    """A request and all that refers to it, in cycles."""

    def __init__(self) -> None:
        self.parts = [[self] for _ in range(OBJECTS_A_REQUEST)]


@pytest.fixture
def frozen() -> Iterator[None]:
    """A process that has loaded what it needs."""
    thresholds = gc.get_threshold()
    loaded = [[] for _ in range(LOADED_OBJECTS)]
    wiring.spare_what_stays()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
    assert len(loaded) == LOADED_OBJECTS


def under_way_while_others_were_collected() -> weakref.ref[Exchange]:
    """Return a request that has ended, but that only a full collection can find."""
    exchange = Exchange()
    gc.collect(1)
    return weakref.ref(exchange)


@pytest.mark.usefixtures("frozen")
def test_requests_that_outlived_a_young_collection_are_gone_after_some_more_requests() -> None:
    for _ in range(3):
        ended = under_way_while_others_were_collected()
        assert ended() is not None
        for _ in range(REQUESTS_BETWEEN_COLLECTIONS):
            Exchange()
            if ended() is None:
                break
        assert ended() is None


def test_a_push_leaves_nothing_to_the_collector(doors: Doors) -> None:
    door = HotDoor(WSGIHandler())
    body = push_request(pprof()).SerializeToString()

    def push() -> None:
        assert short_way("POST", f"/{PUSH}", body, "application/proto", door)[0] == 200

    push()  # what is made once
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            push()
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert len(doors.distributor.pushes) == 21
