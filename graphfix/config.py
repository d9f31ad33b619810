"""`[tool.graphfix]`: the settings a project keeps beside its models, found from the model's folder upwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from graphfix.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class Config:
    """Settings for one run; a flag of the same name beats each of them.

    `shapes` and `values` are keyed by input name; `allow` holds the safety classes that fix may use besides exact.
    """

    targets: tuple[str, ...] = ()
    fail_on: str = "error"
    allow: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    shapes: Mapping[str, list[int | str]] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    rtol: float | None = None
    atol: float | None = None
    source: str | None = None


def load(start: Path, *, file: Path | None = None, isolated: bool = False) -> Config:
    """The settings for models in a folder: from `file`, else the nearest pyproject.toml or graphfix.toml above."""
    if isolated:
        return Config()
    if file is not None:
        if not file.is_file():
            raise UsageError("no such configuration file", path=file, cure="check the path given with --config")
        return _read(file)
    folder = (start if start.is_dir() else start.parent).resolve()
    for place in (folder, *folder.parents):
        for name in ("graphfix.toml", "pyproject.toml"):
            if (place / name).is_file():
                found = _read(place / name)
                if found.source is not None:
                    return found
    return Config()


def _read(path: Path) -> Config:
    import tomllib

    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not valid TOML: {error}", path=path, cure="mend the line it names") from error
    table = data.get("tool", {}).get("graphfix") if path.name == "pyproject.toml" else data
    if table is None:
        return Config()
    known = {item.name.replace("_", "-"): item for item in fields(Config) if item.name != "source"}
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise UsageError(f"unknown setting `{key}`", path=path, cure=nearest(key, known))
        name = known[key].name
        given[name] = tuple(value) if name in ("targets", "allow", "ignore") and isinstance(value, list) else value
        _check_type(key, given[name], path)
    return Config(**given, source=str(path))


def _check_type(key: str, value: Any, path: Path) -> None:
    wanted = {
        "targets": tuple, "allow": tuple, "ignore": tuple, "fail-on": str, "shapes": dict, "values": dict,
        "rtol": (int, float), "atol": (int, float),
    }[key]  # fmt: skip
    if not isinstance(value, wanted):  # type: ignore[arg-type]
        names = {tuple: "a list", str: "a word", dict: "a table"}
        raise UsageError(f"`{key}` is {value!r}", path=path, cure=f"write {names.get(wanted, 'a number')}")  # type: ignore[call-overload]
    if key == "fail-on" and value not in ("error", "warning", "note", "never"):
        raise UsageError(f"`fail-on` is `{value}`", path=path, cure="choose from error, warning, note, never")
