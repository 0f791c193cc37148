"""What every test shares.

With ``PHLARE_NO_SKIPS=1``, as continuous integration sets it, a skipped test counts as failed. The profiles that are
not part of the repository are the exception: they are named by ``PHLARE_CORPUS_DIR`` and not everybody has them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

NO_SKIPS = os.environ.get("PHLARE_NO_SKIPS") == "1"
ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("default"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """The folder of recorded profiles that is not part of the repository; skips with the reason when it is absent."""
    folder = Path(os.environ.get("PHLARE_CORPUS_DIR") or ROOT.parent / "shared" / "corpus")
    if not folder.is_dir():
        pytest.skip(f"no recorded profiles in {folder}; set PHLARE_CORPUS_DIR")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Turn a skip into a failure where nothing may be skipped."""
    report = yield
    if (
        NO_SKIPS
        and report.skipped
        and not hasattr(report, "wasxfail")
        and "PHLARE_CORPUS_DIR" not in str(report.longrepr)
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped, and PHLARE_NO_SKIPS forbids it: {report.longrepr}"
    return report
