"""Whether a start may leave the kernels out."""

import pytest

from phlareweb.up import kernel_stamp


@pytest.fixture
def compiled(tmp_path):
    """A project whose kernels were compiled and stamped."""
    project, cache = tmp_path / "project", tmp_path / "cache"
    (project / "ingest").mkdir(parents=True)
    (project / "ingest" / "sum_kernels.py").write_text("def total(): ...\n")
    cache.mkdir()
    for name in ("total.nbi", "total.1.nbc"):
        (cache / name).write_text("")
    kernel_stamp.write(tmp_path / "run" / "stamp", project, [cache])
    return tmp_path


def is_current(folder) -> bool:
    return kernel_stamp.is_current(folder / "run" / "stamp", folder / "project")


def test_after_a_compilation_the_stamp_is_current(compiled):
    assert is_current(compiled)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(
            lambda folder: (folder / "project/ingest/sum_kernels.py").write_text("changed"), id="code changed"
        ),
        pytest.param(lambda folder: (folder / "project/ingest/more.py").write_text(""), id="code was added"),
        pytest.param(lambda folder: (folder / "cache/total.1.nbc").unlink(), id="a compiled file is gone"),
        pytest.param(lambda folder: (folder / "run/stamp").unlink(), id="no stamp"),
        pytest.param(lambda folder: (folder / "run/stamp").write_text("{"), id="half a stamp"),
        pytest.param(lambda folder: (folder / "run/stamp").write_text("[]"), id="another content"),
        pytest.param(
            lambda folder: kernel_stamp.write(folder / "run/stamp", folder / "project", []), id="no cache at all"
        ),
    ],
)
def test_whatever_changed_makes_it_stale(compiled, spoil):
    spoil(compiled)
    assert not is_current(compiled)


def test_another_cache_directory_makes_it_stale(compiled, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert not is_current(compiled)
