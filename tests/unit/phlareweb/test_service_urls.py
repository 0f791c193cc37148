"""URLs of databases and of Redis."""

import socket
import ssl
from pathlib import Path

import pytest

from phlareweb import service_urls
from phlareweb.env import Problem, ProblemId

FILE = Path("/data/phlareweb.sqlite3")


def test_without_a_url_the_database_is_the_file_with_a_durable_log():
    database = service_urls.database("", FILE, "PHLARE_DATABASE_URL")
    assert not isinstance(database, Problem)
    assert database["NAME"] == str(FILE)
    assert "journal_mode = WAL" in database["OPTIONS"]["init_command"]
    assert "synchronous = FULL" in database["OPTIONS"]["init_command"]


def test_a_sqlite_url_names_an_absolute_file():
    database = service_urls.database("sqlite:///srv/catalogue.db", FILE, "PHLARE_DATABASE_URL")
    assert not isinstance(database, Problem)
    assert database["NAME"] == "/srv/catalogue.db"


def test_a_postgresql_url_is_taken_apart_and_unquoted():
    url = "postgresql://phlare:p%40ss%2F@db.example:5433/blocks?sslmode=require"
    database = service_urls.database(url, FILE, "PHLARE_DATABASE_URL")
    assert not isinstance(database, Problem)
    shown = {key: database[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert shown == {
        "NAME": "blocks",
        "USER": "phlare",
        "PASSWORD": "p@ss/",
        "HOST": "db.example",
        "PORT": "5433",
    }
    assert database["OPTIONS"]["sslmode"] == "require"


@pytest.mark.parametrize(
    ("query", "milliseconds"),
    [
        pytest.param("", "20000", id="by default"),
        pytest.param("?tcp_user_timeout=9000", "9000", id="as the URL says"),
    ],
)
def test_a_postgresql_that_is_silent_is_given_up(query, milliseconds):
    database = service_urls.database(f"postgresql://db.example/blocks{query}", FILE, "PHLARE_DATABASE_URL")
    assert not isinstance(database, Problem)
    assert database["OPTIONS"]["tcp_user_timeout"] == milliseconds
    assert float(database["OPTIONS"]["connect_timeout"]) <= service_urls.SILENCE_SECONDS


@pytest.mark.parametrize("url", ["redis://h:1/2", "rediss://h:1/2"])
def test_a_redis_that_is_silent_is_given_up(url):
    options = service_urls.redis_socket_options(url)
    limits = options["socket_keepalive_options"]
    probing = limits[socket.TCP_KEEPIDLE] + limits[socket.TCP_KEEPINTVL] * limits[socket.TCP_KEEPCNT]
    assert options["socket_keepalive"]
    assert probing == service_urls.SILENCE_SECONDS
    assert limits[socket.TCP_USER_TIMEOUT] == service_urls.SILENCE_SECONDS * 1000


def test_a_socket_file_needs_no_such_bounds():
    assert service_urls.redis_socket_options("unix:///run/r.sock") == {}


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("mysql://host/name", id="another database"),
        pytest.param("postgresql://host", id="no name"),
        pytest.param("postgresql://host:port/name", id="a port that is no number"),
        pytest.param("sqlite://", id="no file"),
        pytest.param("sqlite://relative.db", id="a relative file"),
        pytest.param("nonsense", id="not a URL"),
    ],
)
def test_a_bad_database_url_is_a_problem_that_does_not_repeat_it(url):
    problem = service_urls.database(url, FILE, "PHLARE_DATABASE_URL")
    assert isinstance(problem, Problem)
    assert problem.id == ProblemId.NOT_A_URL
    assert url not in problem.message


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        pytest.param("redis://localhost:6379/0", True, id="plain"),
        pytest.param("rediss://user:secret@cache.example:6380/1", True, id="with TLS"),
        pytest.param("unix:///run/redis.sock?db=2", True, id="a socket"),
        pytest.param("unix://", False, id="a socket without a path"),
        pytest.param("redis://", False, id="no host"),
        pytest.param("http://localhost", False, id="another protocol"),
        pytest.param("redis://host:many", False, id="a port that is no number"),
    ],
)
def test_redis_urls_are_checked(url, is_good):
    assert (service_urls.redis(url, "PHLARE_REDIS_URL") is None) is is_good


@pytest.mark.parametrize(
    ("url", "broker", "tls"),
    [
        pytest.param("redis://h:1/2", "redis://h:1/2", None, id="plain stays as it is"),
        pytest.param("unix:///run/r.sock", "redis+socket:///run/r.sock?virtual_host=0", None, id="a socket"),
        pytest.param("unix:///run/r.sock?db=3", "redis+socket:///run/r.sock?virtual_host=3", None, id="its database"),
        pytest.param(
            "unix://:pw@/run/r.sock", "redis+socket://:pw@/run/r.sock?virtual_host=0", None, id="its password"
        ),
        pytest.param("rediss://h:1/2", "rediss://h:1/2", {"ssl_cert_reqs": ssl.CERT_REQUIRED}, id="TLS is verified"),
    ],
)
def test_celery_gets_the_same_redis_in_its_own_words(url, broker, tls):
    assert service_urls.broker(url) == (broker, tls)
