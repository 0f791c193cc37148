"""Starts a command that the kernel kills when the one who started it ends, however that ends.

Run as ``python -I -S launch.py <parent's process id> <command> ...``: a few milliseconds of interpreter, then ``exec``.
A ``preexec_fn`` would do the same inside the supervisor, where it is not safe beside threads. Imports the standard
library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when process ``parent``, which started it, ends. Only Linux can.

    Survives ``exec``. Not a polite signal: whoever lost the supervisor loses Redis in the same instant, and a crash is
    what the write-ahead log is for.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it ended before the request was made
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
