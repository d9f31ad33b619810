"""Comparison of a model's own `value_info` with the facts inferred from its inputs.

Most compilers infer every shape anew and ignore annotations; some require a model to agree with them. Dims written by exporters
become stale, and formulas such as `floor(h/2 - 1/2) + 1` are wrong for some sizes. Dims that inference cannot express because
of floor divisions are compared at trial sizes of the inputs' symbols.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from onnx import AttributeProto, GraphProto, ModelProto, ValueInfoProto

from graphfix.analysis.dim_names import MADE_UP, is_fresh, shown
from graphfix.analysis.dims import FUNCTIONS, DimExpr, expression, floor
from graphfix.analysis.facts import Facts
from graphfix.analysis.operand_conflicts import conflicts
from graphfix.analysis.values import Dim, NodeFacts, Value, typed
from graphfix.ir.traversal import branch_scope

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts

Scope = tuple[str, ...]
Doubt = tuple[Scope, str, int, str]
"""A dim that inference cannot judge: the scope and name of the value, the axis, and the symbol or formula."""
ORDER = ("none", "agreeing", "made-up", "formula", "contradicting")
"""The classes of annotations, the most severe last."""
TRIALS = ((97, 101, 103, 107, 109, 113), (64, 96, 128, 160, 192, 224))
"""The trial sizes of the inputs' symbols, used in turn: odd primes, then sizes with many divisors.

Sizes at which some operator cannot run decide nothing: two symbols may have to be equal, or a table may be exceeded.
"""
SMALL = 7
"""The size of all symbols, tried where no operator can run at the others; windows may not fit into it."""
NAME = re.compile(r"[A-Za-z_][\w.:]*")
CALLED = {"floor": 1, "ceil": 1, "ceiling": 1, "max": None, "min": None}
"""The functions that formulas may call, and their numbers of operands."""
COUNTING = frozenset(("NonZero", "NonMaxSuppression", "Compress", "Unique"))
"""Operators that count elements: inference makes up a name for the size of their results."""
TOLD = "runtime"
"""The source of operands that are numbers of the data."""
OPERATORS: Mapping[type[ast.operator], Callable[[DimExpr, DimExpr], DimExpr]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Pow: lambda a, b: functools.reduce(operator.mul, [a] * _exponent(b), expression(1)),
    ast.Mod: lambda a, b: a - b * (a // b),
}  # fmt: skip
MOST = 8
"""The largest exponent in a formula that is evaluated."""
LONGEST = 400
"""The largest number of characters of a formula that is parsed."""


def annotation_class(facts: Facts) -> str:
    """Return the most severe class of `value_info` in any graph of the model.

    none           there is none
    agreeing       every dim is as inferred, is left unknown, or cannot be inferred from the inputs
    made-up        some dims have names that onnx or an exporter generated, such as `Concatonnx::Cast_12_dim_0`
    formula        some dims are formulas over the inputs' symbols, right at the trial sizes
    contradicting  some dtype, rank, size or symbol differs from what is inferred from the inputs
    """
    pairs = list(_pairs(facts.source.graph, (), facts)) if facts.source is not None else []
    found = "agreeing" if pairs else "none"
    doubtful: list[Doubt] = []
    for scope, stated, value in pairs:
        for word, at, said in _compared(stated, value):
            if word == "contradicting":
                return word
            if word == "made-up":
                found = word
            else:
                doubtful.append((scope, value.name, at, said))
    if not doubtful:
        return found
    decided, wrong = _tried(facts, doubtful)
    return "contradicting" if wrong else max(found, "formula" if decided else "agreeing", key=ORDER.index)


def first_contradiction(facts: Facts) -> NodeFacts | None:
    """Return the first node with an output whose annotation differs from what is inferred; compilers stop there."""
    wrong: set[tuple[Scope, str]] = set()
    doubtful: list[Doubt] = []
    for scope, stated, value in _pairs(facts.source.graph, (), facts) if facts.source is not None else ():
        for word, at, said in _compared(stated, value):
            if word == "contradicting":
                wrong.add((scope, value.name))
            elif word == "doubtful":
                doubtful.append((scope, value.name, at, said))
    wrong |= _tried(facts, doubtful)[1]
    return next((node for node in facts.nodes if any((node.scope, name) in wrong for name in node.proto.output)), None)


def first_named_count(facts: Facts) -> NodeFacts | None:
    """Return the first node with an output whose annotation names a number of elements that is found at run time.

    Inference makes up a name for the number that an operator such as NonZero finds, and for the length of a Range by numbers of
    the data. A compiler that makes up a name too finds that another one contradicts it.
    """
    results = [value for node in facts.nodes if _counts(node) for value in node.outputs if value is not None]
    counts = {dim for value in results for dim in value.shape or () if dim is not None and _open(dim)}
    named = {
        (scope, value.name)
        for scope, stated, value in (_pairs(facts.source.graph, (), facts) if counts and facts.source is not None else ())
        if any(
            known in counts and isinstance(said, str) and not _generated(said)
            for said, known in zip(stated.shape or (), value.shape or (), strict=False)
        )
    }
    if not named:
        return None
    return next((node for node in facts.nodes if any((node.scope, name) in named for name in node.proto.output)), None)


def _counts(node: NodeFacts) -> bool:
    """Return whether a node's result has as many elements as its data tells."""
    given = (value.source for value in node.inputs if value is not None)
    return node.op in COUNTING or (node.op == "Range" and not node.domain and TOLD in given)


