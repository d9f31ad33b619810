"""Puts the layout library of the page of `lint --html` into the package: `npm pack`, pinned, checked by sha256.

`python tools/layout_library.py` does it for a checkout, and tools/build_hook.py whenever the package is built. Where npm or
the network is missing the package works without: its page then uses its own plain layout. That is an error with
GRAPHFIX_REQUIRE_LAYOUT_LIBRARY=1, as a release is built.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIN = Path(__file__).with_suffix(".json")
VENDOR = Path("graphfix", "report", "web", "vendor")
REQUIRED = "GRAPHFIX_REQUIRE_LAYOUT_LIBRARY"
DEADLINE = 120


class Unavailable(Exception):
    """The library cannot be fetched, or is not the one that is pinned."""


def fetch(root: Path = ROOT) -> Path:
    """Return the path of the library in a checkout, fetched where it is missing or of another version; Unavailable otherwise."""
    pin = json.loads(PIN.read_text())
    goal = root / VENDOR / "dagre.min.js"
    head = f"/*! {pin['package']} {pin['version']}, {pin['license']} licence, sha256 of the package {pin['sha256']}\n"
    if goal.is_file() and goal.read_text("utf-8").startswith(head):
        return goal
    script, notice = unpacked(packed(pin), pin)
    if "*/" in notice or "</script" in script.lower():
        raise Unavailable(f"{pin['package']} cannot be put into a page")
    text = re.sub(r"(?m)^//# sourceMappingURL=.*\n?", "", script)
    goal.parent.mkdir(parents=True, exist_ok=True)
    partial = goal.with_suffix(".part")
    partial.write_text(f"{head}\n{notice.strip()}\n*/\n{text}", "utf-8")
    partial.replace(goal)
    (goal.parent / "LICENSE.dagre.txt").write_text(notice, "utf-8")
    return goal


def packed(pin: dict[str, str]) -> bytes:
    """Return the package's archive from the registry that npm is set up for."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", "--pack-destination", folder, f"{pin['package']}@{pin['version']}"]
        try:
            subprocess.run(command, check=True, cwd=folder, capture_output=True, timeout=DEADLINE)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"npm could not fetch {pin['package']} {pin['version']}") from error
        (archive,) = Path(folder).glob("*.tgz")
        data = archive.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != pin["sha256"]:
        raise Unavailable(f"{pin['package']} {pin['version']} has sha256 {found}, expected {pin['sha256']}")
    return data


def unpacked(data: bytes, pin: dict[str, str]) -> tuple[str, str]:
    """Return the script and the licence in a package's archive."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            script, notice = (archive.extractfile(pin[name]) for name in ("script", "notice"))
            assert script is not None
            assert notice is not None
            return script.read().decode(), notice.read().decode()


def provide(root: Path = ROOT) -> None:
    """Fetch the library; where that is not possible, say so on stderr, or end where it is required."""
    try:
        fetch(root)
    except (Unavailable, OSError) as error:
        if os.environ.get(REQUIRED):
            sys.exit(f"the layout library is required: {error}")
        print(f"the page of `lint --html` will use its own plain layout: {error}", file=sys.stderr)


if __name__ == "__main__":
    provide()
