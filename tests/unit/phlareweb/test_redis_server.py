"""The program and the command of the embedded Redis."""

from pathlib import Path

from phlareweb.up import redis_server


def test_the_requirements_bring_a_server_that_can_be_run():
    program = redis_server.find_server()
    assert program is not None
    assert program.name == "valkey-server"


def test_without_the_package_the_machines_own_server_is_taken(tmp_path, monkeypatch):
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(redis_server, "_package_folders", lambda package: [])
    assert redis_server.find_server() == program


def test_with_neither_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(redis_server, "_package_folders", lambda package: [])
    assert redis_server.find_server() is None


def test_the_server_listens_on_its_socket_only_and_never_evicts():
    command = redis_server.server_command(Path("/bin/redis"), Path("/data/r.sock"), Path("/data"), 1024)
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--port"] == "0"
    assert options["--unixsocket"] == "/data/r.sock"
    assert options["--unixsocketperm"] == "700"
    assert options["--maxmemory"] == "1024"
    assert options["--maxmemory-policy"] == "noeviction"