def _compared(stated: Value, value: Value) -> Iterator[tuple[str, int, str]]:
    """Yield what an annotation says that is not inferred: `contradicting`, `made-up` or `doubtful`, the axis and the dim."""
    if _other_kind(stated, value):
        yield "contradicting", 0, ""
        return
    for at, (said, known) in enumerate(zip(stated.shape or (), value.shape or (), strict=False)):
        if said is None or _same(said, known):
            continue
        if isinstance(said, str) and _generated(said):
            yield "made-up", at, said
        elif isinstance(said, str) and (_open(known) or not NAME.fullmatch(said)):
            yield "doubtful", at, said
        elif not _open(known):
            yield "contradicting", at, str(said)


def disputed(facts: Facts) -> set[tuple[Scope, str]]:
    """Return the annotated values, by scope and name, whose dtype, rank or dims differ from those inferred."""
    found = set()
    for scope, stated, value in _pairs(facts.source.graph, (), facts) if facts.source is not None else ():
        dims = zip(stated.shape or (), value.shape or (), strict=False)
        if _other_kind(stated, value) or any(said is not None and not _same(said, known) for said, known in dims):
            found.add((scope, value.name))
    return found


def _pairs(graph: GraphProto, scope: Scope, facts: Facts) -> Iterator[tuple[Scope, Value, Value]]:
    """Yield every annotation in a graph and its subgraphs, with the inferred facts of the value."""
    known = facts.values.get(scope, {})
    for info in graph.value_info:
        value = known.get(info.name)
        if value is not None and _says(info):
            yield scope, typed(info), value
    for node in graph.node if len(facts.values) > 1 else ():  # one scope is that of a graph without subgraphs
        for item in node.attribute[:]:
            if item.type == AttributeProto.GRAPH:
                yield from _pairs(item.g, branch_scope(scope, node, item.name), facts)


def _says(info: ValueInfoProto) -> bool:
    return info.type.HasField("tensor_type") and bool(info.type.tensor_type.elem_type or info.type.tensor_type.HasField("shape"))


def _other_kind(stated: Value, value: Value) -> bool:
    """Return whether the dtype or rank contradicts the inferred one."""
    ranks = stated.rank is not None and value.rank is not None and stated.rank != value.rank
    return ranks or bool(stated.dtype and value.dtype and stated.dtype != value.dtype)


def _same(said: Dim, known: Dim) -> bool:
    return said == (shown(known) if isinstance(known, str) else known)


def _generated(name: str) -> bool:
    """Return whether onnx or an exporter generated the name of a dim, which compilers do not read as a symbol."""
    return name.startswith(MADE_UP) or ":" in name


def _open(dim: Dim) -> bool:
    return dim is None or (isinstance(dim, str) and dim.startswith(MADE_UP)) or is_fresh(dim)


def _tried(facts: Facts, doubtful: list[Doubt]) -> tuple[bool, set[tuple[Scope, str]]]:
    """Return whether the trial sizes of the inputs decide any of the symbols and formulas, and the values with a wrong one."""
    symbols = list(dict.fromkeys(dim for value in facts.inputs for dim in value.shape or () if isinstance(dim, str)))
    ran, decided, wrong = False, False, set[tuple[Scope, str]]()
    for sizes in (*TRIALS, (SMALL,)) if doubtful else ():
        if ran and sizes == (SMALL,):
            break
        bound = {symbol: sizes[at % len(sizes)] for at, symbol in enumerate(symbols)}
        settled = Facts.of(_sized(facts.model, bound))
        if any(any(conflicts(node)) for node in settled.nodes):
            continue
        ran = True
        for scope, name, at, said in doubtful:
            value = settled.values.get(scope, {}).get(name)
            dim = value.shape[at] if value is not None and value.shape is not None and at < len(value.shape) else None
            if isinstance(dim, int):
                decided = True
                if evaluated(said, bound) != dim:
                    wrong.add((scope, name))
        if wrong:
            break
    return decided, wrong


def _sized(model: ModelProto, sizes: Mapping[str, int]) -> ModelProto:
    """Return a copy with sizes for the inputs' symbols; dims without a name stay dynamic."""
    copy = ModelProto()
    copy.CopyFrom(model)
    for info in copy.graph.input:
        for dim in info.type.tensor_type.shape.dim:
            if dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]
    return copy


def evaluated(formula: str, sizes: Mapping[str, int]) -> int | None:
    """Return the size of a formula over symbols, a fraction rounded down; None when it is no formula or has other symbols."""
    if formula in sizes:
        return sizes[formula]
    if len(formula) > LONGEST:
        return None
    places = {name: f"s{at}" for at, name in enumerate(sizes)}
    words = NAME.sub(lambda found: places.get(found.group(), found.group()), formula)
    values = {places[name]: expression(size) for name, size in sizes.items()}
    try:
        return floor(_computed(ast.parse(words, mode="eval").body, values)).number
    except (SyntaxError, ValueError, KeyError, TypeError, ZeroDivisionError, RecursionError, MemoryError):
        return None


def _exponent(power: DimExpr) -> int:
    """Return an exponent; raises ValueError for one that is no small number."""
    if power.number is None or not 0 <= power.number <= MOST:
        raise ValueError(f"no small exponent: {power}")
    return power.number


def _computed(node: ast.expr, values: Mapping[str, DimExpr]) -> DimExpr:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        number, share = node.value.as_integer_ratio()
        return expression(number) / share
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_computed(node.operand, values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords and node.args:
        name = node.func.id.lower()
        if CALLED[name] in (None, len(node.args)):
            return FUNCTIONS[name.removesuffix("ing")](*(_computed(one, values) for one in node.args))
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_computed(node.left, values), _computed(node.right, values))
    raise ValueError(f"no arithmetic over sizes: {ast.dump(node)[:40]}")
