"""Deployment targets: the oldest systems that a compiler builds for, as versions of its target such as `coreml@ios16`.

A target that has them says so in its `deployment.toml`. A version's table is measured for the default one, and the folder
`deployment` in it holds the tables and the evidence of those operators that are supported otherwise on another one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from graphfix.errors import UsageError, nearest
from graphfix.tables.versions import base_target, parsed_toml, tables_folder

FILE = "deployment.toml"
FOLDER = "deployment"
JOINT = "-"
"""What stands between the version of a compiler and a deployment target: `1.1.0-ios16`."""


def deployment_targets(target: str, *, home: Path | None = None) -> list[str]:
    """Return the deployment targets of a target, oldest first, as its compiler calls them; none where it has none."""
    return [str(names[0]) for names in _about(target, home).get("targets", ())]


def default_deployment(target: str, *, home: Path | None = None) -> str:
    """Return the deployment target that a target's own table was measured for; empty where it has none."""
    return str(_about(target, home).get("default", ""))


def parted(target: str, version: str, *, home: Path | None = None) -> tuple[str, str]:
    """Return the compiler version and the deployment target that a requested version means, each empty where it names none.

    The default deployment target is that of the table itself, so it counts as none. Raises UsageError for an unknown one.
    """
    about = _about(target, home)
    if not about:
        return version, ""
    compiler, joint, name = version.rpartition(JOINT)
    if not joint and not version[:1].isalpha():
        return version, ""
    known = {str(name).lower(): str(names[0]) for names in about["targets"] for name in names}
    if name.lower() not in known:
        hint = f"known are {', '.join(deployment_targets(target, home=home))}"
        raise UsageError(f"{target} has no deployment target `{name}`", hint=nearest(name.lower(), known) or hint)
    found = known[name.lower()]
    return compiler, "" if found == about["default"] else found


def joined(version: str, deployment: str) -> str:
    """Return the name of a compiler version for a deployment target: `1.1.0-ios16`."""
    return f"{version}{JOINT}{deployment.lower()}" if deployment else version


def deployed_target(target: str, deployment: str, *, home: Path | None = None) -> str:
    """Return a target for a deployment target of an option, as `T@VERSION`; UsageError where it has none, or names one too."""
    name, _, version = target.partition("@")
    if not _about(name, home):
        raise UsageError(f"{name} has no deployment targets", hint="leave out --deployment-target")
    parted(name, deployment, home=home)
    compiler, named = parted(name, version, home=home)
    if named:
        raise UsageError(f"{target} names a deployment target already", hint="leave out --deployment-target")
    return f"{name}@{joined(compiler, deployment) if compiler else deployment.lower()}"


def differing_folder(folder: Path, deployment: str) -> Path | None:
    """Return where a version's folder of tables holds what differs for a deployment target; None where none is named."""
    return folder / FOLDER / deployment.lower() if deployment else None


def _about(target: str, home: Path | None) -> Any:
    """Return what a target's file says of its deployment targets; nothing where it has none."""
    return parsed_toml(os.path.join(tables_folder(home), base_target(target, home=home), FILE))
