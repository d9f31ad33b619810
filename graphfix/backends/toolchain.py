"""Finding and installing the interpreter of a compiler: this one, one named by the user, or one in the cache folder."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from graphfix.backends import interpreters
from graphfix.backends.base import Backend, available, backend
from graphfix.backends.host import exclusive, kill_group, python_of, require_workers
from graphfix.backends.session import Session
from graphfix.errors import BackendError
from graphfix.ir.records import dataclass
from graphfix.tables.deployment import parted

MARKER = "toolchain.json"  # written last: without it an installation is incomplete

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Toolchain:
    """An interpreter that has a compiler, and the compiler's version there."""

    python: str
    version: str


def home() -> Path:
    """Return the folder of installed toolchains."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "graphfix" / "toolchains"


def variable(name: str) -> str:
    """Return the name of the environment variable for the backend's interpreter."""
    return f"GRAPHFIX_{name.upper()}_PYTHON"


def installed(name: str) -> list[Toolchain]:
    """Return the complete toolchains of the backend in the cache folder, the newest version first."""
    found = []
    for marker in home().glob(f"{name}-*/{MARKER}"):
        python = python_of(marker.parent)
        if python.exists():
            found.append(Toolchain(str(python), json.loads(marker.read_text())["version"]))
    return sorted(found, key=lambda one: [int(part) for part in re.findall(r"\d+", one.version)], reverse=True)


def meant(version: str | None, there: str) -> bool:
    """Whether an installed version matches the requested one or is a release of it: `2025.3` also matches `2025.3.0`."""
    return version is None or f"{there}.".startswith(f"{version}.")


def find(name: str, version: str | None = None) -> Toolchain | None:
    """Return the interpreter that has the backend (in that version) without importing it; None when there is none.

    A version may name a deployment target beside the compiler's version, or alone. Raises BackendError when the environment
    variable names an interpreter that does not have it.
    """
    wanted = backend(name)
    name = wanted.name
    version = parted(name, version or "")[0] or None
    here = available(name)
    if here and meant(version, here):
        return Toolchain(sys.executable, here)
    named = os.environ.get(variable(name))
    if named:
        there = interpreters.packages(named, wanted.distributions)
        missing = [one for one in wanted.distributions if one not in there]
        if missing:
            raise BackendError(f"{variable(name)} names {named}, which has no {missing[0]}", hint=wanted.install)
        if meant(version, there[wanted.distributions[0]]):
            return Toolchain(named, there[wanted.distributions[0]])
    return next((one for one in installed(name) if meant(version, one.version)), None)


def pinned(wanted: Backend, version: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the version to install and its requirements: the adapter's, with that version of the compiler."""
    pins = dict(one.split("==") for one in wanted.requires if "==" in one)
    usual = pins[wanted.distributions[0]]
    if version is None or version == usual:
        return usual, wanted.requires
    moving = {f"{one}=={usual}": f"{one}=={version}" for one in wanted.distributions}
    return version, tuple(moving.get(one, one) for one in wanted.requires)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold a lock that one installation of a toolchain and its child processes own, so that an orphaned pip is waited for."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock, exclusive(lock):
        yield lock.fileno()


def follow(command: list[str], progress: Progress, lock: int) -> None:
    """Run a command, passing its output lines to `progress`; raises BackendError with its error line if it fails."""
    last: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        pass_fds=(lock,),
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                last.append(line.rstrip())
                progress(line.rstrip())
        except BaseException:
            kill_group(process)
            raise
    if process.returncode:
        why = next((line for line in reversed(last) if line.startswith("ERROR")), last[-1] if last else "")
        raise BackendError(f"`{' '.join(command[1:4])}` failed: {why}")


def install(name: str, version: str | None, progress: Progress) -> Toolchain:
    """Install the backend in an environment of its own in the cache folder, and check that it starts there.

    `progress` gets one line at a time. An installation that was killed is continued. Raises BackendError when no
    suitable Python is found, or a package cannot be installed or imported.
    """
    wanted = backend(name)
    require_workers(wanted.title)
    version, requires = pinned(wanted, version)
    folder = home() / f"{name}-{version}"
    python = python_of(folder)
    with locked(folder) as lock:
        if (folder / MARKER).exists() and python.exists():
            progress(f"{name} {version} is already in {folder}")
            return Toolchain(str(python), version)
        if interpreters.run_script(str(python), "import pip") is None:
            shutil.rmtree(folder, ignore_errors=True)
            low, high = wanted.pythons
            base = interpreters.find_python(low, high)
            if base is None:
                raise BackendError(
                    f"{wanted.title} needs a Python from {low[0]}.{low[1]} to {high[0]}.{high[1]}, none was found",
                    hint=f"install one, for example with `uv python install {high[0]}.{high[1]}`",
                )
            progress(f"making an environment in {folder} with {base}")
            follow([base, "-m", "venv", str(folder)], progress, lock)
        # Scripts carry their interpreter's path, so the folder is built where it stays and marked when done.
        follow([str(python), "-m", "pip", "install", "--disable-pip-version-check", *requires], progress, lock)
        with Session(wanted.adapter, python=str(python), deadline=60.0, memory_gib=6.0) as session:
            found = session.version
        draft = folder / f"{MARKER}.partial"
        draft.write_text(json.dumps({"backend": name, "version": found, "requires": requires}) + "\n")
        draft.replace(folder / MARKER)
    progress(f"{name} {found} is ready in {folder}")
    return Toolchain(str(python), found)
