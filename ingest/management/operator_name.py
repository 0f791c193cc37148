"""Who runs a command, for the history of the ring and the audit log."""

from __future__ import annotations

import getpass


def operator_name() -> str:
    """Return the name of the machine's user."""
    try:
        return f"{getpass.getuser()} with manage.py"
    except (KeyError, OSError):
        return "an unnamed user with manage.py"
