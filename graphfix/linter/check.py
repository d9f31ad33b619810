"""The base classes of lint rules, the context they run on, and the registry: one file per rule in graphfix/checks/."""

from __future__ import annotations

import abc
import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from graphfix.analysis.patterns.words import CONFLICT
from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import Finding, Fix, Severity
from graphfix.linter.measured_fix import fix_fields, told_apart
from graphfix.linter.node_phrases import describe_node
from graphfix.tables.accepted import accepted_forms
from graphfix.tables.compiler_words import compiler_words
from graphfix.tables.unknown_operators import UNKNOWN
from graphfix.tables.versions import WHOLE

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.facts import Facts, NodeFacts
    from graphfix.linter.example import Example
    from graphfix.tables.evidence import Evidence, TableVerdict
    from graphfix.tables.table import Table


Form = tuple[str, str, "Facets"]
"""What a ruling on a node depends on: its operator, its domain and its facets."""
Row = tuple["NodeFacts", "Facets", "TableVerdict", "Evidence"]
"""A node with its facets, the ruling on it, and the evidence."""


@dataclass(frozen=True, slots=True)
class Forms:
    """The distinct forms of a model's nodes, and for each node the position of its form."""

    distinct: Sequence[Form]
    of_node: Sequence[int]

    @classmethod
    def of(cls, nodes: Sequence[NodeFacts], facets: Sequence[Facets]) -> Forms:
        """Sort nodes into forms; nodes alike share one dict of facets."""
        places: dict[tuple[str, str, int], int] = {}
        keys = [(node.op, node.domain, id(found)) for node, found in zip(nodes, facets, strict=True)]
        of_node = [places.setdefault(key, len(places)) for key in keys]
        by_id = {id(found): found for found in facets}
        return cls([(op, domain, by_id[of]) for op, domain, of in places], of_node)

    def nodes_of(self, wanted: Collection[int]) -> list[int]:
        """Return the positions of the nodes of some forms, in order."""
        return [at for at, form in enumerate(self.of_node) if form in wanted] if wanted else []


@dataclasses.dataclass(frozen=True, eq=False)
class LintContext:
    """The context of a rule: the facts of one model, one target's table, and the table's ruling on every node.

    `model` is the ruling on the model as a whole (its inputs, opset and other properties).
    """

    facts: Facts
    table: Table
    facets: Sequence[Facets]
    rulings: Sequence[TableVerdict]
    model: TableVerdict
    model_facets: Facets
    forms: Forms

    @functools.cached_property
    def notable(self) -> list[tuple[NodeFacts, Facets, TableVerdict]]:
        """The nodes whose ruling is anything but plain support: rejected, undecided, unmeasured or wrong numerics."""
        plain = {id(one) for one in self.distinct if one.verdict == "supported" and one.wrong is None}
        if len(plain) == len(self.distinct):
            return []
        return [each for each in self.ruled() if id(each[2]) not in plain]

    @functools.cached_property
    def distinct(self) -> list[TableVerdict]:
        """The different rulings on nodes: those on nodes of one form are one object."""
        return list({id(ruling): ruling for ruling in self.rulings}.values())

    @functools.cached_property
    def rejects(self) -> bool:
        """Whether the table rejects the model or any node; a node that is left to the CPU is not rejected."""
        found = [ruling.evidence for ruling in (self.model, *self.distinct) if ruling.verdict == "rejected"]
        return any(evidence is None or not evidence.left for evidence in found)

    @functools.cached_property
    def rejected(self) -> list[Row]:
        """The nodes that the table rejects, with the evidence; without those that are left to the CPU."""
        return [row for row in self.rows("rejected") if not row[3].left]

    @functools.cached_property
    def delegated(self) -> bool | None:
        """Whether an accelerator takes a node of the main graph, None where it may; of a model without such nodes it takes all.

        Nodes that are computed when the model is loaded do not count.
        """
        forms = enumerate(self.forms.distinct)
        run = {at for at, (op, _, facets) in forms if op != "Constant" and facets.get("foldable", False) is False}
        main = [at for at in self.forms.nodes_of(run) if not self.facts.nodes[at].scope]
        vanishing: dict[tuple[str, int], bool] = {}  # nodes of one operator that agree in their facets share these

        def vanishes(at: int) -> bool:
            form = self.facts.nodes[at].op, id(self.facets[at])
            if form not in vanishing:
                vanishing[form] = self._vanishes(at)
            return vanishing[form]

        main = [at for at in main if self.rulings[at].verdict == "rejected" or not vanishes(at)]
        found, evidence = {self.rulings[at].verdict for at in main}, [self.rulings[at].evidence for at in main]
        if "supported" in found or not found or any(told is not None and told.left_in_parts for told in evidence):
            return True
        return False if found == {"rejected"} else None

    def _vanishes(self, at: int) -> bool:
        """Whether runtimes may drop a node before they divide the graph: it asks for a fixed shape, or has no elements."""
        from graphfix.tables.placement import idle

        told = self.facts.nodes[at].op in ("Shape", "Size") and self.facets[at].get("data.dims") == "static"
        return told or idle(self.facets[at])

    def rows(self, verdict: str) -> list[Row]:
        """Return the nodes with a verdict, with the evidence for it."""
        found = ((*each, each[2].evidence) for each in self.notable if each[2].verdict == verdict)
        return [(node, facets, ruling, evidence) for node, facets, ruling, evidence in found if evidence is not None]

    def ruled(self) -> Iterator[tuple[NodeFacts, Facets, TableVerdict]]:
        """Iterate over all nodes, each with its facets and the table's ruling."""
        return zip(self.facts.nodes, self.facets, self.rulings, strict=True)


