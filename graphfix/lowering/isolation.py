"""Network isolation of a process that runs untrusted code. Standard library only; a worker loads this file by path."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # unshare(2)


def cut_network() -> bool:
    """Move this process into an empty network namespace; return False where the system has none or forbids it.

    Without root this is allowed only to a process with one thread, which a freshly forked one is.
    """
    if sys.platform != "linux":
        return False
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    if unshare(NEW_NETWORK) == 0:
        return True
    user, group = os.getuid(), os.getgid()
    if unshare(NEW_USER | NEW_NETWORK) != 0:
        return False
    for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w") as table:
            table.write(line)
    return True
