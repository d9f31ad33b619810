"""Expressions: the kind of what they give, and the conditions among them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from . import functions
from .frame import Inner, Reader
from .kinds import DATUM, LOOSE, MANY, PLAIN, SIZE, TENSOR, UNKNOWN, Value, datum, element, join, many, size, tensor

SHAPES = frozenset({"shape"})
TENSORS = frozenset({"T", "mT", "H", "mH", "real", "imag", "data", "grad", "values", "indices"})
TRAITS = frozenset(
    {"ndim", "dtype", "device", "layout", "requires_grad", "names", "itemsize", "grad_fn", "is_leaf", "is_cuda", "is_sparse",
     "is_quantized", "is_nested", "is_meta", "is_mps", "is_cpu", "output_nr", "_version", "nbytes"}
)  # fmt: skip
"""What a tensor is, whatever its values and sizes are."""
COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
SIMPLE = (bool, int, float, str, bytes, type(None), tuple, list, frozenset, dict, range, type)
"""Types whose comparisons run no code of the model's."""


class Expressions(Reader):
    """Tells the kinds of expressions in the innermost function."""

    def of(self, node: ast.expr) -> Value:
        """What is known of an expression."""
        told: Value = getattr(self, f"of_{type(node).__name__}", self.of_other)(node)
        return told

    def of_other(self, node: ast.expr) -> Value:
        """Any other expression: its parts are looked at, and it is of no account."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.of(child)
        return Value()

    def of_Constant(self, node: ast.Constant) -> Value:
        """A literal."""
        return Value(known=node.value)

    def of_Name(self, node: ast.Name) -> Value:
        """A name of the function, or around it."""
        frame = self.frames[-1]
        if node.id in frame.names:
            return frame.names[node.id]
        return functions.known(frame.around[node.id]) if node.id in frame.around else Value()

    def of_Attribute(self, node: ast.Attribute) -> Value:
        """What the function has assigned to it, else what the object has, else what tensors have."""
        set_here = self.frames[-1].names.get(ast.unparse(node)) if isinstance(node.value, ast.Name) else None
        return set_here if set_here is not None else self.attribute(self.of(node.value), node.attr)

    def attribute(self, base: Value, name: str) -> Value:
        """An attribute of a value."""
        if base.kind in (TENSOR, LOOSE):
            if name in SHAPES:
                return Value() if base.weight else size(plural=True)
            if name in TRAITS:
                return Value()
            return tensor(base, certain=False) if name in TENSORS and base.kind == TENSOR else Value(LOOSE)
        if base.known is UNKNOWN or base.kind != PLAIN:
            return Value(LOOSE if base.kind == MANY else PLAIN)
        if name == "training" and functions.is_module(base.known):
            return Value(known=False)  # models are exported by way of eval()
        if (id(base.known), name) in self.assigned:
            return self.assigned[id(base.known), name]
        found = functions.attribute(base.known, name)
        if isinstance(found, property):
            getter = functions.plain_function(found.fget)
            return self.run(getter, [base], {}) if getter and functions.is_readable(getter, self.frames[-1].file) else Value()
        return Value() if found is UNKNOWN else functions.known(found)

    def of_Call(self, node: ast.Call) -> Value:
        """A call: the arguments, then what is called."""
        args: list[Value] = []
        callee = self.of(node.func) if not isinstance(node.func, ast.Attribute) else None
        base = self.of(node.func.value) if isinstance(node.func, ast.Attribute) else None
        for arg in node.args:
            value = self.of(arg.value if isinstance(arg, ast.Starred) else arg)
            args += [value] if not isinstance(arg, ast.Starred) else (self.elements(value) or [element(value)])
        kwargs = {word.arg: self.of(word.value) for word in node.keywords if word.arg is not None}
        for word in node.keywords:
            if word.arg is None:
                self.of(word.value)
        if base is not None and isinstance(node.func, ast.Attribute):
            return self.method(base, node.func, node, args, kwargs)
        return self.call(callee or Value(), node, args, kwargs)

    def of_Subscript(self, node: ast.Subscript) -> Value:
        """A part by index, key or slice."""
        base, index = self.of(node.value), self.of(node.slice)
        if base.kind in (TENSOR, LOOSE):
            if base.kind == TENSOR and index.is_computed:
                self.shaped(node)
            return tensor(base, certain=base.certain) if base.kind == TENSOR else Value(LOOSE)
        if base.items is not None and isinstance(node.slice, ast.Slice):
            part = _cut(base.items, node.slice)
            return Value(base.kind, items=part) if part is not None else many(element(base))
        key: Any = index.known if index.kind == PLAIN else UNKNOWN
        exact = self.elements(base) if isinstance(key, int) and not isinstance(base.known, dict) else None
        if exact is not None:
            return exact[key] if -len(exact) <= key < len(exact) else Value()
        held = getattr(base.known, "_modules", base.known) if functions.is_module(base.known) else base.known
        if isinstance(held, dict) and isinstance(key, int | str):
            return functions.known(held[key]) if key in held else Value()
        if base.kind == SIZE:
            return size(base, plural=isinstance(node.slice, ast.Slice) and base.plural)
        if functions.is_module(base.known):
            return join(self.elements(base) or [Value()])
        return element(base) if base.kind != PLAIN else Value()

    def of_Slice(self, node: ast.Slice) -> Value:
        """The bounds of a slice."""
        return Value(items=[self.of(part) for part in (node.lower, node.upper, node.step) if part is not None])

    def of_BinOp(self, node: ast.BinOp) -> Value:
        """Arithmetic, and the joining of tuples."""
        left, right = self.of(node.left), self.of(node.right)
        if isinstance(node.op, ast.Add) and (left.plural or right.plural or left.items is not None or right.items is not None):
            if left.items is not None and right.items is not None:
                return Value(max(left.kind, right.kind), items=[*left.items, *right.items])
            return (
                size(left, right, plural=True) if SIZE in (left.kind, right.kind) else many(join([element(left), element(right)]))
            )
        return self.combined(left, right)

    def combined(self, left: Value, right: Value) -> Value:
        """What arithmetic makes of two values."""
        kind = max(left.kind, right.kind)
        if isinstance(left.known, str) or kind in (PLAIN, MANY):
            return Value(PLAIN if kind == PLAIN or isinstance(left.known, str) else LOOSE)
        if kind == DATUM:
            if TENSOR in (left.kind, right.kind):
                return tensor(left, right)
            made = datum(join([value for value in (left, right) if value.kind == DATUM]))
            made.weight = all(value.weight for value in (left, right) if value.kind == DATUM)
            return made
        if kind == TENSOR:
            return tensor(left, right)
        return size(left, right, computed=True) if kind == SIZE else Value(kind)

    def of_UnaryOp(self, node: ast.UnaryOp) -> Value:
        """A sign, or a negation."""
        value = self.of(node.operand)
        if isinstance(node.op, ast.Not):
            return Value(value.kind if value.kind != MANY else PLAIN, known=not value.truth) if value.truth is not None else value
        if isinstance(node.op, ast.USub) and isinstance(value.known, int | float):
            return Value(known=-value.known)
        return value

    def of_BoolOp(self, node: ast.BoolOp) -> Value:
        """`and` and `or`, which stop where the outcome is known."""
        seen: list[Value] = []
        for part in node.values:
            value = self.of(part)
            if value.truth is isinstance(node.op, ast.Or):
                return value if not seen else join([*seen, Value(known=value.truth)])
            if value.truth is None:
                seen.append(value)
        return join(seen) if seen else Value(known=isinstance(node.op, ast.And))

    def of_Compare(self, node: ast.Compare) -> Value:
        """A comparison: what it hangs on."""
        values = [self.of(part) for part in (node.left, *node.comparators)]
        if len(values) == 2:
            told = _compared(node.ops[0], *values)
            if told is not None:
                return Value(known=told)
        if any(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in node.ops):
            return datum(values[0]) if values[0].kind == DATUM and isinstance(node.ops[0], ast.In | ast.NotIn) else Value()
        if any(isinstance(value.known, str | type(None)) for value in values):
            return Value()
        kind = max(value.kind for value in values)
        if kind == TENSOR:
            return tensor(*values)
        if kind == DATUM:
            return self.combined(values[0], values[1])
        return size() if kind == SIZE else Value()

    def of_IfExp(self, node: ast.IfExp) -> Value:
        """A choice."""
        taken = self.decide(node.test, self.told(node))
        if taken is not None:
            return self.of(node.body if taken else node.orelse)
        return join([self.of(node.body), self.of(node.orelse)])

    def of_Tuple(self, node: ast.Tuple | ast.List) -> Value:
        """A tuple or list, part by part unless one of them is starred."""
        parts = [self.of(part.value if isinstance(part, ast.Starred) else part) for part in node.elts]
        exact: list[Value] = []
        for part, value in zip(node.elts, parts, strict=True):
            more = self.elements(value) if isinstance(part, ast.Starred) else [value]
            if more is None:
                if any(each.kind == SIZE for each in parts):
                    return size(*parts, plural=True)
                return many(join(element(v) if isinstance(p, ast.Starred) else v for p, v in zip(node.elts, parts, strict=True)))
            exact += more
        return Value(items=exact)

    of_List = of_Tuple

    def of_Set(self, node: ast.Set) -> Value:
        """A set."""
        return many(join(map(self.of, node.elts)))

    def of_Dict(self, node: ast.Dict) -> Value:
        """A dict: any of its values."""
        return many(join(map(self.of, node.values)) if node.values else None)

    def of_NamedExpr(self, node: ast.NamedExpr) -> Value:
        """`:=`."""
        value = self.of(node.value)
        self.bind(node.target, value)
        return value

    def of_Lambda(self, node: ast.Lambda) -> Value:
        """A lambda."""
        return Value(known=Inner(node, self.frames[-1]))

    def of_JoinedStr(self, node: ast.JoinedStr) -> Value:
        """Text."""
        return Value()

    def of_ListComp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        """A comprehension, element by element where these are known."""
        made = [self.of(node.elt) for _ in self.rounds(node.generators)]
        plain = len(node.generators) == 1 and not node.generators[0].ifs
        over = self.of(node.generators[0].iter)
        exact = plain and self.elements(over) is not None
        return Value(items=made) if exact else many(join(made) if made else None, over.bound)

    of_GeneratorExp = of_SetComp = of_ListComp

    def of_DictComp(self, node: ast.DictComp) -> Value:
        """A comprehension of a dict: any of its values."""
        return many(join([self.of(node.value) for _ in self.rounds(node.generators)] or [Value()]))

    def rounds(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        """Bind what comprehensions run over, once for each element."""
        if not generators:
            yield
            return
        first, *rest = generators
        over = self.of(first.iter)
        exact = self.elements(over)
        for each in exact if exact is not None else [element(over)]:
            self.bind(first.target, each)
            if all(self.decide(test, f"if {self.told(test)}") is not False for test in first.ifs):
                yield from self.rounds(rest)


def _compared(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    """The outcome of a comparison, where it is known."""
    for one, other in ((left, right), (right, left)):
        if other.known is None and one.kind == TENSOR and one.certain and isinstance(op, ast.Is | ast.IsNot):
            return isinstance(op, ast.IsNot)
    if left.known is UNKNOWN or right.known is UNKNOWN:
        return None
    if isinstance(op, ast.Is | ast.IsNot) or (isinstance(left.known, SIMPLE) and isinstance(right.known, SIMPLE)):
        try:
            return bool(COMPARED[type(op)](left.known, right.known))
        except Exception:
            return None
    return None


def _cut(items: Sequence[Value], part: ast.Slice) -> list[Value] | None:
    """Some of several, where the bounds are literals."""
    bounds = []
    for bound in (part.lower, part.upper, part.step):
        try:
            bounds.append(None if bound is None else int(ast.literal_eval(bound)))
        except (ValueError, TypeError):
            return None
    return list(items[slice(*bounds)])