class Check(abc.ABC):
    """A lint rule: its class docstring says what it finds, why that is a problem, and what to do instead.

    `valid` are small models without a finding of this rule, `invalid` are small models with one.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    kind: ClassVar[str] = ""
    fix: ClassVar[Fix | None] = None
    """The rewrite that fixes every finding of a rule about the graph alone; fixes for a compiler's verdict are in its table."""
    per_target: ClassVar[bool] = True
    """Whether it reads the target's table; a rule about the graph alone runs once for all targets."""
    valid: ClassVar[Sequence[Example]] = ()
    invalid: ClassVar[Sequence[Example]] = ()

    @abc.abstractmethod
    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield the rule's findings on a model."""

    def at(
        self, look: LintContext, node: NodeFacts | None, message: str, *, severity: Severity | None = None, **more: Any
    ) -> Finding:
        """Return a finding of this rule on a node, or on the model when it is None."""
        where = place(node, look.facts) if node is not None else {}
        more.setdefault("kind", self.kind)
        more.setdefault("rewrite", self.fix)
        return Finding(
            code=self.code, name=self.name, severity=severity or self.severity, target=look.table.target,
            message=message, **where, **more,
        )  # fmt: skip


class TableCheck(Check):
    """A rule that reports nodes with the evidence of the support table: those that it rejects for reasons of certain kinds."""

    severity = Severity.ERROR
    kinds: ClassVar[frozenset[str]]

    def reported(self, look: LintContext) -> list[Row]:
        """Return the nodes that have a finding."""
        return [row for row in look.rejected if row[3].kind in self.kinds]

    def grade(self, look: LintContext) -> Severity:
        """Return the severity of the findings on nodes."""
        return self.severity

    def describe(self, node: NodeFacts | None, facets: Facets, evidence: Evidence, look: LintContext) -> str:
        """Return the message: the compiler, the operator, and the form of this node that it rejects."""
        subject = f"`{node.op}`" if node is not None else "a model"
        found = describe_node(evidence.when, facets, node, look.facts)
        return f"{look.table.name} rejects {subject}{found}" if found else f"{look.table.name} does not support {subject}"

    def accepted(self, node: NodeFacts | None, facets: Facets, evidence: Evidence, look: LintContext) -> str:
        """Return the end of the message: the forms of the node that are supported instead, where some are known."""
        op, domain, subject = (WHOLE, "", "a model") if node is None else (node.op, node.domain, f"`{node.op}`")
        forms = accepted_forms(look.table.measured_target, look.table.entry(op, domain), evidence, facets, subject)
        return f"; it accepts {forms}" if forms else ""

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a finding for the model, where it is rejected for a reason of these kinds, and for every node reported."""
        evidence = look.model.evidence
        if look.model.verdict == "rejected" and evidence is not None and evidence.kind in self.kinds:
            message = self.describe(None, look.model_facets, evidence, look)
            message += self.accepted(None, look.model_facets, evidence, look)
            fields = evidence_fields(look, None, look.model, look.model_facets)
            yield replace(self.at(look, None, message, kind=evidence.kind, **fields), **_culprit(look, evidence))
        forms: dict[tuple[str, str, int, int], str] = {}
        fields_of: dict[tuple[str, str, int, int], dict[str, Any]] = {}
        for node, facets, ruling, evidence in self.reported(look):
            if CONFLICT in evidence.when:  # GF210 says it of every target
                continue
            key = (node.op, node.domain, id(facets), id(evidence))  # nodes alike share one dict of facets
            if key not in forms:
                forms[key] = self.accepted(node, facets, evidence, look)
            if key not in fields_of or told_apart(node, evidence):
                fields_of[key] = evidence_fields(look, node, ruling, facets)
            message = self.describe(node, facets, evidence, look) + forms[key]
            yield self.at(look, node, message, severity=self.grade(look), kind=evidence.kind, **fields_of[key])


def _culprit(look: LintContext, evidence: Evidence) -> dict[str, Any]:
    """Return the fields that name the node of which a finding on the whole model speaks; none where it speaks of no node.

    The finding stays one on the model: it names no operator.
    """
    from graphfix.analysis import value_info  # imports onnx, which commands without a model do not need

    node = value_info.first_contradiction(look.facts) if "annotations" in evidence.when else None
    node = value_info.first_named_count(look.facts) if "counts.named" in evidence.when else node
    return {} if node is None else {"scope": node.scope, "node": node.label, "source": look.facts.origin(node)}


def evidence_fields(look: LintContext, node: NodeFacts | None, ruling: TableVerdict, facets: Facets) -> dict[str, Any]:
    """Return the evidence for a ruling as the fields `evidence`, `measured`, `probes`, `traits` and `rewrite` of a Finding."""
    evidence = ruling.evidence or ruling.wrong
    if evidence is None:
        return {}
    ruled = (look.table.portable if ruling.by_portable else None) or look.table
    op, domain = (WHOLE, "") if node is None else ruled.judged_as(node.op, node.domain)
    entry = ruled.entry(op, domain)
    compiler = entry.compiler if entry is not None else ruled.version
    probes = f"{evidence.supports} probe{'s' if evidence.supports != 1 else ''}"
    probes += f" and {evidence.opposes} against" if evidence.opposes else ""
    probes += " of operators that ONNX does not define" if op == UNKNOWN else ""
    said = f': "{compiler_words(evidence.said)}"' if evidence.said else ""
    return {
        "evidence": f"{ruled.measured_target}/{domain}{'.' if domain else ''}{op}/{evidence.id}",
        "measured": f"{compiler}, {probes}{said}",
        "probes": (evidence.supports, evidence.opposes),
        "traits": tuple(evidence.when),
        **fix_fields(look.facts, look.table.measured_target, node, evidence, facets),
    }


@functools.cache
def checks() -> tuple[Check, ...]:
    """Return every rule in graphfix/linter/checks/, sorted by code."""
    import graphfix.linter.checks as package

    found: dict[str, Check] = {}
    for module in pkgutil.iter_modules(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        for item in vars(loaded).values():
            if isinstance(item, type) and issubclass(item, Check) and item.__module__ == loaded.__name__:
                found[item.code] = item()
    return tuple(found[code] for code in sorted(found))


def place(node: NodeFacts, facts: Facts) -> dict[str, Any]:
    """Return the fields of a Finding that locate a node in the model and in the source code."""
    output = next((name for name in node.proto.output if name), "")
    return {
        "scope": node.scope, "node": node.label, "op": node.op, "domain": node.domain, "output": output,
        "source": facts.origin(node),
    }  # fmt: skip
