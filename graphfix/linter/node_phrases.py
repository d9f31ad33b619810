"""The deciding facets of one node in words, with the node's own names, shapes, values and the nodes that compute its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from graphfix.analysis.dim_names import MADE_UP, is_fresh, shown
from graphfix.analysis.patterns.words import CONFLICT
from graphfix.tables.phrases import listed, operand_noun, phrase, with_words

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.facts import Facts, NodeFacts, Value
    from graphfix.analysis.provenance import Root
    from graphfix.tables.conditions import Condition

MOST_NOTED = 2
"""The number of facets that the node's own facts are added to; a message is one sentence."""
MOST_TERMS = 8
MOST_STEPS = 4
"""The number of nodes of a chain that are named."""
MOST_NUMBERS = 6
LONGEST_NAME = 28
ABOUT_DATA = frozenset({"squeezed", "opens", "sliced", "target", "followed", "axis", "covers", "parts", "unranked"})
"""Derived facets that depend on the shape of the first input."""


def describe_node(when: Condition, facets: Facets, node: NodeFacts | None, facts: Facts) -> str:
    """Describe the facets that meet a condition, after the operator: ` with rank 3 of X (`x`: 1x3x8)`."""
    if len(when) > MOST_TERMS:  # a single form that was measured to differ from all others
        return " in exactly this form"
    told: list[str] = []
    noted: set[str] = set()
    for name in when:
        value = facets.get(name)
        if value is None:  # not known, and so nothing to say of this node
            continue
        words = phrase(name, value)
        if node is not None and name.endswith(".value") and (numbers := _held(name.removesuffix(".value"), node)):
            words = f"{operand_noun(name.removesuffix('.value'))} equal to {numbers}"
        note = "" if len(noted) >= MOST_NOTED else _model_note(name, facts) if node is None else _note(name, node, facts)
        if note and note not in noted:
            noted.add(note)
            words += f" ({note})"
        told.append(words)
    return with_words(told)


def unknown_note(names: Iterable[str], node: NodeFacts | None, facts: Facts) -> str:
    """Say what is known of the operands whose facts are missing: ` (`x`: ?x3)`; empty without one."""
    notes = dict.fromkeys(_model_note(name, facts) if node is None else _note(name, node, facts) for name in names)
    said = [note for note in notes if note][:MOST_NOTED]
    return f" ({'; '.join(said)})" if said else ""


def _note(name: str, node: NodeFacts, facts: Facts) -> str:
    """Return this node's own facts about a facet; empty where the facet says it all."""
    operand, _, aspect = name.rpartition(".")
    if not operand and aspect[:1].isupper():
        return _typed_by(aspect, node)
    if name == "branches":
        return _branch_shapes(node)
    if name in ("broadcast", CONFLICT):
        return listed([shape_text(value) for value in node.inputs if value is not None])
    if name == "foldable":
        moving = next((value for value in node.inputs if value is not None and value.source == "runtime"), None)
        return "" if moving is None else quoted(moving.name)
    value = operand_of(node, operand) if operand else node.inputs[0] if name in ABOUT_DATA and node.inputs else None
    if value is None:
        return ""
    if aspect == "from":
        return "" if value.source in ("constant", "folded", "fixed-shape") else origin(value, node, facts)
    if aspect in ("rank", "dims") or name in ABOUT_DATA:
        return f"{quoted(value.name)}: {shape_text(value)}" if value.name else shape_text(value)
    return ""


def _model_note(name: str, facts: Facts) -> str:
    """Return the model's inputs that a facet of the whole model is about."""
    if name == "inputs.dims":
        found = [value for value in facts.inputs if not value.fixed]
    elif name == "inputs.dtypes":
        found = [value for value in facts.inputs if value.dtype not in ("float32", "int64", "int32")]
        return listed([f"{quoted(value.name)}: {value.dtype}" for value in found[:MOST_NOTED]])
    elif name == "inputs.ranks":
        found = [value for value in facts.inputs if value.rank is not None and (value.rank == 0 or value.rank > 5)]
    else:
        return ""
    return listed([f"{quoted(value.name)}: {shape_text(value)}" for value in found[:MOST_NOTED]])


