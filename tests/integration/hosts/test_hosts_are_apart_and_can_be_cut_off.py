"""The network of the other tests does what its words say, and nothing of it stays."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import ROOT, wait_for
from tests.integration.hosts.network import Network, remove_left_over, why_impossible

pytestmark = pytest.mark.integration

PORT = 7000
NAMESPACES = Path("/run/netns")


@pytest.fixture
def network() -> Iterator[Network]:
    reason = why_impossible()
    if reason is not None:
        pytest.skip(reason)
    made = Network(["here", "there"])
    made.build()
    try:
        yield made
    finally:
        made.destroy()


def listening(network: Network, host: str, kind: socket.SocketKind) -> socket.socket:
    with network.seen_from(host):
        made = socket.socket(socket.AF_INET, kind)
    made.bind((network.address(host), PORT))
    made.settimeout(1.0)
    return made


def arrives(network: Network, source: socket.socket, receiver: socket.socket, host: str) -> float | None:
    """Send one datagram; returns the seconds until it arrived, None when it did not within a second."""
    started = time.monotonic()
    source.sendto(b"x", (network.address(host), PORT))
    try:
        receiver.recv(16)
    except TimeoutError:
        return None
    return time.monotonic() - started


def test_a_way_is_cut_in_one_direction_only_and_mended(network: Network) -> None:
    with (
        listening(network, "here", socket.SOCK_DGRAM) as here,
        listening(network, "there", socket.SOCK_DGRAM) as there,
    ):
        assert arrives(network, here, there, "there") is not None
        with network.cuts(("here", "there")):
            assert arrives(network, here, there, "there") is None
            assert arrives(network, there, here, "here") is not None
        assert arrives(network, here, there, "there") is not None


def test_packets_of_a_slow_way_are_held_as_long_as_said(network: Network) -> None:
    with (
        listening(network, "here", socket.SOCK_DGRAM) as here,
        listening(network, "there", socket.SOCK_DGRAM) as there,
        network.slow("here", "there", 200, 50),
    ):
        held = [arrives(network, here, there, "there") for _ in range(3)]
        assert all(seconds is not None and seconds >= 0.2 for seconds in held), held
        back = arrives(network, there, here, "here")
        assert back is not None
        assert back < 0.2


def test_an_unplugged_host_hears_of_nothing_not_even_a_closed_connection(network: Network) -> None:
    with listening(network, "there", socket.SOCK_STREAM) as listener:
        listener.listen()
        with network.seen_from("here"):
            client = socket.create_connection((network.address("there"), PORT), timeout=5)
        server, _ = listener.accept()
        server.settimeout(1.0)
        network.unplug("here")
        client.close()
        with server, pytest.raises(TimeoutError):
            server.recv(1)
        network.plug("here")


@pytest.mark.parametrize("what", ["address", "route", "rule", "neighbour"])
def test_the_machines_own_network_knows_nothing_of_them(network: Network, what: str) -> None:
    done = subprocess.run(["ip", what, "show"], capture_output=True, text=True, check=True)
    assert "10.99." not in done.stdout
    with network.seen_from("here"):
        assert [name for _, name in socket.if_nameindex()] == ["lo", "eth0"]


def test_what_a_killed_run_left_is_removed_by_the_next(network: Network) -> None:
    program = (
        "import os, signal, subprocess\n"
        "from tests.integration.hosts.network import Network\n"
        "made = Network(['a'])\n"
        "made.build()\n"
        "subprocess.Popen(['ip', 'netns', 'exec', made.namespace('a'), 'sleep', '600'])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    killed.wait(60)

    def left() -> list[str]:
        return [path.name for path in NAMESPACES.iterdir() if f"-{killed.pid}-" in path.name]

    def pids(namespace: str) -> list[str]:
        done = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True)
        return done.stdout.split()

    wait_for(lambda: any(map(pids, left())), 30, "the killed run left a process")
    (orphan,) = [pid for namespace in left() for pid in pids(namespace)]
    remove_left_over()
    assert left() == []
    wait_for(lambda: not Path("/proc", orphan).exists(), 30, "the orphan is gone")
    assert (NAMESPACES / network.namespace("here")).exists(), f"those of the living process {os.getpid()} stay"
