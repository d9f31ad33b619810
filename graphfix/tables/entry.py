"""One operator's measured support by one compiler version, and its ruling on a node by the node's facets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix.analysis.facets.words import BOUNDED
from graphfix.errors import TableError
from graphfix.ir.records import dataclass
from graphfix.tables.conditions import holds, without_bounded
from graphfix.tables.evidence import Evidence, TableVerdict, read_evidence
from graphfix.tables.floor import thin_reason, too_thin
from graphfix.tables.phrases import phrase, unknown_facts

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.values import Facet

ENOUGH = 3
"""The number of probed values of a facet from which it is irrelevant if no condition names it."""
FALLBACKS = "fallbacks"
"""The key of the conditions in files about fallbacks (placement.py), and the name of the folder of these files."""
NEUTRAL: frozenset[Facet] = frozenset({"absent", "default", "none", "nothing", "static", "ones", False, ""})
"""Values of facets that are not in use, so that a table need not list the facet."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The measured support of one operator by one compiler version.

    `axes` maps each facet to its probed values; `exceptions` are single forms with their facets, verdict, stage and
    the compiler's message. Where the entry was probed `active`ly, what too few probes say leaves a verdict undecided.
    """

    op: str
    domain: str
    compiler: str
    on: str
    probes: int
    axes: Mapping[str, frozenset[Facet]]
    rejects: tuple[Evidence, ...]
    wrong: tuple[Evidence, ...]
    exceptions: tuple[tuple[Facets, str, str, str], ...]
    active: bool = False

    @classmethod
    def read(cls, path: str | Path) -> Entry:
        """Parse one operator's file; TableError names the file when it is malformed."""
        try:
            with open(path, "rb") as file:
                data = json.loads(file.read())
            measured = data["measured"]
            return cls(
                data["op"],
                data["domain"],
                measured["compiler"],
                measured["on"],
                measured["probes"],
                {name: frozenset(values) for name, values in data["axes"].items()},
                tuple(read_evidence(item) for item in data[FALLBACKS if FALLBACKS in data else "rejects"]),
                tuple(read_evidence(item) for item in data.get("wrong", ())),
                tuple(
                    (item["facets"], item.get("verdict", "rejected"), item.get("stage", ""), item.get("said", ""))
                    for item in data.get("exceptions", ())
                ),
                "active" in measured,
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TableError(f"not a support table ({error!r})", path=path, hint="reinstall graphfix") from error

    def rule(self, facets: Facets) -> TableVerdict:
        """Return the ruling on a node with these facets."""
        for name, value in facets.items():
            if isinstance(value, str) and "|" in value and value not in self.axes.get(name, ()):
                return self._either(name, value.split("|"), facets)
        form = without_bounded(facets) if self.exceptions else facets
        single = [
            Evidence("exception", "form", {name: [value] for name, value in found.items()}, stage, said, 1, 0)
            for found, verdict, stage, said in self.exceptions
            if found == form and verdict == "rejected"
        ]
        doubt: tuple[Evidence, list[str]] | None = None
        for evidence in (*single, *self.rejects):
            answer = True if evidence in single else holds(evidence.when, facets)
            thin = answer and self.active and too_thin(evidence.supports, evidence.opposes)
            if answer and not thin:
                return TableVerdict("rejected", evidence)
            if (thin or answer is None) and doubt is None:
                doubt = evidence, [] if thin else [name for name in evidence.when if facets.get(name) is None]
        differing = [item for item in self.wrong if holds(item.when, facets)]
        thick = (item for item in differing if not (self.active and too_thin(item.supports, item.opposes)))
        wrong = next(thick, differing[0] if differing else None)
        if doubt is not None:
            evidence, names = doubt
            counts = thin_reason(evidence.when, evidence.supports, evidence.opposes, single=evidence in single)
            return TableVerdict("undecided", evidence, wrong, unknown_facts(names) if names else counts, tuple(names))
        for name, value in facets.items():
            known = self.axes.get(name)
            outside = value is not None and (value not in known if known is not None else value not in NEUTRAL)
            if outside and name not in BOUNDED and not self._is_irrelevant(name):
                return TableVerdict("unmeasured", None, wrong, f"no probe with {phrase(name, value)}", (name,))
        return TableVerdict("supported", None, wrong)

    def _either(self, name: str, values: Sequence[str], facets: Facets) -> TableVerdict:
        """Return the ruling for a facet with several possible values: theirs where they agree, else undecided."""
        rulings = [self.rule({**facets, name: value}) for value in values]
        if len({ruling.verdict for ruling in rulings}) == 1:
            return rulings[0]
        rejected = next((ruling for ruling in rulings if ruling.verdict == "rejected"), None)
        if rejected is not None:
            return TableVerdict("undecided", rejected.evidence, None, unknown_facts([name]), (name,))
        return next(ruling for ruling in rulings if ruling.verdict != "supported")

    def _is_irrelevant(self, name: str) -> bool:
        """Whether enough values of a facet were probed, and no condition names it, that another value decides nothing.

        Never so for dtypes, ranks and schema versions: verdicts do not carry over to values that were not measured.
        """
        if (
            len(self.axes.get(name, ())) < ENOUGH
            or name == "since"
            or name.endswith((".rank", "dtype"))
            or name == "overload"
            or ("." not in name and name[:1].isupper())
        ):
            return False
        conditions = [*(item.when for item in (*self.rejects, *self.wrong)), *(found for found, *_ in self.exceptions)]
        return not any(name in when for when in conditions)
