"""`[tool.graphfix]`: a project's settings, read from the nearest file in the model's folder or above it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from graphfix.errors import UsageError, nearest
from graphfix.ir.records import dataclass
from graphfix.ir.urls import ModelUrl, is_url
from graphfix.linter.config_schema import NEEDED, SETTINGS, SUPPRESSION, fault

FILES = ("graphfix.toml", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Suppression:
    """A finding that does not count: its code, where it is suppressed, and the reason."""

    code: str
    reason: str
    target: str = ""
    model: str = ""
    node: str = ""
    op: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings for one run; a command-line option of the same name overrides each of them.

    `shapes` and `values` are keyed by input name; `allow` holds the safety classes that fix may use besides exact.
    `models` are the sections for some models, by glob; `of` merges those that match a model.
    `origins` maps each key that is set to the file or section that sets it.
    """

    targets: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    fail_on: str = "error"
    output_format: str = "text"
    baseline: str | None = None
    shapes: Mapping[str, list[int | str]] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    rtol: float | None = None
    atol: float | None = None
    suppress: tuple[Suppression, ...] = ()
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)

    def of(self, model: str | Path) -> Config:
        """Return the settings for one model: sections whose glob matches its path override the rest, later ones win."""
        changed: dict[str, Any] = {}
        origins = dict(self.origins)
        for glob, section in self.models.items():
            if not self.meets(glob, model):
                continue
            for key, value in section.items():
                name = key.replace("-", "_")
                old = changed.get(name, getattr(self, name))
                changed[name] = {**old, **value} if isinstance(old, Mapping) else value
                origins[key] = f'{self.source}, models."{glob}"'
        return dataclasses.replace(self, **changed, origins=origins) if changed else self

    def meets(self, glob: str, model: str | Path) -> bool:
        """Whether a glob matches a model's URL, its path from the settings' folder, or its name where the glob has no slash."""
        if is_url(model):
            return fnmatchcase(str(model), glob) or ("/" not in glob and fnmatchcase(ModelUrl(model).name, glob))
        path = Path(model)
        folder = Path(self.source).parent if self.source else Path()
        below = os.path.relpath(path.resolve(), folder.resolve()).replace(os.sep, "/")
        return fnmatchcase(below, glob.removeprefix("./")) or ("/" not in glob and fnmatchcase(path.name, glob))


def load(start: Path, *, file: Path | None = None, isolated: bool = False) -> Config:
    """Load the settings for a model or a folder: from `file`, else the nearest graphfix.toml or pyproject.toml.

    Where `start` is a model, the sections that match it are merged.

    Raises:
        UsageError: the file is missing, is not TOML, or holds a key or a value that is not known.
    """
    if isolated:
        return Config()
    found = _read(file) if file is not None else _nearest(start)
    return found if start.is_dir() else found.of(start)


def _nearest(start: Path) -> Config:
    folder = (start if start.is_dir() else start.parent).resolve()
    for parent in (folder, *folder.parents):
        for name in FILES:
            if (parent / name).is_file():
                found = _read(parent / name)
                if found.source is not None:
                    return found
    return Config()


def _read(path: Path) -> Config:
    import tomllib

    if not path.is_file():
        raise UsageError("no such configuration file", path=path, hint="check the path given with --config")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not valid TOML: {error}", path=path, hint="fix the line that it names") from error
    table = data.get("tool", {}).get("graphfix") if path.name == "pyproject.toml" else data
    if table is None:
        return Config()
    given = _checked(table, SETTINGS, path, "")
    given["suppress"] = tuple(_suppression(item, path) for item in _tables(table.get("suppress", []), path))
    given["models"] = _sections(table.get("models", {}), path)
    _check_codes([*given.get("select", ()), *given.get("ignore", ()), *given.get("severity", {})], path)
    return Config(**given, source=str(path), origins=dict.fromkeys(table, str(path)))


def _checked(table: Any, known: Mapping[str, Any], path: Path, where: str) -> dict[str, Any]:
    """Return the values of a TOML table by field name, lists as tuples; UsageError for unknown keys or values."""
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise UsageError(f"unknown setting `{where}{key}`", path=path, hint=nearest(key, known))
        if problem := fault(value, known[key].form):
            raise UsageError(f"`{where}{key}` is {problem}", path=path, hint=f"write {known[key].wanted}")
        given[key.replace("-", "_")] = tuple(value) if isinstance(value, list) else value
    return given


def _sections(table: Any, path: Path) -> dict[str, dict[str, Any]]:
    if not isinstance(table, dict) or not all(isinstance(section, dict) for section in table.values()):
        raise UsageError(
            f"`models` is {table!r}", path=path, hint='write sections such as [tool.graphfix.models."speech/*.onnx"]'
        )
    known = {name: setting for name, setting in SETTINGS.items() if setting.per_model}
    found = {}
    for glob, section in table.items():
        checked = _checked(section, known, path, f'models."{glob}".')
        found[glob] = {name.replace("_", "-"): value for name, value in checked.items()}
    return found


def _tables(value: Any, path: Path) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise UsageError(f"`suppress` is {value!r}", path=path, hint="write [[tool.graphfix.suppress]] with a code and a reason")
    return value


def _suppression(table: dict[str, Any], path: Path) -> Suppression:
    given = _checked(table, SUPPRESSION, path, "suppress.")
    for key in NEEDED:
        if key not in given:
            raise UsageError(f"a suppression has no `{key}`", path=path, hint=f"add `{key}`, {SUPPRESSION[key].about}")
    _check_codes([given["code"]], path)
    if "target" in given:
        from graphfix.tables.versions import canonical_target

        given["target"] = canonical_target(given["target"])
    return Suppression(**given)


def _check_codes(words: list[str], path: Path) -> None:
    if not words:
        return
    from graphfix.linter.codes import check_word

    for word in words:
        check_word(word, path=path)
