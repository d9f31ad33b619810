"""Python interpreters on this machine, and the distributions installed in one of them."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TIMEOUT = 60.0  # seconds for an interpreter to run a script
ASK_VERSION = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
ASK_PACKAGES = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def run_script(python: str, script: str, *arguments: str) -> str | None:
    """Run a script in an interpreter; returns its output, None when the interpreter fails or does not exist."""
    command = [python, "-I", "-c", script, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


@functools.cache
def packages(python: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of those distributions that are installed, without importing any."""
    printed = run_script(python, ASK_PACKAGES, *names)
    found: dict[str, str] = json.loads(printed) if printed else {}
    return found


def candidates(minor: int) -> Iterator[str]:
    """Yield the paths where a Python 3.`minor` may be: this interpreter, PATH, and the folders of pyenv and uv."""
    if sys.version_info[:2] == (3, minor):
        yield sys.executable
    name, home = f"python3.{minor}", Path.home()
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(name, path=folder)
        if found:
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local/share"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", data / "uv/python"))
    for found_at in (*pyenv.glob(f"3.{minor}.*/bin/{name}"), *uv.glob(f"cpython-3.{minor}.*/bin/{name}")):
        yield str(found_at)


def find_python(lowest: tuple[int, int], highest: tuple[int, int]) -> str | None:
    """Return the newest interpreter within the bounds that can create virtual environments; None when there is none."""
    for minor in range(highest[1], lowest[1] - 1, -1):
        for python in candidates(minor):
            printed = run_script(python, ASK_VERSION)
            if printed and printed.split() == ["3", str(minor)]:
                return python
    return None
