"""What every process loads at its start, and what is left to the first profile of a format."""

from __future__ import annotations

import pytest

from ingest.profiles import jit


def test_kernels_of_formats_are_all_kernels_below_the_formats() -> None:
    later = set(jit.kernel_modules()) - set(jit.core_kernel_modules())
    assert later == {name for name in jit.kernel_modules() if ".formats." in name}
    assert {name.split(".")[3] for name in later} == {"jfr", "otlp"}


def test_a_process_starts_with_the_core_and_a_compilation_is_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(jit, "warm_up_module", loaded.append)
    jit.warm_up_core()
    assert loaded == jit.core_kernel_modules()
    loaded.clear()
    jit.warm_up_all()
    assert loaded == jit.kernel_modules()
