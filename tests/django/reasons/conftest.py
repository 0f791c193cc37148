"""The scene of every row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest import wiring
from ingest.querier.service import Querier
from tests.django.reasons.scene import Scene
from tests.unit.distributor.scripted_ingesters import NOW_NS


class Settings:
    """Settings of tenants that are those of the scene."""

    def __init__(self, scene: Scene) -> None:
        self.limits = scene.limits_of


class Forwarding:
    """The distributor that the scene has when a push comes."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def push(self, *arguments: object) -> object:
        return self._scene.distributor.push(*arguments)


@pytest.fixture
def scene(settings, db: None) -> Iterator[Scene]:  # type: ignore[no-untyped-def]
    made = Scene(settings)
    nobody: object = None  # whoever is refused asks no source
    querier = Querier(nobody, made.limits_of, lambda: NOW_NS // 1_000_000)  # type: ignore[arg-type]
    with wiring.override(
        distributor=Forwarding(made),
        querier=querier,
        tenant_settings=Settings(made),
        ring_actions=made.office.actions,
        inbox_buffer=made.inbox,
    ):
        yield made
    made.ingesters.batcher.close()
