"""Hosts on one machine: a network namespace each, joined by a router whose ways can be cut, delayed and unplugged.

::

    [host 1] eth0 10.99.1.2 ---- 10.99.1.1 host1 [router] host2 10.99.2.1 ---- 10.99.2.2 eth0 [host 2]

Everything lies in namespaces of its own: nothing of the machine's own network is touched, and nothing outlives a
``destroy``. Names carry the process id of their maker, so that what an earlier, crashed run left behind is recognised
and removed. Needs root and iproute2.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.integration.cluster.cluster import wait_for

_PREFIX = "phlare"
_NAMESPACES = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
#: Rules of the router about one way, by number of source and destination: cuts come before delays.
_CUT, _DELAY = 10_000, 20_000
_MAX_HOSTS = 99

_libc = ctypes.CDLL(None, use_errno=True)


def why_impossible() -> str | None:
    """Return what this machine lacks for hosts of its own, in a sentence; None when it has all."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "hosts need root on Linux, for network namespaces"
    if shutil.which("ip") is None:
        return "hosts need the command ip (Debian: iproute2)"
    if not Path("/dev/net/tun").exists():
        return "hosts need /dev/net/tun, for delays"
    probe = subprocess.run(["ip", "netns", "add", f"{_PREFIX}-{os.getpid()}-probe"], capture_output=True, text=True)
    if probe.returncode != 0:
        return f"hosts need network namespaces: {probe.stderr.strip()}"
    subprocess.run(["ip", "netns", "delete", f"{_PREFIX}-{os.getpid()}-probe"], check=True)
    return None


