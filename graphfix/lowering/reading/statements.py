"""Statements: what they bind, which of their arms may run, and what of them an export minds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from . import functions
from .frame import Inner, Reader
from .kinds import DATUM, MANY, MOST, PLAIN, SIZE, TENSOR, UNKNOWN, Value, element, join, many, settled

HARMLESS = (ast.Raise, ast.Assert, ast.Pass)
GUARDS = frozenset({"warn", "warning", "warn_once", "warning_once", "info", "debug", "print", "error"})
"""Functions that only tell somebody something."""


class Statements(Reader):
    """Follows blocks of statements in the innermost function."""

    def block(self, body: Sequence[ast.stmt]) -> bool:
        """Follow statements; whether the function is left."""
        for statement in body:
            self.spend()
            if getattr(self, f"do_{type(statement).__name__}", self.do_other)(statement):
                return True
        return False

    def do_other(self, node: ast.stmt) -> bool:
        """Any other statement: its expressions."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.of(child)
        return isinstance(node, ast.Break | ast.Continue)

    def do_Return(self, node: ast.Return) -> bool:
        """`return`."""
        self.frames[-1].returned.append(self.of(node.value) if node.value else Value(PLAIN, known=None))
        return True

    def do_Raise(self, node: ast.Raise) -> bool:
        """`raise`, whose message is of no account."""
        return True

    def do_FunctionDef(self, node: ast.FunctionDef) -> bool:
        """A function inside."""
        self.frames[-1].names[node.name] = Value(PLAIN, known=Inner(node, self.frames[-1]))
        return False

    def do_Import(self, node: ast.Import) -> bool:
        """`import` inside a function."""
        for alias in node.names:
            found = functions.imported(alias.name if alias.asname else alias.name.partition(".")[0], "")
            self.frames[-1].names[alias.asname or alias.name.partition(".")[0]] = Value(PLAIN, known=found)
        return False

    def do_ImportFrom(self, node: ast.ImportFrom) -> bool:
        """`from ... import` inside a function."""
        home = node.module or ""
        if node.level:
            parts = str(self.frames[-1].around.get("__package__") or "").split(".")
            home = ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])
        for alias in node.names:
            self.frames[-1].names[alias.asname or alias.name] = Value(PLAIN, known=functions.imported(home, alias.name))
        return False

    def do_Assign(self, node: ast.Assign) -> bool:
        """`a = b = value`."""
        value = self.of(node.value)
        for target in node.targets:
            self.bind(target, value)
        return False

    def do_AnnAssign(self, node: ast.AnnAssign) -> bool:
        """`a: T = value`."""
        if node.value is not None:
            self.bind(node.target, self.of(node.value))
        return False

    def do_AugAssign(self, node: ast.AugAssign) -> bool:
        """`a += value`."""
        self.bind(node.target, self.of(ast.copy_location(ast.BinOp(node.target, node.op, node.value), node)))
        return False

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign to a name, an attribute, several, or a part."""
        frame = self.frames[-1]
        if isinstance(target, ast.Name):
            frame.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            owner = self.of(target.value).known
            frame.names[ast.unparse(target)] = value
            if owner is not UNKNOWN:
                self.assigned[id(owner), target.attr] = value
        elif isinstance(target, ast.Starred):
            self.bind(target.value, many(element(value)))
        elif isinstance(target, ast.Tuple | ast.List):
            exact = value.items if value.items is not None and len(value.items) == len(target.elts) else None
            for place, part in enumerate(target.elts):
                self.bind(part, exact[place] if exact else element(value))
        elif isinstance(target, ast.Subscript):
            base, index = self.of(target.value), self.of(target.slice)
            if base.kind == TENSOR and not isinstance(index.known, str) and not (settled(base) and settled(value)):
                base.weight = False
                self.note("indexed-write", target, f"`{self.told(target)}` is written to, a part of a tensor")
            elif base.kind == MANY or base.items is not None:
                base.grow(value)

    def do_Assert(self, node: ast.Assert) -> bool:
        """`assert`: one on sizes is of no account, since nothing is computed from it."""
        self.decide(node.test, f"assert {self.told(node.test)}", sizes=False)
        return False

    def do_If(self, node: ast.If) -> bool:
        """`if`: the arms that may be taken, each from the same names; both where that is not known."""
        calm = all(map(_is_guard, node.body)) and not node.orelse
        taken = self.decide(node.test, f"if {self.told(node.test)}", sizes=not calm)
        frame = self.frames[-1]
        if taken is not None:
            return self.block(node.body if taken else node.orelse)
        before, left = dict(frame.names), []
        for arm in (node.body, node.orelse):
            frame.names = dict(before)
            if not self.block(arm):
                left.append(frame.names)
        frame.names = _merged(left) if left else before
        return not left

    def do_While(self, node: ast.While) -> bool:
        """`while`."""
        for _ in range(2):
            if self.decide(node.test, f"while {self.told(node.test)}") is False:
                break
            self.loose(node.body)
        return False

    def do_For(self, node: ast.For) -> bool:
        """`for`: element by element where these are known."""
        over = self.of(node.iter)
        bound = over.bound or (over if over.kind == TENSOR and over.certain else Value())
        text = f"for {self.told(node.target)} in {self.told(node.iter)}"
        if bound.kind == DATUM:
            self.hangs(node, text, bound)
        elif bound.kind in (SIZE, TENSOR):
            self.note("size-branch", node, f"`{text}` runs as often as a size says; a trace unrolls it to the example's")
        exact = self.elements(over)
        for each in exact if exact is not None else [element(over)] * 2:
            self.bind(node.target, each)
            self.loose(node.body)
        return self.block(node.orelse)

    def loose(self, body: Sequence[ast.stmt]) -> None:
        """A body that may not be run to its end."""
        frame = self.frames[-1]
        before = dict(frame.names)
        self.block(body)
        frame.names = _merged([before, frame.names])

    def do_With(self, node: ast.With) -> bool:
        """`with`."""
        for item in node.items:
            value = self.of(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        return self.block(node.body)

    def do_Try(self, node: ast.Try) -> bool:
        """`try`: its body, and each handler as if it might run."""
        ended = self.block(node.body) or self.block(node.orelse)
        for handler in node.handlers:
            self.loose(handler.body)
        return self.block(node.finalbody) or ended

    def do_Match(self, node: ast.Match) -> bool:
        """`match`."""
        self.decide(node.subject, f"match {self.told(node.subject)}")
        for case in node.cases:
            self.loose(case.body)
        return False

    def elements(self, value: Value) -> list[Value] | None:
        """The elements of a container one by one, where they are there and few."""
        if value.items is not None:
            return value.items if len(value.items) <= MOST else None
        held = value.known
        if functions.is_module(held):
            held = list(
                getattr(held, "_modules", {}) if "Dict" in type(held).__name__ else getattr(held, "_modules", {}).values()
            )
        if isinstance(held, list | tuple | range | dict) and len(held) <= MOST:
            return [functions.known(each) for each in held]
        return None


def _is_guard(statement: ast.stmt) -> bool:
    """Whether a statement only complains."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return ast.unparse(statement.value.func).rpartition(".")[2] in GUARDS
    return isinstance(statement, HARMLESS)


def _merged(ways: Sequence[dict[str, Value]]) -> dict[str, Value]:
    """The names after one of several ways was gone."""
    if len(ways) == 1:
        return ways[0]
    return {
        name: join(_distinct(way[name] for way in ways if name in way)) for name in dict.fromkeys(n for way in ways for n in way)
    }


def _distinct(values: Iterable[Value]) -> list[Value]:
    return list({id(value): value for value in values}.values())
