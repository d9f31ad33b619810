"""What a process may reach that runs another's code: no network. Standard library only; a worker loads this file by path."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # unshare(2)


def cut_network() -> bool:
    """Leave the network for an empty one; False where the system has no such thing or forbids it.

    Only a process of one thread may do so without being root, which a freshly forked one is.
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
