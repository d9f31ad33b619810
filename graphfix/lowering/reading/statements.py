"""Statements: what they bind, and which of their branches may run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from . import functions
from .frame import LocalFunction, Reader
from .kinds import CONTAINER, EXTRACTED, MAX_ELEMENTS, PLAIN, SIZE, TENSOR, UNKNOWN, Value, container, element, is_constant, join

HARMLESS = (ast.Raise, ast.Assert, ast.Pass)
GUARDS = frozenset({"warn", "warning", "warn_once", "warning_once", "info", "debug", "print", "error"})
"""Functions that only print or log something."""


class Statements(Reader):
    """Follows blocks of statements in the innermost function."""

    def block(self, body: Sequence[ast.stmt]) -> bool:
        """Follow statements; return whether they leave the function."""
        for statement in body:
            self.count_step()
            if getattr(self, f"do_{type(statement).__name__}", self.do_other)(statement):
                return True
        return False

    def do_other(self, node: ast.stmt) -> bool:
        """Any other statement: evaluate its expressions."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child)
        return isinstance(node, ast.Break | ast.Continue)

    def do_Return(self, node: ast.Return) -> bool:
        """`return`."""
        self.frames[-1].returned.append(self.evaluate(node.value) if node.value else Value(PLAIN, known=None))
        return True

    def do_Raise(self, node: ast.Raise) -> bool:
        """`raise`; its message is not evaluated."""
        return True

    def do_FunctionDef(self, node: ast.FunctionDef) -> bool:
        """A function defined inside a function."""
        self.frames[-1].names[node.name] = Value(PLAIN, known=LocalFunction(node, self.frames[-1]))
        return False

    def do_Import(self, node: ast.Import) -> bool:
        """`import` inside a function."""
        for alias in node.names:
            found = functions.imported_object(alias.name if alias.asname else alias.name.partition(".")[0], "")
            self.frames[-1].names[alias.asname or alias.name.partition(".")[0]] = Value(PLAIN, known=found)
        return False

    def do_ImportFrom(self, node: ast.ImportFrom) -> bool:
        """`from ... import` inside a function."""
        home = node.module or ""
        if node.level:
            parts = str(self.frames[-1].outer_names.get("__package__") or "").split(".")
            home = ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])
        for alias in node.names:
            self.frames[-1].names[alias.asname or alias.name] = Value(PLAIN, known=functions.imported_object(home, alias.name))
        return False

    def do_Assign(self, node: ast.Assign) -> bool:
        """`a = b = value`."""
        value = self.evaluate(node.value)
        for target in node.targets:
            self.bind(target, value)
        return False

    def do_AnnAssign(self, node: ast.AnnAssign) -> bool:
        """`a: T = value`."""
        if node.value is not None:
            self.bind(node.target, self.evaluate(node.value))
        return False

    def do_AugAssign(self, node: ast.AugAssign) -> bool:
        """`a += value`."""
        self.bind(node.target, self.evaluate(ast.copy_location(ast.BinOp(node.target, node.op, node.value), node)))
        return False

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign a value to a name, an attribute, several targets or a part."""
        frame = self.frames[-1]
        if isinstance(target, ast.Name):
            frame.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            owner = self.evaluate(target.value).known
            frame.names[ast.unparse(target)] = value
            if owner is not UNKNOWN:
                self.assigned[id(owner), target.attr] = value
        elif isinstance(target, ast.Starred):
            self.bind(target.value, container(element(value)))
        elif isinstance(target, ast.Tuple | ast.List):
            exact = value.items if value.items is not None and len(value.items) == len(target.elts) else None
            for position, part in enumerate(target.elts):
                self.bind(part, exact[position] if exact else element(value))
        elif isinstance(target, ast.Subscript):
            base, index = self.evaluate(target.value), self.evaluate(target.slice)
            if base.kind == TENSOR and not isinstance(index.known, str) and not (is_constant(base) and is_constant(value)):
                base.weight = False
                self.note("indexed-write", target, f"`{self.source_text(target)}` is written to, a part of a tensor")
            elif base.kind == CONTAINER or base.items is not None:
                base.add_element(value)

    def do_Assert(self, node: ast.Assert) -> bool:
        """`assert`; one on sizes is not noted, since nothing is computed from it."""
        self.decide(node.test, f"assert {self.source_text(node.test)}", sizes=False)
        return False

    def do_If(self, node: ast.If) -> bool:
        """`if`: the branch that is taken, or where that is unknown both, each from the same names."""
        only_guards = all(map(_is_guard, node.body)) and not node.orelse
        taken = self.decide(node.test, f"if {self.source_text(node.test)}", sizes=not only_guards)
        frame = self.frames[-1]
        if taken is not None:
            return self.block(node.body if taken else node.orelse)
        before, ends = dict(frame.names), []
        for arm in (node.body, node.orelse):
            frame.names = dict(before)
            if not self.block(arm):
                ends.append(frame.names)
        frame.names = _merged(ends) if ends else before
        return not ends

    def do_While(self, node: ast.While) -> bool:
        """`while`."""
        for _ in range(2):
            if self.decide(node.test, f"while {self.source_text(node.test)}") is False:
                break
            self.run_optional(node.body)
        return False

    def do_For(self, node: ast.For) -> bool:
        """`for`: element by element where these are known."""
        over = self.evaluate(node.iter)
        bound = over.length_source or (over if over.kind == TENSOR and over.certain else Value())
        text = f"for {self.source_text(node.target)} in {self.source_text(node.iter)}"
        if bound.kind == EXTRACTED:
            self.note_value_branch(node, text, bound)
        elif bound.kind in (SIZE, TENSOR):
            self.note("size-branch", node, f"`{text}` runs as often as a size says; a trace unrolls it to the example's")
        exact = self.elements(over)
        for each in exact if exact is not None else [element(over)] * 2:
            self.bind(node.target, each)
            self.run_optional(node.body)
        return self.block(node.orelse)

    def run_optional(self, body: Sequence[ast.stmt]) -> None:
        """Follow a body that may be skipped or left early."""
        frame = self.frames[-1]
        before = dict(frame.names)
        self.block(body)
        frame.names = _merged([before, frame.names])

    def do_With(self, node: ast.With) -> bool:
        """`with`."""
        for item in node.items:
            value = self.evaluate(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        return self.block(node.body)

    def do_Try(self, node: ast.Try) -> bool:
        """`try`: its body, and each handler as one that may run."""
        ended = self.block(node.body) or self.block(node.orelse)
        for handler in node.handlers:
            self.run_optional(handler.body)
        return self.block(node.finalbody) or ended

    def do_Match(self, node: ast.Match) -> bool:
        """`match`."""
        self.decide(node.subject, f"match {self.source_text(node.subject)}")
        for case in node.cases:
            self.run_optional(case.body)
        return False

    def elements(self, value: Value) -> list[Value] | None:
        """Return the elements of a container one by one, where they are known and few; else None."""
        if value.items is not None:
            return value.items if len(value.items) <= MAX_ELEMENTS else None
        held = value.known
        if functions.is_module(held):
            held = list(
                getattr(held, "_modules", {}) if "Dict" in type(held).__name__ else getattr(held, "_modules", {}).values()
            )
        if isinstance(held, list | tuple | range | dict) and len(held) <= MAX_ELEMENTS:
            return [functions.value_of(each) for each in held]
        return None


def _is_guard(statement: ast.stmt) -> bool:
    """Return whether a statement only raises, checks or logs."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return ast.unparse(statement.value.func).rpartition(".")[2] in GUARDS
    return isinstance(statement, HARMLESS)


def _merged(branches: Sequence[dict[str, Value]]) -> dict[str, Value]:
    """Return the names after one of several branches was taken."""
    if len(branches) == 1:
        return branches[0]
    return {
        name: join(_distinct(names[name] for names in branches if name in names))
        for name in dict.fromkeys(n for names in branches for n in names)
    }


def _distinct(values: Iterable[Value]) -> list[Value]:
    return list({id(value): value for value in values}.values())
