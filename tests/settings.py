"""The project's settings on a throw-away data directory, so that no test touches the data of the developer."""

import atexit
import os
import shutil
import tempfile

os.environ["PHLARE_DATA_DIR"] = tempfile.mkdtemp(prefix="phlareweb-tests-")
os.environ.setdefault("PHLARE_SECRET_KEY", "only for tests, of no use anywhere else")
atexit.register(shutil.rmtree, os.environ["PHLARE_DATA_DIR"], ignore_errors=True)

from phlareweb.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
