"""The baseline: the findings a project has when it begins to lint, which do not count until they have gone and come back.

`graphfix-baseline.json` holds fingerprints by model and target. A model is identified by its path relative to the file,
or, where it was moved or exported under another name, by its interface. Entries that are no longer found are removed;
entries are added only by `--update-baseline`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Mapping
from dataclasses import field
from pathlib import Path

from graphfix.errors import UsageError
from graphfix.ir.atomic_write import PendingFile, destination, output_errors, writable
from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import Finding, Result

NAME = "graphfix-baseline.json"
REASON = "it is in the baseline"
Prints = dict[str, list[str]]
"""Fingerprints by code."""


@dataclass(slots=True)
class ModelBaseline:
    """The entries of one model: its path relative to the file, its interface, and fingerprints by target and code."""

    model: str
    signature: str
    targets: dict[str, Prints] = field(default_factory=dict)


@dataclass(slots=True)
class Baseline:
    """The content of one baseline file; `sections` are keyed by path. `changed` tells that it differs from the disk."""

    path: Path
    sections: dict[str, ModelBaseline] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a file, or return an empty baseline where there is none; UsageError when it is not a baseline."""
        if not path.exists():
            return cls(path)
        try:
            data = json.loads(path.read_text("utf-8"))
            if data["schema"] != 1:
                raise ValueError(f"schema {data['schema']}")
            sections = [
                ModelBaseline(
                    str(one["model"]), str(one["signature"]), {t: _prints(codes) for t, codes in one["targets"].items()}
                )
                for one in data["models"]
            ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            cure = "write it again with --update-baseline, after deleting it"
            raise UsageError(f"is no baseline ({error!r})", path=path, hint=cure) from error
        return cls(path, {section.model: section for section in sections})

    def save(self) -> None:
        """Write the file atomically; OutputError when it cannot be written."""
        models = [
            {"model": one.model, "signature": one.signature, "targets": _ordered(one.targets)}
            for one in sorted(self.sections.values(), key=lambda section: section.model)
            if any(one.targets.values())
        ]
        writable(self.path, force=True)
        target = destination(self.path)
        with output_errors(self.path), PendingFile(os.path.dirname(target)) as pending:
            pending.write((json.dumps({"schema": 1, "models": models}, indent=1) + "\n").encode())
            pending.put(target)
        self.changed = False

    @property
    def size(self) -> int:
        """The number of fingerprints."""
        prints = (prints for one in self.sections.values() for codes in one.targets.values() for prints in codes.values())
        return sum(map(len, prints))

    def known(self, result: Result) -> set[str]:
        """Return the fingerprints of findings that do not count on one model and target."""
        section = self.sections.get(self._key(result))
        if section is None and result.signature:
            section = next((one for one in self.sections.values() if one.signature == result.signature), None)
        if section is None:
            return set()
        return {print_ for prints in section.targets.get(_target(result), {}).values() for print_ in prints}

    def shrink(self, result: Result, found: Container[str], spared: Container[str] = ()) -> int:
        """Remove the entries that one model and target no longer has, and return their number; other models stay.

        Entries of `spared` codes stay: those that only a compiler finds, where none was run.
        """
        section = self.sections.get(self._key(result))
        prints = section.targets.get(_target(result), {}) if section is not None else {}
        kept = {code: [print_ for print_ in each if code in spared or print_ in found] for code, each in prints.items()}
        stale = sum(map(len, prints.values())) - sum(map(len, kept.values()))
        if section is not None and stale:
            section.targets[_target(result)] = {code: each for code, each in kept.items() if each}
            self.changed = True
        return stale

    def take(self, result: Result, findings: list[Finding]) -> None:
        """Replace the entries of one model and target with these findings."""
        section = self.sections.setdefault(self._key(result), ModelBaseline(self._key(result), result.signature))
        section.signature = result.signature
        prints: Prints = {}
        for finding in findings:
            prints.setdefault(finding.code, []).append(finding.fingerprint)
        section.targets[_target(result)] = prints
        self.changed = True

    def forget_missing(self) -> None:
        """Remove the sections of models whose files no longer exist."""
        folder = self.path.resolve().parent
        for model in [model for model in self.sections if not (folder / model).exists()]:
            del self.sections[model]
            self.changed = True

    def _key(self, result: Result) -> str:
        return os.path.relpath(Path(result.model).resolve(), self.path.resolve().parent).replace(os.sep, "/")


def nearest(start: Path) -> Path | None:
    """Return the path of the baseline in a folder or in its nearest parent that has one; None without one."""
    folder = start.resolve()
    return next((each / NAME for each in (folder, *folder.parents) if (each / NAME).is_file()), None)


def _target(result: Result) -> str:
    return result.called or result.target


def _prints(codes: Mapping[str, list[str]]) -> Prints:
    return {str(code): [str(print_) for print_ in prints] for code, prints in codes.items()}


def _ordered(targets: Mapping[str, Prints]) -> dict[str, Prints]:
    return {target: {code: sorted(prints) for code, prints in sorted(targets[target].items())} for target in sorted(targets)}
