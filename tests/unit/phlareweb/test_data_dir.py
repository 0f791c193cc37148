"""The key and the socket in the data directory."""

import os
import stat
import threading
from pathlib import Path

from phlareweb.data_dir import (
    MAX_SOCKET_PATH_BYTES,
    DataDirUnusable,
    admin_token,
    admin_token_path,
    redis_socket,
    secret_key,
)


def test_the_first_start_makes_a_key_that_later_starts_find(tmp_path):
    key = secret_key(tmp_path / "data")
    assert isinstance(key, str)
    assert len(key) >= 50
    assert secret_key(tmp_path / "data") == key


def test_only_the_owner_can_read_the_key(tmp_path):
    secret_key(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    keys: list[object] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        keys.append(secret_key(tmp_path))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert os.listdir(tmp_path) == ["secret_key"]


def test_a_file_in_place_of_the_directory_is_a_value_that_says_so(tmp_path):
    (tmp_path / "data").write_text("")
    assert isinstance(secret_key(tmp_path / "data"), DataDirUnusable)


def test_an_empty_key_is_not_used(tmp_path):
    (tmp_path / "secret_key").write_text("\n")
    assert isinstance(secret_key(tmp_path), DataDirUnusable)


def test_the_token_of_the_administration_is_another_secret_of_the_owner_alone(tmp_path):
    token = admin_token(tmp_path)
    assert isinstance(token, str)
    assert len(token) >= 50
    assert token == admin_token(tmp_path)
    assert token != secret_key(tmp_path)
    assert stat.S_IMODE(admin_token_path(tmp_path).stat().st_mode) == 0o600


def test_the_socket_lies_in_the_data_directory():
    assert redis_socket(Path("/data")) == Path("/data/redis/redis.sock")


def test_a_long_data_directory_gets_a_short_socket_that_is_its_own():
    deep, other = Path("/" + "d" * 120), Path("/" + "e" * 120)
    assert len(os.fsencode(redis_socket(deep))) <= MAX_SOCKET_PATH_BYTES
    assert redis_socket(deep) == redis_socket(deep) != redis_socket(other)