def operand_of(node: NodeFacts, formal: str) -> Value | None:
    """Return the operand with a formal name, `in2` being the third of an operator that no schema names; None where left out."""
    from graphfix.analysis.facets.node import RENAMED
    from graphfix.ir.schemas import formal_operands

    if formal.startswith("in") and formal[2:].isdigit():
        position = int(formal[2:])
    else:
        names = RENAMED.get(node.op, {})
        formals = [names.get(item.name, item.name) for item in formal_operands(node.op, node.domain, node.since)[0]]
        position = formals.index(formal) if formal in formals else len(node.inputs)
    return node.inputs[position] if position < len(node.inputs) else None


def _typed_by(variable: str, node: NodeFacts) -> str:
    """Return the first operand that a type variable of the schema is bound to."""
    from graphfix.ir.schemas import formal_operands

    formals, results = formal_operands(node.op, node.domain, node.since)
    pairs = [*zip(formals, node.inputs, strict=False), *zip(results, node.outputs, strict=False)]
    return next((quoted(value.name) for formal, value in pairs if formal.variable == variable and value is not None), "")


def _branch_shapes(node: NodeFacts) -> str:
    """Return the shapes of the first outputs of an If's branches that differ."""
    for ones in zip(*node.branches, strict=False):
        shapes = [shape_text(value) if value is not None else "?" for value in ones]
        if len(shapes) == 2 and shapes[0] != shapes[1]:
            return f"{shapes[0]} and {shapes[1]}"
    return ""


def _held(operand: str, node: NodeFacts) -> str:
    """Return the numbers that a small constant operand holds."""
    value = operand_of(node, operand)
    if value is None or value.constant is None or not 0 < value.constant.size <= MOST_NUMBERS or value.constant.dtype.kind == "b":
        return ""
    numbers = [
        format(number, ".6g") if isinstance(number, float) else str(number) for number in value.constant.reshape(-1).tolist()
    ]
    return numbers[0] if value.constant.ndim == 0 else f"[{', '.join(numbers)}]"


def origin(value: Value, node: NodeFacts, facts: Facts) -> str:
    """Say where a non-constant operand comes from: `Shape(x) → Gather → Cast, from dim 1 of input images`."""
    from graphfix.analysis.provenance import Provenance, sizing_roots

    trace = Provenance.of(facts)
    steps = list(_steps(trace.chain(value, node.scope)))
    roots = roots_in_words(sizing_roots(trace.value_roots(value.name, node.scope)))
    if not steps:
        return roots[0] if roots else quoted(value.name)
    more = f", from {listed(roots[:MOST_NOTED])}" if roots and len(roots) <= MOST_NOTED else ""
    return f"{' → '.join(steps)}{more}"


def roots_in_words(roots: Sequence[Root]) -> list[str]:
    """Return the roots in words, the dims of one input together: `dims 0 and 1 of input x`."""
    dims: dict[str, list[str]] = {}
    for root in roots:
        dims.setdefault(root.input, []).extend([] if root.dim is None else [str(root.dim)])
    plural = {name: "s" if len(numbers) > 1 else "" for name, numbers in dims.items()}
    said = {name: f"dim{plural[name]} {listed(numbers)} of " if numbers else "" for name, numbers in dims.items()}
    return [f"{words}input {quoted(name)}" for name, words in said.items()]


def _steps(path: Sequence[NodeFacts]) -> Iterator[str]:
    """Yield the operators of a chain, the first with what it reads; long chains without their middle."""
    long = len(path) > MOST_STEPS
    for at, step in enumerate(path):
        if long and 1 < at < len(path) - 2:
            if at == 2:
                yield "…"
        elif at == 0 and step.inputs and step.inputs[0] is not None:
            yield f"{step.op}({quoted(step.inputs[0].name)})"
        else:
            yield step.op


def shape_text(value: Value) -> str:
    """Return a shape as messages write it: `[N, 3, 224, ?]`, `?` for dims without a name, `scalar` for rank 0."""
    if value.shape is None:
        return "unknown rank"
    return f"[{', '.join(map(_dim, value.shape))}]" if value.shape else "scalar"


def _dim(dim: int | str | None) -> str:
    if not isinstance(dim, str):
        return "?" if dim is None else str(dim)
    name = shown(dim)
    return "?" if is_fresh(dim) or name.startswith(MADE_UP) or len(name) > LONGEST_NAME else name


def quoted(name: str) -> str:
    """Return a value's name in backticks, of a long one the last part of its path."""
    if len(name) <= LONGEST_NAME:
        return f"`{name}`"
    last = name.rpartition("/")[2]
    return f"`…/{last}`" if last != name and last and len(last) <= LONGEST_NAME else f"`…{name[-LONGEST_NAME:]}`"
