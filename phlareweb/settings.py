"""Settings of every process, read from ``PHLARE_*`` environment variables once. docs/configuration.md lists them.

Must stay quick and light: the supervisor, the scheduler and each command load this, so nothing here imports numpy,
numba or pyarrow (a test holds it). A value that cannot be used never raises; see :mod:`phlareweb.env`.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.config import IngestConfig
from ingest.profiles.limit_rules import contradictions, retention_contradiction
from phlareweb import admin_look, service_urls
from phlareweb.agent.config import agent_config
from phlareweb.data_dir import DataDirUnusable, admin_token, redis_socket, secret_key
from phlareweb.env import Environment, Problem, ProblemId
from phlareweb.logs import FORMATS, LEVELS, configure_structlog, logging_config
from phlareweb.tenant_limits import limits_from_environment
from ring.config import RingConfig

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = re.findall(r"^## (\d[\w.]*)", (BASE_DIR / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0]

#: Kept for the system checks and for the test of the documentation.
PHLARE_ENVIRONMENT = env = Environment(os.environ)

# ------------------------------------------------------------------------------------------------------- the process

DATA_DIR = env.env_path("PHLARE_DATA_DIR", BASE_DIR / "data", "data/ in the project")
#: What this process does. ``up`` sets it; whoever starts processes by hand has to.
ROLE = env.env_choice("PHLARE_ROLE", "", ("", "web", "ingester", "worker", "beat"))
INSTANCE_ID = env.env_text("PHLARE_INSTANCE_ID")
ZONE = env.env_text("PHLARE_ZONE")
REDIS_URL = env.env_text("PHLARE_REDIS_URL", unit="URL")
#: Whether Redis is the one that ``up`` runs for itself.
REDIS_IS_EMBEDDED = not REDIS_URL
if REDIS_IS_EMBEDDED:
    REDIS_URL = f"unix://{redis_socket(DATA_DIR)}"
elif (redis_problem := service_urls.redis(REDIS_URL, "PHLARE_REDIS_URL")) is not None:
    env.problems.append(redis_problem)

#: What every connection to Redis needs to notice that the other end is gone.
REDIS_SOCKET_OPTIONS = service_urls.redis_socket_options(REDIS_URL)
REDIS_MAX_MEMORY_BYTES = env.env_bytes("PHLARE_REDIS_MAX_MEMORY_BYTES", 512 << 20, minimum=16 << 20)

#: A push holds a thread while it waits for its quorum; those that wait cost nothing and make batches larger.
WEB_THREADS = env.env_int("PHLARE_WEB_THREADS", 48, unit="threads", minimum=1, maximum=512)
#: gRPC has a port of its own in each web process; 0 = it is not served.
GRPC_PORT = env.env_int("PHLARE_GRPC_PORT", 4317, unit="port", maximum=65535)
GRPC_BIND = env.env_text("PHLARE_GRPC_BIND", "127.0.0.1", unit="address")
LOG_FORMAT = env.env_choice("PHLARE_LOG_FORMAT", "console", FORMATS)
LOG_LEVEL = env.env_choice("PHLARE_LOG_LEVEL", "info", LEVELS)
LOGGING = logging_config(LOG_FORMAT, LOG_LEVEL)
configure_structlog(LOG_LEVEL)

#: This database profiled by itself or by another one; the application phlareweb.agent reads the variables again.
agent_config(env, "phlareweb")
# What the command `phlare` reads, often in the same shell.
env.env_text("PHLARE_URL", "http://127.0.0.1:4040", unit="URL")
env.env_text("PHLARE_TOKEN", unit="secret")
env.env_text("PHLARE_TENANT")

# ---------------------------------------------------------------------------------------------------------- the ring

RING = RingConfig(
    name=env.env_text("PHLARE_RING_NAME", "ingesters"),
    replication_factor=env.env_int("PHLARE_REPLICATION_FACTOR", 3, unit="copies"),
    zone_awareness_enabled=env.env_bool("PHLARE_RING_ZONE_AWARENESS_ENABLED", True),
    heartbeat_period_seconds=env.env_duration("PHLARE_RING_HEARTBEAT_PERIOD_SECONDS", 5),
    heartbeat_timeout_seconds=env.env_duration("PHLARE_RING_HEARTBEAT_TIMEOUT_SECONDS", 60),
    tokens_per_instance=env.env_int("PHLARE_RING_TOKENS_PER_INSTANCE", 128, unit="tokens"),
    token_strategy=env.env_choice("PHLARE_RING_TOKEN_STRATEGY", "random", ("random", "spread-minimizing")),
    spread_zones=tuple(env.env_list("PHLARE_RING_SPREAD_ZONES")),
    observe_period_seconds=env.env_duration("PHLARE_RING_OBSERVE_PERIOD_SECONDS", 0),
    join_after_seconds=env.env_duration("PHLARE_RING_JOIN_AFTER_SECONDS", 0),
    can_join_timeout_seconds=env.env_duration("PHLARE_RING_CAN_JOIN_TIMEOUT_SECONDS", 300),
    final_sleep_seconds=env.env_duration("PHLARE_RING_FINAL_SLEEP_SECONDS", 0),
    unregister_on_shutdown=env.env_bool("PHLARE_RING_UNREGISTER_ON_SHUTDOWN", True),
    clear_tokens_on_shutdown=env.env_bool("PHLARE_RING_CLEAR_TOKENS_ON_SHUTDOWN", False),
    tokens_file_dir=str(DATA_DIR / "ring"),
    min_ready_seconds=env.env_duration("PHLARE_RING_MIN_READY_SECONDS", 0),
    readiness_checks_ring=env.env_bool("PHLARE_RING_READINESS_CHECKS_RING", False),
    auto_forget_seconds=env.env_duration("PHLARE_RING_AUTO_FORGET_SECONDS", 0),
)
if RING.token_strategy == "spread-minimizing":
    RING = replace(RING, tokens_file_dir="")  # its tokens are computed, not kept
env.problems.extend(Problem(ProblemId.CONFLICT, "PHLARE_RING_*", sentence) for sentence in RING.validate())

# ------------------------------------------------------------------------------------------------------ the database

LIMITS = limits_from_environment(env)
_ingest = IngestConfig(data_dir=DATA_DIR)  # its defaults are those of the variables
INGEST = IngestConfig(
    data_dir=DATA_DIR,
    instance_id=INSTANCE_ID,
    zone=ZONE,
    multitenancy_enabled=env.env_bool("PHLARE_MULTITENANCY_ENABLED", _ingest.multitenancy_enabled),
    push_deadline_seconds=env.env_duration("PHLARE_PUSH_DEADLINE_SECONDS", _ingest.push_deadline_seconds, minimum=0.1),
    payload_keep_seconds=round(
        env.env_duration("PHLARE_PAYLOAD_KEEP_SECONDS", _ingest.payload_keep_seconds, minimum=10)
    ),
    max_queue_messages=env.env_int("PHLARE_MAX_QUEUE_MESSAGES", _ingest.max_queue_messages, unit="messages", minimum=1),
    max_outstanding_bytes=env.env_bytes("PHLARE_MAX_OUTSTANDING_BYTES", _ingest.max_outstanding_bytes, minimum=1 << 20),
    head_max_bytes=env.env_bytes("PHLARE_HEAD_MAX_BYTES", _ingest.head_max_bytes, minimum=1 << 20),
    head_max_age_seconds=env.env_duration("PHLARE_HEAD_MAX_AGE_SECONDS", _ingest.head_max_age_seconds, minimum=1),
    heads_max_bytes=env.env_bytes("PHLARE_HEADS_MAX_BYTES", _ingest.heads_max_bytes, minimum=1 << 20),
    wal_segment_bytes=env.env_bytes("PHLARE_WAL_SEGMENT_BYTES", _ingest.wal_segment_bytes, minimum=1 << 16),
    wal_checkpoint_bytes=env.env_bytes("PHLARE_WAL_CHECKPOINT_BYTES", _ingest.wal_checkpoint_bytes, minimum=1 << 16),
    min_free_disk_bytes=env.env_bytes("PHLARE_MIN_FREE_DISK_BYTES", _ingest.min_free_disk_bytes),
    upload_interval_seconds=env.env_duration(
        "PHLARE_UPLOAD_INTERVAL_SECONDS", _ingest.upload_interval_seconds, minimum=0.1
    ),
    upload_retry_max_seconds=env.env_duration(
        "PHLARE_UPLOAD_RETRY_MAX_SECONDS", _ingest.upload_retry_max_seconds, minimum=1
    ),
    local_retention_seconds=env.env_duration("PHLARE_LOCAL_RETENTION_SECONDS", _ingest.local_retention_seconds),
    flush_on_shutdown=env.env_bool("PHLARE_FLUSH_ON_SHUTDOWN", _ingest.flush_on_shutdown),
    leave_timeout_seconds=env.env_duration("PHLARE_LEAVE_TIMEOUT_SECONDS", _ingest.leave_timeout_seconds, minimum=1),
    query_deadline_seconds=env.env_duration(
        "PHLARE_QUERY_DEADLINE_SECONDS", _ingest.query_deadline_seconds, minimum=0.1
    ),
    query_max_blocks=env.env_int("PHLARE_QUERY_MAX_BLOCKS", _ingest.query_max_blocks, unit="blocks", minimum=1),
    query_minimize_enabled=env.env_bool("PHLARE_QUERY_MINIMIZE_ENABLED", _ingest.query_minimize_enabled),
    query_hedge_seconds=env.env_duration("PHLARE_QUERY_HEDGE_SECONDS", _ingest.query_hedge_seconds),
    shard_lookback_seconds=env.env_duration("PHLARE_SHARD_LOOKBACK_SECONDS", _ingest.shard_lookback_seconds),
    retention_interval_seconds=env.env_duration(
        "PHLARE_RETENTION_INTERVAL_SECONDS", _ingest.retention_interval_seconds, minimum=1
    ),
    retention_delay_seconds=env.env_duration("PHLARE_RETENTION_DELAY_SECONDS", _ingest.retention_delay_seconds),
    inbox_rows=env.env_int("PHLARE_INBOX_ROWS", _ingest.inbox_rows, unit="rows", maximum=10_000),
    inbox_tenants=env.env_int("PHLARE_INBOX_TENANTS", _ingest.inbox_tenants, unit="tenants", minimum=1, maximum=10_000),
    inbox_keep_seconds=env.env_duration(
        "PHLARE_INBOX_KEEP_SECONDS", _ingest.inbox_keep_seconds, minimum=60, maximum=366 * 86_400
    ),
    tick_seconds=env.env_duration("PHLARE_TICK_SECONDS", _ingest.tick_seconds, minimum=0.1),
)

env.problems.extend(
    Problem(ProblemId.CONFLICT, "PHLARE_SHARD_LOOKBACK_SECONDS", sentence) for sentence in INGEST.validate()
)
env.problems.extend(
    Problem(ProblemId.CONFLICT, "PHLARE_RETENTION_DELAY_SECONDS", sentence) for sentence in INGEST.validate_retention()
)
env.problems.extend(Problem(ProblemId.CONFLICT, "PHLARE_LIMIT_*", sentence) for sentence in contradictions(LIMITS))
if (too_short := retention_contradiction(LIMITS, round(INGEST.held_seconds * 1e9))) is not None:
    env.problems.append(Problem(ProblemId.CONFLICT, "PHLARE_LIMIT_COMPACTOR_BLOCKS_RETENTION_PERIOD", too_short))
if 0 < LIMITS.ingestion_tenant_shard_size < RING.replication_factor:
    env.problems.append(
        Problem(
            ProblemId.CONFLICT,
            "PHLARE_LIMIT_INGESTION_TENANT_SHARD_SIZE",
            f"A shard of {LIMITS.ingestion_tenant_shard_size} ingesters cannot hold {RING.replication_factor} copies.",
            f"Take at least {RING.replication_factor}, or 0 for all ingesters.",
        )
    )

# ----------------------------------------------------------------------------------------------------------- storage

_database = service_urls.database(
    env.env_text("PHLARE_DATABASE_URL", unit="URL"), DATA_DIR / "phlareweb.sqlite3", "PHLARE_DATABASE_URL"
)
if isinstance(_database, Problem):
    env.problems.append(_database)
    _database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BUCKET_DIR = env.env_path("PHLARE_BUCKET_DIR", DATA_DIR / "bucket", "bucket/ in the data directory")
S3_BUCKET = env.env_text("PHLARE_S3_BUCKET")
_s3_options: dict[str, Any] = {
    "bucket_name": S3_BUCKET,
    "location": env.env_text("PHLARE_S3_PREFIX"),
    "endpoint_url": env.env_text("PHLARE_S3_ENDPOINT_URL", unit="URL") or None,
    "region_name": env.env_text("PHLARE_S3_REGION") or None,
    # Without keys boto3 looks in its usual places: its own variables, its file, the machine's role.
    "access_key": env.env_secret("PHLARE_S3_ACCESS_KEY_ID") or None,
    "secret_key": env.env_secret("PHLARE_S3_SECRET_ACCESS_KEY") or None,
    "addressing_style": env.env_choice("PHLARE_S3_ADDRESSING_STYLE", "auto", ("auto", "path", "virtual")),
    "file_overwrite": True,
    "default_acl": None,
}
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA_DIR / "files"}},
    "staticfiles": {"BACKEND": "phlareweb.static_files.StaticFilesStorage"},
    "blocks": (
        {"BACKEND": "ingest.adapters.s3_blocks.S3Blocks", "OPTIONS": _s3_options}
        if S3_BUCKET
        else {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": BUCKET_DIR, "allow_overwrite": True},
        }
    ),
}

# ------------------------------------------------------------------------------------------------------------ Celery

CELERY_BROKER_URL, CELERY_BROKER_USE_SSL = service_urls.broker(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
#: For ever: a worker that gives up while Redis restarts would only be started again.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Kombu would write down each message that a worker takes, to hand it out again if the worker dies. No promise leans
    # on that, and it needs memory: a full Redis could not be drained, and its workers would end with every attempt.
    "ack_emulation": False,
    "socket_connect_timeout": 5,
    **REDIS_SOCKET_OPTIONS,
    "health_check_interval": 25,
}
CELERY_TASK_SERIALIZER = "json"
#: Messages carry names and numbers, never profile bytes, and never pickles.
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_TASK_DEFAULT_QUEUE = "phlare.general"
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
#: The ring says who lives, ``/metrics`` how they fare: no worker needs the broadcast queues of remote control.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
#: In memory: every period starts anew with the process, and there is no file to go stale.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
#: Only names: beat must not import the tasks. A round that was not run before the next one is due is dropped.
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "ingest.tick",
        "schedule": INGEST.tick_seconds,
        "options": {"expires": INGEST.tick_seconds, "queue": "phlare.general"},
    },
    "retain": {
        "task": "ingest.retain",
        "schedule": INGEST.retention_interval_seconds,
        "options": {"expires": INGEST.retention_interval_seconds, "queue": "phlare.general"},
    },
}
if ROLE in ("ingester", "worker"):
    CELERY_IMPORTS = ("ingest.tasks",)

# --------------------------------------------------------------------------------------------------------------- web

_key = env.env_secret("PHLARE_SECRET_KEY") or secret_key(DATA_DIR)
if isinstance(_key, DataDirUnusable):
    env.problems.append(Problem(ProblemId.DATA_DIR_UNUSABLE, "PHLARE_DATA_DIR", _key.message))
    _key = secrets.token_urlsafe()
SECRET_KEY = _key
_token = env.env_secret("PHLARE_ADMIN_TOKEN")
#: Whether the token is the one in the data directory.
ADMIN_TOKEN_IS_KEPT = not _token
if not _token and ROLE in ("", "web"):
    _kept_token = admin_token(DATA_DIR)
    # A web process whose data directory cannot be written serves all the same: it has no token then.
    _token = "" if isinstance(_kept_token, DataDirUnusable) else _kept_token
#: Bearer token of the administration; empty = nobody has one.
ADMIN_TOKEN = _token
METRICS_TOKEN = env.env_secret("PHLARE_METRICS_TOKEN")
#: Whether requests need credentials. Off, whoever reaches the server reads and writes everything.
ACCESS_ENABLED = env.env_bool("PHLARE_ACCESS_ENABLED", False)
#: Where the web server listens; ``up`` starts it so, and whoever starts it otherwise says it here for the checks.
BIND = env.env_text("PHLARE_BIND", "127.0.0.1")
AUTHENTICATION_BACKENDS = ["ingest.adapters.login_backend.BoundedModelBackend"]
LOGIN_URL, LOGIN_REDIRECT_URL = "login", "explore"
#: Where on its host the site is, behind a proxy that has other things as well; empty = all of the host.
BASE_PATH = env.env_text("PHLARE_BASE_PATH", unit="path").rstrip("/")
if (path_problem := service_urls.base_path(BASE_PATH, "PHLARE_BASE_PATH")) is not None:
    env.problems.append(path_problem)
    BASE_PATH = ""
FORCE_SCRIPT_NAME = BASE_PATH or None
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{BASE_PATH}/"
DEBUG = env.env_bool("PHLARE_DEBUG", False)
#: Agents push by any name that leads here; set it where the pages are reachable from outside.
ALLOWED_HOSTS = env.env_list("PHLARE_ALLOWED_HOSTS", ["*"])
CSRF_TRUSTED_ORIGINS = env.env_list("PHLARE_CSRF_TRUSTED_ORIGINS")
BEHIND_TLS_PROXY = env.env_bool("PHLARE_BEHIND_TLS_PROXY", False)
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

INSTALLED_APPS = [
    "phlareweb",
    "phlareweb.agent",
    "ring",
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it replaces
    "unfold.contrib.filters",
    "ingest.admin_pages.apps.OperatorsAdminConfig",
    "django.contrib.auth",
    "ingest",  # after users, for whom it has pages of its own
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
]
# Every query passes all of them, so there are no more than the pages and the admin need; pushes go around them, see
# phlareweb.wsgi. Answers are compressed by the views that know their size and content, never by GZipMiddleware.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",  # first: its headers belong on static files too
    "phlareweb.static_files.StaticFilesMiddleware",  # answers for static files before anything else works
    "phlareweb.request_ids.RequestIdMiddleware",  # before everything that logs
    "ingest.ui.page_headers.PageHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",  # lazy: costs nothing until a view asks
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",  # after sessions; lazy as well
    "ingest.api.access_middleware.AccessMiddleware",  # after users; costs nothing while access control is off
    "django.contrib.messages.middleware.MessageMiddleware",  # after sessions; the admin needs it
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
UNFOLD = admin_look.UNFOLD
ROOT_URLCONF = "phlareweb.urls"
WSGI_APPLICATION = "phlareweb.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ingest.ui.shell.shell",
            ]
        },
    }
]
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
#: How the admin writes times.
FORMAT_MODULE_PATH = "phlareweb.formats"
STATIC_URL = f"{BASE_PATH}/static/"
STATICFILES_DIRS = [path for path in [BASE_DIR / "static"] if path.is_dir()]
#: Copies named by their content; whoever has none serves the files from where they are. See phlareweb.static_files.
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {"TITLE": "phlareweb", "VERSION": VERSION, "SERVE_INCLUDE_SCHEMA": False}