class Network:
    """Named hosts with an address each, and the ways between them."""

    def __init__(self, hosts: Sequence[str]) -> None:
        assert len(hosts) <= _MAX_HOSTS
        self._numbers = {host: number for number, host in enumerate(hosts, 1)}
        self._slow_links: dict[tuple[str, str], subprocess.Popen[bytes]] = {}

    def build(self) -> None:
        """Make the router and all hosts, with every way open."""
        remove_left_over()
        self._ip("netns", "add", self._router)
        self._ip("-n", self._router, "link", "set", "lo", "up")
        # A delayed packet comes back into the router by another door than the one its sender is behind.
        for setting in ("ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0"):
            self._ip("netns", "exec", self._router, "sysctl", "-qw", f"net.ipv4.{setting}")
        for host, number in self._numbers.items():
            namespace = self.namespace(host)
            self._ip("netns", "add", namespace)
            self._on_router("link", "add", f"host{number}", "type", "veth", "peer", "name", "eth0", "netns", namespace)
            self._on_router("address", "add", f"10.99.{number}.1/24", "dev", f"host{number}")
            self._on_router("link", "set", f"host{number}", "up")
            self._ip("-n", namespace, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
            for link in ("lo", "eth0"):
                self._ip("-n", namespace, "link", "set", link, "up")
            self._ip("-n", namespace, "route", "add", "default", "via", f"10.99.{number}.1")

    def destroy(self) -> None:
        """End every process in the hosts and remove them; whatever was built so far."""
        for process in self._slow_links.values():
            process.kill()
            process.wait()
        self._slow_links.clear()
        for name in (*map(self.namespace, self._numbers), self._router):
            if (_NAMESPACES / name).exists():
                _remove(name)

    def namespace(self, host: str) -> str:
        """Return the name of a host's namespace."""
        return f"{_PREFIX}-{os.getpid()}-{host}"

    def address(self, host: str) -> str:
        """Return a host's address."""
        return f"10.99.{self._numbers[host]}.2"

    def cut(self, source: str, destination: str) -> None:
        """Let every packet from one host to another vanish without a word, until ``mend``. The way back stays open."""
        self._on_router("rule", "add", "pref", self._preference(_CUT, source, destination),
                        "from", self.address(source), "to", self.address(destination), "blackhole")  # fmt: skip

    def mend(self, source: str, destination: str) -> None:
        """Open a way that was cut."""
        self._on_router("rule", "delete", "pref", self._preference(_CUT, source, destination))

    @contextmanager
    def cuts(self, *ways: tuple[str, str]) -> Iterator[None]:
        """Cut several ways, each from a source to a destination, for as long as the block lasts."""
        for source, destination in ways:
            self.cut(source, destination)
        try:
            yield
        finally:
            for source, destination in ways:
                self.mend(source, destination)

    @contextmanager
    def slow(self, source: str, destination: str, delay_ms: int, jitter_ms: int) -> Iterator[None]:
        """Hold every packet of one way for ``delay_ms`` and up to ``jitter_ms`` more while the block lasts."""
        number = self._preference(_DELAY, source, destination)
        device = f"slow{int(number) - _DELAY}"
        command = [sys.executable, str(Path(__file__).with_name("slow_link.py")), device, str(delay_ms), str(jitter_ms)]
        process = subprocess.Popen(
            ["ip", "netns", "exec", self._router, "setpriv", "--pdeathsig", "KILL", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        self._slow_links[source, destination] = process
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n", f"{device} carries nothing"
            self._on_router("link", "set", device, "up")
            self._on_router("route", "add", "default", "dev", device, "table", number)
            # By the door they come in, or a packet that was held would be held again and again.
            self._on_router("rule", "add", "pref", number, "iif", f"host{self._numbers[source]}",
                            "to", self.address(destination), "lookup", number)  # fmt: skip
            try:
                yield
            finally:
                self._on_router("rule", "delete", "pref", number)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            del self._slow_links[source, destination]

    def unplug(self, host: str) -> None:
        """Take a host off the network: nothing reaches it, nothing leaves it, and nobody is told."""
        self._on_router("link", "set", f"host{self._numbers[host]}", "down")

    def plug(self, host: str) -> None:
        """Put a host back on the network."""
        self._on_router("link", "set", f"host{self._numbers[host]}", "up")

    def kill_all(self, host: str) -> None:
        """kill -9 of every process on a host, as a power cut does it."""
        _kill_all(self.namespace(host))

    @contextmanager
    def seen_from(self, host: str) -> Iterator[None]:
        """Let the calling thread make its sockets on a host. Sockets stay where they were made."""
        own = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        there = os.open(_NAMESPACES / self.namespace(host), os.O_RDONLY)
        try:
            _enter(there)
            try:
                yield
            finally:
                _enter(own)
        finally:
            os.close(own)
            os.close(there)

    @property
    def _router(self) -> str:
        return f"{_PREFIX}-{os.getpid()}-router"

    def _preference(self, base: int, source: str, destination: str) -> str:
        return str(base + self._numbers[source] * 100 + self._numbers[destination])

    def _on_router(self, *arguments: str) -> None:
        self._ip("-n", self._router, *arguments)

    @staticmethod
    def _ip(*arguments: str) -> None:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr.strip()}"


def remove_left_over() -> None:
    """Remove what runs left behind whose process is gone."""
    for path in _NAMESPACES.glob(f"{_PREFIX}-*-*"):
        maker = path.name.split("-")[1]
        if maker.isdigit() and not Path("/proc", maker).exists():
            _remove(path.name)


def _remove(namespace: str) -> None:
    _kill_all(namespace)
    subprocess.run(["ip", "netns", "delete", namespace], check=True)


def _kill_all(namespace: str) -> None:
    def victims() -> list[int]:
        done = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True)
        return [pid for pid in map(int, done.stdout.split()) if pid != os.getpid()]

    def are_gone() -> bool:
        for pid in victims():
            if _is_running(pid):
                os.kill(pid, signal.SIGKILL)
        return not any(map(_is_running, victims()))

    wait_for(are_gone, 30, f"nothing runs in {namespace}")


def _is_running(pid: int) -> bool:
    """Whether a process exists and is not merely waiting for its parent to take note of its end."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
