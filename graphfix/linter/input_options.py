"""Options for inputs: values inside to begin at, behind the part that turns text to numbers, and wider dtypes."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from graphfix.linter.diagnostics import Finding, Fix, Severity

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts

STRING = "string"
MOST = 4
"""The most values that are advised to begin at."""
INNER = "inner-inputs"
"""The rewrite that begins at a value inside; its option is `--input-at`."""
WIDEN = "widen-input"
"""The rewrite that gives an input a wider dtype; its option is `--input-dtype`."""
VECTOR, VECTOR_OPSET = "vector-input", 13
"""The rewrite that takes scalar inputs as vectors of one element, by `--vector-inputs`, and the opset that it needs."""
INPUT_RANKS = "inputs.ranks"
"""The facet of a model by which a target rejects scalar inputs."""
INPUT_DTYPES = "inputs.dtypes"
"""The facet of a model by which a target rejects inputs of some dtypes."""
WIDE = {**dict.fromkeys(("bool", "int8", "uint8", "int16", "uint16"), "int32"), "uint32": "int64", "float16": "float32"}
"""For each dtype of inputs that some compilers reject, a wider one that all of them take and that represents all its values."""


@dataclasses.dataclass(frozen=True, slots=True)
class InputOptions:
    """Values inside to begin at, wider dtypes by input, and whether to take scalars as vectors."""

    inner: tuple[str, ...]
    dtypes: tuple[tuple[str, str], ...]
    vectors: bool

    @classmethod
    def of(cls, facts: Facts, left: Sequence[Sequence[Finding]]) -> InputOptions:
        """Return the options that fix errors for which no other fix is known."""
        return cls(helpful_inputs(facts, left), helpful_dtypes(facts, left), vectors_help(facts, left))

    @property
    def found(self) -> bool:
        """Whether there is any."""
        return bool(self.inner or self.dtypes or self.vectors)

    def told(self, findings: Sequence[Finding], facts: Facts) -> list[Finding]:
        """Return the findings, those that one of the options removes with it as their fix."""
        told = with_wider_inputs(with_inner_inputs(findings, facts, self.inner), self.dtypes)
        return with_vector_inputs(told) if self.vectors else told


def text_parts(facts: Facts) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the values that are computed from inputs of text alone up to the first numbers, and these first numbers.

    Both are empty where the rank of such numbers is not known: they can be no input.
    """
    text = {value.name for value in facts.inputs if value.dtype == STRING}
    constants = {tensor.name for tensor in facts.model.graph.initializer}
    ends: list[str] = []
    for node in facts.nodes if text else ():
        read = [name for name in (*node.proto.input, *node.captured) if name]
        if node.scope or text.isdisjoint(read) or not text.union(constants).issuperset(read):
            continue
        for name, value in zip(node.proto.output, node.outputs, strict=True):
            if value is not None and value.dtype not in ("", STRING):
                if value.shape is None:
                    return frozenset(), ()
                ends.append(name)
            elif name:
                text.add(name)
    return frozenset(text).union(ends), tuple(ends)


def helpful_inputs(facts: Facts, left: Sequence[Sequence[Finding]]) -> tuple[str, ...]:
    """Return the values to begin at so that the errors without a fix that are about text are gone; empty where they are not."""
    text, ends = text_parts(facts)
    stuck = [f for found in left for f in found if f.severity is Severity.ERROR and f.rewrite is None]
    if not 0 < len(ends) <= MOST or not any(_is_about(finding, text) for finding in stuck):
        return ()
    made = {name: node for node in facts.nodes if not node.scope for name in node.proto.output if name}
    pending, seen = [output.name for output in facts.model.graph.output], set(ends)
    if not seen.isdisjoint(pending):
        return ()  # nothing would be left of what makes that output
    while pending:
        name = pending.pop()
        if name in text - seen:
            return ()  # an output depends on text in another way
        if name not in seen and name in made:
            seen.add(name)
            pending += [*filter(None, made[name].proto.input), *made[name].captured]
    return ends


def with_inner_inputs(findings: Sequence[Finding], facts: Facts, names: Sequence[str]) -> list[Finding]:
    """Return the findings, those about the part in front of these values with the option that removes it."""
    if not names:
        return list(findings)
    text, options = text_parts(facts)[0], " ".join(f"--input-at {name}" for name in names)
    return [
        dataclasses.replace(finding, cure=options, rewrite=Fix(INNER, "interface"))
        if finding.severity is Severity.ERROR and finding.rewrite is None and _is_about(finding, text)
        else finding
        for finding in findings
    ]


def _is_about(finding: Finding, text: Collection[str]) -> bool:
    """Whether a finding is about a node of the text part, or about the model's inputs of text."""
    return finding.output in text if finding.op else "dtype string" in finding.message


def takes_vectors(facts: Facts) -> bool:
    """Whether scalar inputs of the model can be taken as vectors."""
    return any(each.version >= VECTOR_OPSET for each in facts.model.opset_import if not each.domain)


def vectors_help(facts: Facts, left: Sequence[Sequence[Finding]]) -> bool:
    """Whether an error without a fix is about scalar inputs, which the model can take as vectors."""
    return takes_vectors(facts) and any(_is_stuck(finding, INPUT_RANKS) for found in left for finding in found)


def with_vector_inputs(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, those about scalar inputs with the option that makes them vectors."""
    fix = Fix(VECTOR, "interface")
    return [
        dataclasses.replace(each, cure="--vector-inputs", rewrite=fix) if _is_stuck(each, INPUT_RANKS) else each
        for each in findings
    ]


def helpful_dtypes(facts: Facts, left: Sequence[Sequence[Finding]]) -> tuple[tuple[str, str], ...]:
    """Return wider dtypes for the inputs whose own are rejected without a fix, by name."""
    said = [f.message for found in left for f in found if _is_stuck(f, INPUT_DTYPES)]
    rejected = [value for value in facts.inputs if any(f"`{value.name}`: {value.dtype}" in message for message in said)]
    return tuple((value.name, WIDE[value.dtype]) for value in rejected if value.dtype in WIDE)


def with_wider_inputs(findings: Sequence[Finding], dtypes: Sequence[tuple[str, str]]) -> list[Finding]:
    """Return the findings, those about the dtypes of these inputs with the options that widen them."""
    options = " ".join(f"--input-dtype {name}={dtype}" for name, dtype in dtypes)
    return [
        dataclasses.replace(finding, cure=options, rewrite=Fix(WIDEN, "interface"))
        if options and _is_stuck(finding, INPUT_DTYPES)
        else finding
        for finding in findings
    ]


def _is_stuck(finding: Finding, facet: str) -> bool:
    """Whether a finding without a fix is an error about a facet of the model's inputs."""
    stuck = finding.severity is Severity.ERROR and finding.rewrite is None and not finding.op
    return stuck and facet in (finding.traits or ())
