"""Every code that a finding may carry, with its name, usual severity and documentation.

A code is declared in one of two ways: by the class attributes of a rule in checks/, or by a record in a table of outcomes
(outcomes.py, source_outcomes.py) where no rule makes the finding.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Iterable
from pathlib import Path

from graphfix.errors import UsageError, nearest
from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import Severity
from graphfix.linter.outcomes import OUTCOMES
from graphfix.linter.source_outcomes import SOURCE_OUTCOMES


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: `about` says what it reports, why that is a problem and what to do, in paragraphs."""

    code: str
    name: str
    severity: Severity
    about: str

    @property
    def summary(self) -> str:
        """The first paragraph of `about`, on one line."""
        return " ".join(self.about.partition("\n\n")[0].split())


@functools.cache
def codes() -> dict[str, Code]:
    """Return all codes, sorted; where a rule and an outcome share one, the rule's text comes first."""
    from graphfix.linter.check import checks

    found: dict[str, Code] = {}
    rules = [(check.code, check.name, check.severity, inspect.cleandoc(inspect.getdoc(type(check)) or "")) for check in checks()]
    for code, name, severity, about in [*rules, *((o.code, o.name, o.severity, o.about) for o in (*OUTCOMES, *SOURCE_OUTCOMES))]:
        if code in found:
            about = f"{found[code].about}\n\nWhere the compiler itself was run:\n\n{about}"
        found[code] = Code(code, found[code].name if code in found else name, severity, about)
    return dict(sorted(found.items()))


def is_named(word: str) -> bool:
    """Whether a word is a code or the name of a finding, by the files of the rules, which are called after them."""
    from importlib.util import find_spec

    spec = find_spec("graphfix.linter.checks")
    folders = spec.submodule_search_locations if spec is not None else None
    rules = {name.removesuffix(".py").replace("_", "-") for folder in folders or () for name in os.listdir(folder)}
    return word.upper().startswith("GF") or word in rules or any(word == each.name for each in (*OUTCOMES, *SOURCE_OUTCOMES))


def selects(word: str, code: str, name: str) -> bool:
    """Whether a word of the settings selects a code: the code itself, its name, or a prefix of the code (`GF1`)."""
    return word == name or code.startswith(word)


def matches_any(words: Iterable[str], code: str, name: str) -> bool:
    """Whether one of several words selects a code."""
    return any(selects(word, code, name) for word in words)


def check_word(word: str, *, path: str | Path | None = None) -> None:
    """Raise UsageError with the nearest spelling where a word selects no code at all."""
    every = codes().values()
    if not word.startswith("GF") or word == "GF" or not any(each.code.startswith(word) for each in every):
        names = {each.name for each in every}
        if word not in names:
            known = [*(each.code for each in every), *names]
            raise UsageError(f"no finding is called `{word}`", path=path, hint=nearest(word, known))
