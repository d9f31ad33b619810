"""`graphfix config`: the resolved settings of a model, and the origin of each."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphfix.cli.options import add_fail_on, add_shared, bindings, chosen_targets, destination
from graphfix.cli.run_settings import add_policy, split_words
from graphfix.linter import config as settings
from graphfix.linter.baseline import nearest
from graphfix.linter.config import Config, Suppression
from graphfix.linter.config_schema import SETTINGS

SCHEMA = "graphfix.schema.json"
COLUMNS = 48
"""The width of a setting, before the comment on its origin."""
ADDING_OPTIONS = ("--ignore", "--shape", "--set")
"""Options whose values are added to those of the settings file."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path(), metavar="PATH", help="a model or a folder (the current one)"
    )
    schema = parser.add_mutually_exclusive_group()
    schema.add_argument("--schema", action="store_true", help="print the JSON schema of the settings, for editors")
    schema.add_argument("--report-schema", action="store_true", help="print the JSON schema of reports, for programs")
    add_policy(parser)
    add_shared(parser)
    add_fail_on(parser)
    parser.set_defaults(output_format=None)


def run(given: argparse.Namespace) -> int:
    """Print the settings as TOML, each with its origin; exit code 2 when they hold something unknown."""
    with destination(given.output_file) as out:
        if given.schema:
            out.write(_packaged("graphfix", SCHEMA))
        elif given.report_schema:
            from graphfix.report import json_

            out.write(_packaged("graphfix.report", json_.SCHEMA))
        else:
            out.write("\n".join(settings_lines(given)) + "\n")
    return 0


def _packaged(package: str, name: str) -> str:
    """Return the text of a file that is installed with a package."""
    from importlib.resources import files

    return files(package).joinpath(name).read_text("utf-8")


def settings_lines(given: argparse.Namespace) -> Iterator[str]:
    """Yield the resolved settings as lines of TOML, each with a comment on its origin."""
    found = settings.load(given.path, file=given.config, isolated=given.isolated)
    resolved: dict[str, Any] = {name: getattr(found, name.replace("-", "_")) for name in SETTINGS}
    origins = dict(found.origins)
    for option, (name, value) in _from_options(given, found).items():
        if value:
            resolved[name] = value
            adds = option in ADDING_OPTIONS and name in origins
            origins[name] = f"{origins[name]}, {option}" if adds else option
    if resolved["baseline"] is None and not given.isolated and not given.no_baseline:
        resolved["baseline"] = nearest(given.path if given.path.is_dir() else given.path.parent)
        origins["baseline"] = "found above the models" if resolved["baseline"] else "default"
    yield f"# settings from {found.source or 'no file'}"
    for name, value in resolved.items():
        if name not in ("suppress", "models"):
            yield _line(name, value, origins.get(name, "default"))
    yield from _sections(found)


def _from_options(given: argparse.Namespace, found: Config) -> dict[str, tuple[str, Any]]:
    """The settings that options give: by option, the setting's name and its value, empty where it is not given."""
    shapes, values = bindings(given.shape, given.set, found)
    return {
        "--target": ("targets", chosen_targets(given.target, found) if given.target else None),
        "--fail-on": ("fail-on", given.fail_on),
        "--output-format": ("output-format", given.output_format),
        "--select": ("select", split_words(given.select)),
        "--ignore": ("ignore", (*found.ignore, *split_words(given.ignore)) if given.ignore else None),
        "--baseline": ("baseline", given.baseline),
        "--shape": ("shapes", shapes if given.shape else None),
        "--set": ("values", values if given.set else None),
    }


def _sections(found: Config) -> Iterator[str]:
    for item in found.suppress:
        yield f"\n[[suppress]]  # {found.source}"
        yield from (f"{name} = {_toml(getattr(item, name))}" for name in Suppression.__dataclass_fields__ if getattr(item, name))
    for glob, section in found.models.items():
        yield f"\n[models.{json.dumps(glob)}]  # {found.source}"
        yield from (f"{name} = {_toml(value)}" for name, value in section.items())


def _line(name: str, value: Any, origin: str) -> str:
    if value is None:
        return f"{f'# {name} is not set':{COLUMNS}}  # {origin}"
    return f"{f'{name} = {_toml(value)}':{COLUMNS}}  # {origin}"


def _toml(value: Any) -> str:
    """Return a value in TOML syntax, tables inline."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        items = ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {items} }}" if items else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value), ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)
