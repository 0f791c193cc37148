"""The language of a profile is what its agent says, else what most of its strings look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.profiles.columns import Labels
from ingest.profiles.pprof.decode import Decoded, decode_pprof
from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.pprof.language import Language, language_of
from tests.unit.profiles.pprof.pprof_model import SERIES, Profile, Sample


def decoded(*files: str, names: tuple[str, ...] = ()) -> Decoded:
    frames = [(f"f{row}", file, 1) for row, file in enumerate(files)] + [(name, "", 1) for name in names]
    result = decode_pprof(Profile([Sample((frame,), (1,)) for frame in frames]).encode())
    assert isinstance(result, Decoded)
    return result


@pytest.mark.parametrize(
    ("spy", "language"),
    [
        ("gospy", Language.GO),
        ("pyspy", Language.PYTHON),
        ("rbspy", Language.RUBY),
        ("nodespy", Language.NODEJS),
        ("dotnetspy", Language.DOTNET),
        ("phpspy", Language.PHP),
        ("javaspy", Language.JAVA),
        ("grafana-agent.java", Language.JAVA),
        ("pyroscope-rs", Language.RUST),
        ("somethingspy", Language.PYTHON),
    ],
)
def test_the_agent_says_it_and_strings_are_asked_about_unknown_ones(spy: str, language: Language) -> None:
    labels: Labels = tuple(sorted((*SERIES, ("pyroscope_spy", spy))))
    assert language_of(decoded("a.py"), labels) is language


@pytest.mark.parametrize(
    ("files", "names", "language"),
    [
        pytest.param(("/usr/local/go/src/net/http/server.go",), (), Language.GO, id="a file of Go"),
        pytest.param(("app/views.py", "lib.py", "native.rs"), (), Language.PYTHON, id="the most files decide"),
        pytest.param((), ("java/util/HashMap.get",), Language.JAVA, id="a class of Java"),
        pytest.param(("node:internal/process",), (), Language.NODEJS, id="a module of Node"),
        pytest.param(("index.mjs",), (), Language.NODEJS, id="a file of JavaScript"),
        pytest.param(("a.rb",), (), Language.RUBY, id="a file of Ruby"),
        pytest.param((), ("System.Threading!Monitor",), Language.DOTNET, id="a name space of .NET"),
        pytest.param((), ("core::ops::function::FnOnce",), Language.RUST, id="a path of Rust"),
        pytest.param(("a.php",), (), Language.PHP, id="a file of PHP"),
        pytest.param(("a.py", "b.go"), (), Language.GO, id="of two as likely ones the first"),
        pytest.param((".g", "go", "", "a.going"), ("java",), Language.UNKNOWN, id="nothing that is known"),
    ],
)
def test_strings_tell_it(files: tuple[str, ...], names: tuple[str, ...], language: Language) -> None:
    assert language_of(decoded(*files, names=names), SERIES) is language


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("dotnet", Language.DOTNET),
        ("go_cpu", Language.GO),
        ("go_heap_medium", Language.GO),
        ("java_cpu", Language.JAVA),
        ("nodejs", Language.NODEJS),
        ("nodejs_wall", Language.NODEJS),
        ("pyspy", Language.PYTHON),
        ("python_cpu", Language.PYTHON),
        ("ruby", Language.RUBY),
    ],
)
def test_real_profiles_show_theirs(name: str, language: Language, corpus_dir: Path) -> None:
    data = gunzip_bounded((corpus_dir / "pprof" / f"{name}.pb.gz").read_bytes(), 1 << 24)
    assert isinstance(data, bytes)
    result = decode_pprof(data)
    assert isinstance(result, Decoded)
    assert language_of(result, SERIES) is language
