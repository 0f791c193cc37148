"""Finding out whether a server answers."""

import socket
import threading

import pytest

from phlareweb.up import probes


@pytest.fixture
def listening(tmp_path):
    """A socket on which a test plays the server."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        yield server, tmp_path / "s"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(b"+PONG\r\n", True, id="ready"),
        pytest.param(b"-LOADING\r\n", False, id="still loading"),
        pytest.param(b"", False, id="closed at once"),
    ],
)
def test_redis_is_ready_when_it_says_pong(listening, answer, expected):
    server, path = listening

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(64)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    assert probes.redis_answers(path) is expected
    thread.join()


def test_nobody_on_the_socket_is_not_ready(tmp_path):
    assert probes.redis_answers(tmp_path / "absent") is False


def test_nobody_on_the_port_is_not_ready():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        assert probes.web_is_ready(f"http://127.0.0.1:{reserved.getsockname()[1]}/ready") is False


def test_a_slow_probe_holds_nobody_up_and_its_answer_counts_once():
    go, answers = threading.Event(), iter([True, False])

    def slow() -> bool:
        assert go.wait(10)
        return next(answers)

    probe = probes.Background(slow)

    def ended() -> bool:
        """Wait for the probe under way and return what the next call says."""
        thread = probe._thread
        assert thread is not None
        thread.join(10)
        return probe()

    assert probe() is False
    assert probe() is False
    go.set()
    assert ended() is True
    assert probe() is False
    assert ended() is False
