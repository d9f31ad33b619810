"""What was measured of each target: compiler versions, numbers of operators and probes, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphfix.errors import TableError
from graphfix.tables.table import Table
from graphfix.tables.versions import aliases_of, groups_of, measured_versions, newest_version, targets


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurement of one compiler version; `default` tells whether a target without `@VERSION` means this one.

    `first` and `last` are the days of the first and the last probe; `note` says what was done with the compiler,
    `preview` of a preview how often its table is right.
    """

    target: str
    version: str
    default: bool
    title: str
    note: str
    operators: int
    probes: int
    first: str
    last: str
    preview: str

    def to_json(self) -> dict[str, Any]:
        """The measurement as a JSON object."""
        return {
            "target": self.target, "version": self.version, "default": self.default,
            "aliases": aliases_of(self.target), "groups": groups_of(self.target), "preview": self.preview,
            "title": self.title, "note": self.note,
            "operators": self.operators, "probes": self.probes,
            "measured": {"first": self.first, "last": self.last},
        }  # fmt: skip

    @property
    def days(self) -> str:
        """The day, or the first and the last day, of the measurement."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"


def measurements(*, home: Path | None = None) -> Iterator[Measured]:
    """Yield the measurement of every version of every target, the newest version of a target first."""
    for target in targets(home=home):
        for version in measured_versions(target, home=home)[::-1]:
            found = Table.open(f"{target}@{version}", home=home)
            title, note = str(found.about.get("title", target)), str(found.about.get("note", ""))
            default = version == newest_version(target, home=home)
            yield Measured(target, version, default, title, note, *_counted(found.folder), found.preview)


def _counted(folder: Path) -> tuple[int, int, str, str]:
    """Return the numbers of operators and probes in a folder of tables, and the first and the last day."""
    operators, probes = 0, 0
    days: set[str] = set()
    for path in sorted(folder.glob("*.json")):
        try:
            measured = json.loads(path.read_bytes())["measured"]
            probes += int(measured["probes"])
            days.add(str(measured["on"]))
        except (ValueError, KeyError, TypeError) as error:
            raise TableError(f"not a support table ({error!r})", path=path, hint="reinstall graphfix") from error
        operators += not path.name.startswith("@")
    return operators, probes, min(days, default=""), max(days, default="")
