"""Support tables: what a compiler was measured to support and to reject, looked up by the facets of a node.

A table is a folder `rules/<target>/<compiler version>/` with one JSON file per operator, written by the prober.
Conditions are in the language of conditions.py.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.errors import TableError, UsageError, nearest
from graphfix.ir.records import dataclass
from graphfix.tables.agreement import preview_words
from graphfix.tables.deployment import differing_folder, joined, parted
from graphfix.tables.entry import Entry
from graphfix.tables.evidence import TableVerdict
from graphfix.tables.target_facets import facets_for_target
from graphfix.tables.unknown_operators import UNKNOWN, unknown_class
from graphfix.tables.versions import (
    WHOLE,
    about_target,
    base_target,
    canonical_target,
    every_target,
    expanded_targets,
    measured_versions,
    nearest_version,
    newest_version,
    starts_from_torch,
    tables_folder,
    targets,
    within,
)

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets

RELEASE = 3
"""The number of parts of a version that name a release; the rest counts builds."""


@dataclass(slots=True)
class Table:
    """The support table of one compiler version; entries are read when they are first used.

    `asked` is the requested version where that one was not measured and this table is used instead; else empty. `base` is the
    target that the table was measured for, where `target` has no table of its own; else empty. `deployment` is the deployment
    target that another table of the same compiler was measured for, which has the entries that differ in `differing`.
    """

    target: str
    version: str
    folder: Path
    about: Mapping[str, Any]
    entries: dict[tuple[str, str], Entry | None] = field(default_factory=dict)
    asked: str = ""
    base: str = ""
    deployment: str = ""

    @property
    def differing(self) -> Path | None:
        """The folder of the entries that differ for the deployment target; None for the table that they differ from."""
        return differing_folder(self.folder, self.deployment)

    @property
    def measured_target(self) -> str:
        """The target whose compiler the table was measured with."""
        return self.base or self.target

    @property
    def drops_unreached(self) -> bool:
        """Whether the compiler was measured to remove nodes that no output depends on before it checks them."""
        return bool(self.about.get("unreached") == "dropped")

    @property
    def drops_untaken(self) -> str:
        """When the compiler removes a branch that is never run: `always`, where its condition is `constant`, or `never`."""
        return str(self.about.get("untaken", "never"))

    @property
    def folds(self) -> str:
        """What the compiler computes before it checks nodes: `always` what depends on constants and fixed dims alone, or `never`.

        `constant`: only what depends on constants.
        """
        return str(self.about.get("folded", "never"))

    @classmethod
    def open(cls, target: str, *, home: Path | None = None) -> Table:
        """Open the newest table of `name`, or of `name@version` that of the version or of the nearest measured one."""
        home = tables_folder(home)
        name, _, wanted = canonical_target(target).partition("@")
        known = every_target(home=home)
        if name not in known:
            raise UsageError(f"unknown target `{name}`", hint=nearest(name, known))
        base = base_target(name, home=home)
        about, derived = about_target(base, home=home), base if base != name else ""
        if derived:
            own = about_target(name, home=home)
            about = {**about, **own, "compiler_title": about.get("title", base), "measured": _borrowed(base, about)}
        versions = measured_versions(name, home=home)
        if not versions:
            raise TableError("holds no measured version", path=home / name, hint=f"run `graphfix probe --target {name}`")
        wanted, deployment = parted(name, wanted, home=home)
        if wanted and not wanted[0].isdigit():
            raise UsageError(f"`{wanted}` is no version of {name}", hint=f"measured: {', '.join(versions)}")
        version = nearest_version(wanted, versions) if wanted else newest_version(name, home=home)
        asked = "" if not wanted or within(version, wanted) else wanted
        own_name = joined(version, deployment)
        return cls(name, own_name, home / base / version, about, asked=asked, base=derived, deployment=deployment)

    @property
    def of_torch(self) -> bool:
        """Whether the table is about the ATen operators of programs of torch, not about ONNX."""
        return starts_from_torch(self.target)

    @property
    def portable(self) -> Table | None:
        """The table of what runs the nodes that a delegate leaves; None where these run on a CPU that takes any node."""
        found = self.about.get("portable")
        return None if found is None else table(str(found), self.folder.parents[1])

    @property
    def left_to(self) -> str:
        """What runs the nodes that an accelerator does not take."""
        return str(self.about.get("left_to", "the CPU"))

    @property
    def builds_for_sizes(self) -> bool:
        """Whether the compiler builds for bounds of every dynamic dim, a size profile."""
        return bool(self.about.get("profiles"))

    @property
    def placement(self) -> str:
        """What is known of who runs a node: what the target's runtime says of it, or why nothing was asked; may be empty."""
        return str(self.about.get("placement") or self.about.get("unplaced", ""))

    @property
    def preview(self) -> str:
        """How often the table is right where that is not often enough to be in a group of targets; empty for other tables."""
        return preview_words(self.folder, of_torch=self.of_torch) if self.about.get("preview") else ""

    @property
    def title(self) -> str:
        """The compiler's name for people, with the measured version."""
        return f"{self.about.get('title', self.target)} {self.version}"

    @property
    def name(self) -> str:
        """The compiler's name for people, without versions and parts, as messages about one of its findings call it."""
        return str(self.about.get("compiler_title", self.about.get("title", self.target))).partition(" (")[0]

    @property
    def measured_on(self) -> str:
        """The tools and versions that were measured: `onnx2tf 2.6.9, LiteRT 2.1.2`; empty where target.toml names none."""
        release = ".".join(self.folder.name.split(".")[:RELEASE])
        return str(self.about.get("measured", "")).format(version=self.folder.name, release=release)

    def entry(self, op: str, domain: str = "") -> Entry | None:
        """Return the entry of one operator, or None when it was never measured."""
        key = (op, domain)
        if key not in self.entries:
            name = f"{domain + '.' if domain else ''}{op}.json"
            paths = (f"{folder}{os.sep}{name}" for folder in (self.differing, self.folder) if folder is not None)
            known = re.fullmatch(r"[\w@.\-]+", name)  # it comes from a model, and must not lead out of the folder
            path = next((path for path in paths if known and os.path.isfile(path)), None)
            self.entries[key] = None if path is None else Entry.read(path)
        return self.entries[key]

    def judged_as(self, op: str, domain: str) -> tuple[str, str]:
        """Return the operator and the domain whose entry judges one: `@unknown` where it has none and nobody defines it."""
        if op == WHOLE or self.of_torch or self.entry(op, domain) is not None or unknown_class(op, domain) is None:
            return op, domain
        return UNKNOWN, ""

    def judging(self, op: str, domain: str, facets: Facets) -> tuple[Entry | None, Facets]:
        """Return the entry that judges an operator, and the facets: its node's, or its domain's kind where nobody defines it."""
        judge = self.judged_as(op, domain)
        return self.entry(*judge), facets if judge == (op, domain) else {"domain": unknown_class(op, domain)}

    def rule(self, op: str, domain: str, facets: Facets) -> TableVerdict:
        """Return the ruling on a node of one operator with these facets."""
        entry, keyed = self.judging(op, domain, facets)
        if entry is None:
            whole = op == WHOLE and self.of_torch  # what is told of a whole ONNX model does not apply
            return TableVerdict("supported" if whole else "unmeasured", reason="" if whole else "no probe of this operator")
        ruling = entry.rule(facets_for_target(self.measured_target, keyed))
        if ruling.verdict == "rejected" and ruling.evidence is not None and ruling.evidence.left and self.portable is not None:
            second = self.portable.rule(op, domain, facets)
            return replace(second, by_portable=True) if second.verdict == "rejected" else ruling
        return ruling


def _borrowed(base: str, about: Mapping[str, Any]) -> str:
    """Say whose table judges the operators of a derived target: `operators by the table of tflite: onnx2tf 2.6.9, ...`."""
    measured = about.get("measured")
    return f"operators by the table of {base}" + (f": {measured}" if measured else "")


@functools.cache
def table(target: str, home: Path | None = None) -> Table:
    """Return the support table of a target, opened once in a process."""
    return Table.open(target, home=home)


def checked_targets(given: str | Iterable[str]) -> list[str]:
    """Return targets under their own names, groups expanded; UsageError for an unknown one, or none at all."""
    names = [given] if isinstance(given, str) else list(given)
    if not names:
        raise UsageError("no target is given", hint=f"name one of {', '.join(targets())}, or all")
    found = expanded_targets(names)
    for name in found:
        table(name)
    return found
