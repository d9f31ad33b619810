"""Squeeze<axes = [0]>(x[N, 3]) = Squeeze<axes = [0]>(x[1, 3]): a dynamic dim gets the only size that an operator takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from onnx import ModelProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.facts import Facts
from graphfix.analysis.required_sizes import REQUIRING, required_sizes
from graphfix.analysis.values import Dim, NodeFacts
from graphfix.analysis.wide_chains import BROADCAST, UNARY
from graphfix.ir.bind_inputs import interface
from graphfix.rewrites.cleanup.input_sizes import with_input_sizes
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""


class DimsByOperators(Rewrite):
    """Write a size for each dynamic dim of the inputs for which an operator of the model takes one size only.

    Why: exporters make dims dynamic that a Squeeze, a Split or a constant target of a Reshape fixes again, and compilers that
    allocate memory ahead of time need them. The model accepts the same inputs as before: with any other size it fails.
    """

    name = "dims-by-operators"
    safety = Safety.EXACT
    everywhere = True
    fixes = (FixRule("", kinds=("dynamic", "form")), *(FixRule(op) for op in REQUIRING))
    before = "g (float[N, 3] x) => (float[3] y) { y = Squeeze(x, first) }"
    after = "g (float[1, 3] x) => (float[3] y) { y = Squeeze(x, first) }"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3, 4] x, float[N, 4] s) => (float[3, 4] y, float[N, 4] z) <int64[1] first = {{0}}> {{
                 middle = Constant<value_ints = [1]>()
                 t = Unsqueeze(s, middle)
                 d = Div(x, t)
                 y = Squeeze(d, first)
                 z = Neg(s) }}""",
            ops=("Constant", "Unsqueeze", "Div", "Squeeze", "Neg"),
        ),
        Case(
            f"""{HEAD} (float[1, C, 4] x) => (float[2, 12] y) <int64[2] target = {{2, 12}}> {{
                 a = Abs(x)
                 y = Reshape(a, target) }}""",
            ops=("Abs", "Reshape"),
        ),
        Case(
            f"""{HEAD} (float[T, N, 8] x) => (float[5, M, 4] y)
               <int64[1] first = {{5}}, int64[1] last = {{4}}, int64[1] two = {{2}}> {{
                 n = Shape<start = 1, end = 2>(x)
                 heads = Mul(n, two)
                 target = Concat<axis = 0>(first, heads, last)
                 y = Reshape(x, target) }}""",
            ops=("Shape", "Mul", "Concat", "Reshape"),
        ),
        Case(
            f"""{HEAD} (float[?, 6, K] x) => (float[1, 7, 2] y, float[1, 7, 3] z)
               <float[1, 1, 5] token = {{1, 2, 3, 4, 5}}, int64[2] parts = {{2, 3}}> {{
                 both = Concat<axis = 1>(token, x)
                 y, z = Split<axis = 2>(both, parts) }}""",
            ops=("Concat", "Split"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x, float[1, 3] w) => (float[N, 3] y) {{ y = Add(x, w) }}""",
            because="no operator fixes a dynamic dim of the inputs",
        ),
        Case(
            f"""{HEAD} (float[N, M] x) => (float[12] y) <int64[1] target = {{12}}> {{ y = Reshape(x, target) }}""",
            because="no operator fixes a dynamic dim of the inputs",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        found = Sizes(facts_of(model), {info.name for info in interface(model)}).found
        if not found:
            return Outcome(None, declined=(Declined("no operator fixes a dynamic dim of the inputs"),))
        return with_input_sizes(model, found)


@dataclass(slots=True)
class Sizes:
    """The sizes of dynamic dims of the inputs by name and axis, as far as operators of the main graph fix them."""

    facts: Facts
    inputs: set[str]
    found: dict[str, dict[int, int]] = field(default_factory=dict)
    _makers: Mapping[str, NodeFacts] = field(init=False)

    def __post_init__(self) -> None:
        nodes = [node for node in self.facts.nodes if not node.scope and not node.domain]
        self._makers = {name: node for node in nodes for name in node.proto.output if name}
        for node in nodes:
            for place, axis, size in required_sizes(node):
                self._enter(node.proto.input[place], axis, size)

    def _enter(self, name: str, axis: int, size: int) -> None:
        """Enter that a dim of a value has a size, as a size of the inputs that it comes from."""
        value = self.facts.value(name, ())
        if value is None or value.shape is None or isinstance(value.shape[axis], int):
            return
        if name in self.inputs:
            self.found.setdefault(name, {})[axis] = size
            return
        maker, symbol = self._makers.get(name), value.shape[axis]
        sources = [(each, place) for each in sorted(self.inputs) for place, dim in enumerate(self._dims(each)) if dim == symbol]
        if isinstance(symbol, str) and sources:
            for each, place in sources:
                self.found.setdefault(each, {})[place] = size
        elif maker is not None and maker.op in UNARY:
            self._enter(maker.proto.input[0], axis, size)
        elif maker is not None and maker.op == "Transpose":
            perm = attribute(maker.proto, "perm", None) or range(len(value.shape))[::-1]
            self._enter(maker.proto.input[0], perm[axis], size)
        elif maker is not None and maker.op in BROADCAST and maker.op != "Expand" and size == 1:
            for each in maker.proto.input:
                own = axis - len(value.shape) + len(self._dims(each))
                if own >= 0:
                    self._enter(each, own, size)

    def _dims(self, name: str) -> tuple[Dim, ...]:
        value = self.facts.value(name, ())
        return value.shape or () if value is not None else ()
