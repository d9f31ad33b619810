"""Expressions: their values, and the conditions among them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from typing import Any

from . import functions
from .frame import LocalFunction, Reader
from .kinds import (
    CONTAINER,
    EXTRACTED,
    MAYBE_TENSOR,
    PLAIN,
    SIZE,
    TENSOR,
    UNKNOWN,
    Value,
    container,
    element,
    extracted,
    join,
    size,
    tensor,
)

SHAPE_ATTRIBUTES = frozenset({"shape"})
TENSOR_ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "real", "imag", "data", "grad", "values", "indices"})
METADATA = frozenset(
    {"ndim", "dtype", "device", "layout", "requires_grad", "names", "itemsize", "grad_fn", "is_leaf", "is_cuda", "is_sparse",
     "is_quantized", "is_nested", "is_meta", "is_mps", "is_cpu", "output_nr", "_version", "nbytes"}
)  # fmt: skip
"""Attributes of a tensor that depend on neither its values nor its sizes."""
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
SIMPLE = (bool, int, float, str, bytes, type(None), tuple, list, frozenset, dict, range, type)
"""Types whose comparisons run no code of the model."""


class Expressions(Reader):
    """Evaluates expressions in the innermost function."""

    def evaluate(self, node: ast.expr) -> Value:
        """Return the value of an expression."""
        result: Value = getattr(self, f"evaluate_{type(node).__name__}", self.evaluate_other)(node)
        return result

    def evaluate_other(self, node: ast.expr) -> Value:
        """Evaluate the parts of any other expression; its own value is of no interest."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child)
        return Value()

    def evaluate_Constant(self, node: ast.Constant) -> Value:
        """A literal."""
        return Value(known=node.value)

    def evaluate_Name(self, node: ast.Name) -> Value:
        """Evaluate a local or outer name."""
        frame = self.frames[-1]
        if node.id in frame.names:
            return frame.names[node.id]
        return functions.value_of(frame.outer_names[node.id]) if node.id in frame.outer_names else Value()

    def evaluate_Attribute(self, node: ast.Attribute) -> Value:
        """Evaluate an attribute: what the function assigned to it, else what the object has, else what tensors have."""
        assigned = self.frames[-1].names.get(ast.unparse(node)) if isinstance(node.value, ast.Name) else None
        return assigned if assigned is not None else self.attribute(self.evaluate(node.value), node.attr)

    def attribute(self, base: Value, name: str) -> Value:
        """Return the value of an attribute."""
        if base.kind in (TENSOR, MAYBE_TENSOR):
            if name in SHAPE_ATTRIBUTES:
                return Value() if base.weight else size(plural=True)
            if name in METADATA:
                return Value()
            return tensor(base, certain=False) if name in TENSOR_ATTRIBUTES and base.kind == TENSOR else Value(MAYBE_TENSOR)
        if base.known is UNKNOWN or base.kind != PLAIN:
            return Value(MAYBE_TENSOR if base.kind == CONTAINER else PLAIN)
        if name == "training" and functions.is_module(base.known):
            return Value(known=False)  # models are exported by way of eval()
        if (id(base.known), name) in self.assigned:
            return self.assigned[id(base.known), name]
        found = functions.static_attribute(base.known, name)
        if isinstance(found, property):
            getter = functions.unwrapped_function(found.fget)
            return self.run(getter, [base], {}) if getter and functions.is_readable(getter, self.frames[-1].file) else Value()
        return Value() if found is UNKNOWN else functions.value_of(found)

    def evaluate_Call(self, node: ast.Call) -> Value:
        """Evaluate the arguments of a call, then the call."""
        args: list[Value] = []
        callee = self.evaluate(node.func) if not isinstance(node.func, ast.Attribute) else None
        base = self.evaluate(node.func.value) if isinstance(node.func, ast.Attribute) else None
        for arg in node.args:
            value = self.evaluate(arg.value if isinstance(arg, ast.Starred) else arg)
            args += [value] if not isinstance(arg, ast.Starred) else (self.elements(value) or [element(value)])
        kwargs = {word.arg: self.evaluate(word.value) for word in node.keywords if word.arg is not None}
        for word in node.keywords:
            if word.arg is None:
                self.evaluate(word.value)
        if base is not None and isinstance(node.func, ast.Attribute):
            return self.method(base, node.func, node, args, kwargs)
        return self.call(callee or Value(), node, args, kwargs)

    def evaluate_Subscript(self, node: ast.Subscript) -> Value:
        """Evaluate a part by index, key or slice."""
        base, index = self.evaluate(node.value), self.evaluate(node.slice)
        if base.kind in (TENSOR, MAYBE_TENSOR):
            if base.kind == TENSOR and index.is_computed:
                self.note_size_arithmetic(node)
            return tensor(base, certain=base.certain) if base.kind == TENSOR else Value(MAYBE_TENSOR)
        if base.items is not None and isinstance(node.slice, ast.Slice):
            part = _slice_items(base.items, node.slice)
            return Value(base.kind, items=part) if part is not None else container(element(base))
        key: Any = index.known if index.kind == PLAIN else UNKNOWN
        exact = self.elements(base) if isinstance(key, int) and not isinstance(base.known, dict) else None
        if exact is not None:
            return exact[key] if -len(exact) <= key < len(exact) else Value()
        held = getattr(base.known, "_modules", base.known) if functions.is_module(base.known) else base.known
        if isinstance(held, dict) and isinstance(key, int | str):
            return functions.value_of(held[key]) if key in held else Value()
        if base.kind == SIZE:
            return size(base, plural=isinstance(node.slice, ast.Slice) and base.plural)
        if functions.is_module(base.known):
            return join(self.elements(base) or [Value()])
        return element(base) if base.kind != PLAIN else Value()

    def evaluate_Slice(self, node: ast.Slice) -> Value:
        """Evaluate the bounds of a slice."""
        return Value(items=[self.evaluate(part) for part in (node.lower, node.upper, node.step) if part is not None])

    def evaluate_BinOp(self, node: ast.BinOp) -> Value:
        """Evaluate arithmetic, and the concatenation of tuples and lists."""
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        if isinstance(node.op, ast.Add) and (left.plural or right.plural or left.items is not None or right.items is not None):
            if left.items is not None and right.items is not None:
                return Value(max(left.kind, right.kind), items=[*left.items, *right.items])
            return (
                size(left, right, plural=True)
                if SIZE in (left.kind, right.kind)
                else container(join([element(left), element(right)]))
            )
        return self.arithmetic_result(left, right)

    def arithmetic_result(self, left: Value, right: Value) -> Value:
        """Return the value of arithmetic on two values."""
        kind = max(left.kind, right.kind)
        if isinstance(left.known, str) or kind in (PLAIN, CONTAINER):
            return Value(PLAIN if kind == PLAIN or isinstance(left.known, str) else MAYBE_TENSOR)
        if kind == EXTRACTED:
            if TENSOR in (left.kind, right.kind):
                return tensor(left, right)
            number = extracted(join([value for value in (left, right) if value.kind == EXTRACTED]))
            number.weight = all(value.weight for value in (left, right) if value.kind == EXTRACTED)
            return number
        if kind == TENSOR:
            return tensor(left, right)
        return size(left, right, computed=True) if kind == SIZE else Value(kind)

    def evaluate_UnaryOp(self, node: ast.UnaryOp) -> Value:
        """Evaluate a sign or a negation."""
        value = self.evaluate(node.operand)
        if isinstance(node.op, ast.Not):
            return (
                Value(value.kind if value.kind != CONTAINER else PLAIN, known=not value.truth)
                if value.truth is not None
                else value
            )
        if isinstance(node.op, ast.USub) and isinstance(value.known, int | float):
            return Value(known=-value.known)
        return value

    def evaluate_BoolOp(self, node: ast.BoolOp) -> Value:
        """Evaluate `and` and `or`, up to the first operand that determines the result."""
        seen: list[Value] = []
        for part in node.values:
            value = self.evaluate(part)
            if value.truth is isinstance(node.op, ast.Or):
                return value if not seen else join([*seen, Value(known=value.truth)])
            if value.truth is None:
                seen.append(value)
        return join(seen) if seen else Value(known=isinstance(node.op, ast.And))

    def evaluate_Compare(self, node: ast.Compare) -> Value:
        """Evaluate a comparison: its result, or the kind that it depends on."""
        values = [self.evaluate(part) for part in (node.left, *node.comparators)]
        if len(values) == 2:
            result = _comparison_result(node.ops[0], *values)
            if result is not None:
                return Value(known=result)
        if any(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in node.ops):
            return (
                extracted(values[0]) if values[0].kind == EXTRACTED and isinstance(node.ops[0], ast.In | ast.NotIn) else Value()
            )
        if any(isinstance(value.known, str | type(None)) for value in values):
            return Value()
        kind = max(value.kind for value in values)
        if kind == TENSOR:
            return tensor(*values)
        if kind == EXTRACTED:
            return self.arithmetic_result(values[0], values[1])
        return size() if kind == SIZE else Value()

    def evaluate_IfExp(self, node: ast.IfExp) -> Value:
        """Evaluate a conditional expression."""
        taken = self.decide(node.test, self.source_text(node))
        if taken is not None:
            return self.evaluate(node.body if taken else node.orelse)
        return join([self.evaluate(node.body), self.evaluate(node.orelse)])

    def evaluate_NamedExpr(self, node: ast.NamedExpr) -> Value:
        """Evaluate `:=`."""
        value = self.evaluate(node.value)
        self.bind(node.target, value)
        return value

    def evaluate_Lambda(self, node: ast.Lambda) -> Value:
        """A lambda."""
        return Value(known=LocalFunction(node, self.frames[-1]))

    def evaluate_JoinedStr(self, node: ast.JoinedStr) -> Value:
        """Text."""
        return Value()


def _comparison_result(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    """Return the result of a comparison; None where it is unknown."""
    for one, other in ((left, right), (right, left)):
        if other.known is None and one.kind == TENSOR and one.certain and isinstance(op, ast.Is | ast.IsNot):
            return isinstance(op, ast.IsNot)
    if left.known is UNKNOWN or right.known is UNKNOWN:
        return None
    if isinstance(op, ast.Is | ast.IsNot) or (isinstance(left.known, SIMPLE) and isinstance(right.known, SIMPLE)):
        try:
            return bool(COMPARISONS[type(op)](left.known, right.known))
        except Exception:
            return None
    return None


def _slice_items(items: Sequence[Value], part: ast.Slice) -> list[Value] | None:
    """Return the elements of a slice; None where its bounds are no literals."""
    bounds = []
    for bound in (part.lower, part.upper, part.step):
        try:
            bounds.append(None if bound is None else int(ast.literal_eval(bound)))
        except (ValueError, TypeError):
            return None
    return list(items[slice(*bounds)])
