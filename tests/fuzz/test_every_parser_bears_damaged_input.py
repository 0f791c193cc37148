"""A short turn of the long run: every parser gives an orderly answer to whatever it is fed."""

from __future__ import annotations

import pytest

from ingest.profiles.jit import warm_up_all
from tests.fuzz.long_run import fuzz
from tests.fuzz.targets import targets

SECONDS = 1.0
PARSERS = [
    *("pprof", "pprof of Go", "rules", "record", "answer", "request", "selector", "log", "block"),
    *("groups", "lines", "tree", "trie", "speedscope", "old pprof", "form", "file"),
    *("encoded tree", "flamebearer", "upload"),
    *("jfr", "jfr labels"),
    *("OTLP", "OTLP 1.9", "OTLP JSON", "gRPC frame"),
]


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Damaged input may be the first to reach a kernel, and compiling that is not the parser's time."""
    warm_up_all()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PARSERS)
def test_damaged_input_gets_an_orderly_answer(name: str) -> None:
    with targets() as known:
        assert fuzz(name, known[name], SECONDS, seed=7, keep=None) == 0


def test_every_parser_has_a_turn() -> None:
    with targets() as known:
        assert set(known) == set(PARSERS)
        for name, target in known.items():
            assert all(target.run(seed) for seed in target.seeds), name
