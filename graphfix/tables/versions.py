"""The folder of the support tables, the measured compiler versions, and the nearest one to a requested version."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphfix.errors import TableError

WHOLE = "@model"
"""The name of the entry about whole models, in place of an operator's name."""

ATEN = "aten"
"""The `operators` of a target whose tables are about torch's operators."""
EVERY = "all"
"""The group of all targets but previews; target.toml names the others that its target belongs to."""


def canonical_target(target: str) -> str:
    """Return a target, perhaps with `@VERSION`, under its own name where an alias is given."""
    name, at, version = target.partition("@")
    if name in targets():
        return target
    aliases = {alias: known for known in targets() for alias in aliases_of(known)}
    return aliases.get(name.lower(), name) + at + version


def aliases_of(target: str) -> list[str]:
    """Return the other names of a target, in lower case."""
    return list(about_target(target).get("aliases", ()))


def groups_of(target: str, *, home: Path | None = None) -> list[str]:
    """Return the groups of targets, such as `mobile`, that a target belongs to, without `all`; a preview belongs to none."""
    about = about_target(target, home=home)
    return [] if about.get("preview") else list(about.get("groups", ()))


def is_preview(target: str, *, home: Path | None = None) -> bool:
    """Whether a target's table is not yet right often enough to be in any group."""
    return bool(about_target(target, home=home).get("preview"))


def groups(*, home: Path | None = None) -> dict[str, list[str]]:
    """Return the targets of each group, by its name: `all` first; previews are in none."""
    found = {EVERY: [target for target in targets(home=home) if not is_preview(target, home=home)]}
    for target in found[EVERY]:
        for group in groups_of(target, home=home):
            found.setdefault(group, []).append(target)
    return found


@functools.cache
def rules_home() -> Path:
    """Return the folder of the support tables: inside the installed package, or beside it in a checkout."""
    roots = [Path(root).resolve() for root in sys.modules["graphfix"].__path__]  # wherever in the package this module is
    for root in roots:
        for folder in (root / "rules", root.parent / "rules"):
            if folder.is_dir():
                return folder
    raise TableError("the support tables are missing", path=roots[0], hint="reinstall graphfix")


def tables_folder(home: Path | None = None) -> Path:
    """Return the given folder of support tables, else graphfix's own."""
    return home or rules_home()


def targets(*, home: Path | None = None) -> list[str]:
    """Return the names of all targets that have tables of their own, about ONNX, sorted."""
    if home is None:
        return list(_measured(str(rules_home())))
    return _with_own_tables({name: about_target(name, home=home) for name in _folders(home)})


@functools.cache
def _measured(folder: str) -> Sequence[str]:
    return _with_own_tables(_own(folder))


def _with_own_tables(told: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [name for name, about in told.items() if about.get("base", name) == name and about.get("operators") != ATEN]


def torch_targets(*, home: Path | None = None) -> list[str]:
    """Return the names of all targets that start from torch, sorted; their tables are about ATen operators."""
    return [name for name in _folders(home) if starts_from_torch(name, home=home)]


def derived_targets(*, home: Path | None = None) -> list[str]:
    """Return the names of the targets that are judged by another target's tables, sorted."""
    return [name for name in _folders(home) if base_target(name, home=home) != name]


def every_target(*, home: Path | None = None) -> list[str]:
    """Return the names of all targets: those with tables of their own, those that use another one's, and those from torch."""
    return [*targets(home=home), *derived_targets(home=home), *torch_targets(home=home)]


def base_target(target: str, *, home: Path | None = None) -> str:
    """Return the target whose tables and compiler a target uses: itself, or the `base` that its target.toml names."""
    return str(about_target(target, home=home).get("base", target))


def engine(target: str) -> str:
    """Return the name of the compiler that a target is a way to use: the `engine` of its target.toml, else its base target."""
    return str(about_target(target).get("engine", base_target(target)))


def starts_from_torch(target: str, *, home: Path | None = None) -> bool:
    """Whether a target, perhaps with `@VERSION`, takes programs of torch and no ONNX model."""
    return about_target(target.partition("@")[0], home=home).get("operators") == ATEN


def by_start(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the targets that start from ONNX together, and each one that starts from torch by itself."""
    found = list(names)
    parts = [tuple(one for one in found if not starts_from_torch(one)), *((one,) for one in found if starts_from_torch(one))]
    return [part for part in parts if part]


def _folders(home: Path | None) -> list[str]:
    return list(_own(str(rules_home()))) if home is None else _with_tables(home)


def _with_tables(folder: Path | str) -> list[str]:
    return sorted(name for name in os.listdir(folder) if os.path.exists(os.path.join(folder, name, "target.toml")))


@functools.cache
def _own(folder: str) -> Mapping[str, Mapping[str, Any]]:
    """Return what every target's target.toml says in graphfix's own folder, which is asked for often and not written to."""
    return {name: parsed_toml(os.path.join(folder, name, "target.toml")) for name in _with_tables(folder)}


def expanded_targets(names: Iterable[str]) -> list[str]:
    """Return targets under their own names, each once, with a group replaced by its targets; unknown ones stay."""
    expanded: list[str] = []
    for name in names:
        own = canonical_target(name)
        expanded += [own] if own.partition("@")[0] in targets() else groups().get(name, [own])
    return list(dict.fromkeys(expanded))


def about_target(target: str, *, home: Path | None = None) -> Mapping[str, Any]:
    """Return what a target's target.toml says of it; nothing where it has none."""
    return _own(str(rules_home())).get(target, {}) if home is None else parsed_toml(os.path.join(home, target, "target.toml"))


def parsed_toml(file: str) -> Mapping[str, Any]:
    """Return what a file of data says; nothing where it is not there."""
    try:
        found = os.stat(file)
    except OSError:
        return {}
    return _parsed(file, found.st_mtime_ns, found.st_size)


@functools.cache
def _parsed(file: str, changed: int, size: int) -> Mapping[str, Any]:
    """Return what a file says; a command asks several times for each target, so a file is read once until it is changed."""
    import tomllib

    return tomllib.loads(Path(file).read_text())


def measured_versions(target: str, *, home: Path | None = None) -> list[str]:
    """Return the compiler versions measured for a target, oldest first."""
    folder = tables_folder(home) / base_target(target, home=home)
    return sorted((path.name for path in folder.iterdir() if path.is_dir()), key=version_numbers)


def newest_version(target: str, *, home: Path | None = None) -> str:
    """Return the newest measured version of a target; versions of which only some operators were measured come last."""
    home = tables_folder(home)
    versions = measured_versions(target, home=home)
    whole = [version for version in versions if (home / base_target(target, home=home) / version / f"{WHOLE}.json").is_file()]
    return (whole or versions)[-1]


def within(version: str, wanted: str) -> bool:
    """Whether a version is the requested one, or a release of it: `2025.4.1` is within `2025.4`."""
    return f"{version}.".startswith(f"{wanted}.")


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers in a version, as the key for sorting versions."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def nearest_version(wanted: str, versions: list[str]) -> str:
    """Return the requested version or its newest release, else the newest measured one before it, else the oldest."""
    releases = [version for version in versions if within(version, wanted)]
    if releases:
        return releases[-1]
    older = [version for version in versions if version_numbers(version) <= version_numbers(wanted)]
    return older[-1] if older else versions[0]
