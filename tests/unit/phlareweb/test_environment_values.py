"""What each reader makes of the text of a variable."""

import pytest

from ingest.profiles.quantities import format_bytes, format_duration, parse_bytes, parse_duration
from phlareweb.env import Environment, ProblemId

MIB = 1 << 20


def environment(text: str) -> Environment:
    return Environment({"PHLARE_X": text})


def as_bool(env: Environment) -> object:
    return env.env_bool("PHLARE_X", False)


def as_int(env: Environment) -> object:
    return env.env_int("PHLARE_X", 7, unit="things", minimum=1, maximum=100)


def as_bytes(env: Environment) -> object:
    return env.env_bytes("PHLARE_X", 5, minimum=2)


def as_duration(env: Environment) -> object:
    return env.env_duration("PHLARE_X", 5, minimum=0.1)


def as_choice(env: Environment) -> object:
    return env.env_choice("PHLARE_X", "json", ("json", "console"))


def as_list(env: Environment) -> object:
    return env.env_list("PHLARE_X", ["d"])


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        pytest.param(as_bool, "1", True, id="one is on"),
        pytest.param(as_bool, "Yes", True, id="case does not matter"),
        pytest.param(as_bool, "off", False, id="off is off"),
        pytest.param(as_bool, "", False, id="an empty boolean is the default"),
        pytest.param(as_int, " 42 ", 42, id="white space around a number is ignored"),
        pytest.param(as_int, "1", 1, id="the minimum is allowed"),
        pytest.param(as_int, "100", 100, id="the maximum is allowed"),
        pytest.param(as_bytes, "65536", 65536, id="a bare size is bytes"),
        pytest.param(as_bytes, "64MiB", 64 * MIB, id="binary suffix"),
        pytest.param(as_bytes, "64MB", 64 * MIB, id="decimal suffixes count in 1024 too"),
        pytest.param(as_bytes, "64m", 64 * MIB, id="a letter is enough"),
        pytest.param(as_bytes, "1.5 GiB", 1536 * MIB, id="fractions and a space"),
        pytest.param(as_duration, "90", 90.0, id="a bare duration is seconds"),
        pytest.param(as_duration, "1m30s", 90.0, id="parts add up"),
        pytest.param(as_duration, "250ms", 0.25, id="milliseconds"),
        pytest.param(as_duration, "2w", 1209600.0, id="weeks"),
        pytest.param(as_choice, "CONSOLE", "console", id="a choice comes back in lower case"),
        pytest.param(as_list, "a, b,,c", ["a", "b", "c"], id="empty parts of a list are dropped"),
        pytest.param(as_list, "", ["d"], id="an empty list is the default"),
    ],
)
def test_a_good_value_is_read(read, text, expected):
    env = environment(text)
    assert read(env) == expected
    assert env.problems == []


@pytest.mark.parametrize(
    ("read", "text", "problem", "default"),
    [
        pytest.param(as_bool, "perhaps", ProblemId.NOT_A_BOOLEAN, False, id="a word that is neither on nor off"),
        pytest.param(as_int, "4.5", ProblemId.NOT_A_NUMBER, 7, id="a fraction for a whole number"),
        pytest.param(as_int, "0", ProblemId.OUT_OF_RANGE, 7, id="below the minimum"),
        pytest.param(as_int, "101", ProblemId.OUT_OF_RANGE, 7, id="above the maximum"),
        pytest.param(as_bytes, "64 bananas", ProblemId.NOT_A_SIZE, 5, id="an unknown suffix"),
        pytest.param(as_bytes, "-1", ProblemId.NOT_A_SIZE, 5, id="a negative size"),
        pytest.param(as_bytes, "5i", ProblemId.NOT_A_SIZE, 5, id="half a suffix"),
        pytest.param(as_bytes, "1", ProblemId.OUT_OF_RANGE, 5, id="a size below the minimum"),
        pytest.param(as_duration, "5 minutes", ProblemId.NOT_A_DURATION, 5, id="a unit in words"),
        pytest.param(as_duration, "1h-5m", ProblemId.NOT_A_DURATION, 5, id="a part that does not belong"),
        pytest.param(as_duration, "0", ProblemId.OUT_OF_RANGE, 5, id="a duration below the minimum"),
        pytest.param(as_choice, "xml", ProblemId.NOT_A_CHOICE, "json", id="not among the choices"),
    ],
)
def test_a_bad_value_is_remembered_and_the_default_takes_its_place(read, text, problem, default):
    env = environment(text)
    assert read(env) == default
    assert [(found.id, found.variable) for found in env.problems] == [(problem, "PHLARE_X")]
    assert env.problems[0].message.startswith("PHLARE_X")


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1536, 64 * MIB, 1 << 30, (1 << 40) + 1])
def test_a_formatted_size_reads_back_as_itself(size):
    assert parse_bytes(format_bytes(size)) == size


@pytest.mark.parametrize("seconds", [0, 0.1, 0.25, 1, 5, 59, 60, 90, 3600, 86400, 604800])
def test_a_formatted_duration_reads_back_as_itself(seconds):
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)


class TestSecrets:
    def test_a_secret_comes_from_its_variable(self):
        assert Environment({"PHLARE_X": "s3cret"}).env_secret("PHLARE_X") == "s3cret"

    def test_a_secret_comes_from_the_file_without_its_line_end(self, tmp_path):
        (tmp_path / "key").write_text("s3cret\n")
        assert Environment({"PHLARE_X_FILE": str(tmp_path / "key")}).env_secret("PHLARE_X") == "s3cret"

    @pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not text"])
    def test_a_file_that_cannot_be_read_is_a_problem(self, tmp_path, content):
        if content is not None:
            (tmp_path / "key").write_bytes(content)
        env = Environment({"PHLARE_X_FILE": str(tmp_path / "key")})
        assert env.env_secret("PHLARE_X") == ""
        assert [problem.id for problem in env.problems] == [ProblemId.SECRET_UNREADABLE]

    def test_both_at_once_is_a_problem_that_does_not_show_the_secret(self):
        env = Environment({"PHLARE_X": "s3cret", "PHLARE_X_FILE": "/run/key"})
        env.env_secret("PHLARE_X")
        assert [problem.id for problem in env.problems] == [ProblemId.CONFLICT]
        assert "s3cret" not in repr(env.problems)


def test_a_misspelt_variable_is_named_with_the_one_it_resembles():
    env = Environment({"PHLARE_WEB_THREDS": "4", "PATH": "/bin"})
    env.env_int("PHLARE_WEB_THREADS", 16, unit="threads")
    (problem,) = env.unknown_variables()
    assert problem.id == ProblemId.UNKNOWN_VARIABLE
    assert problem.hint == "Did you mean PHLARE_WEB_THREADS?"
