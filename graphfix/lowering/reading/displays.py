"""Displays and comprehensions: tuples, lists, sets and dicts."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from .frame import Reader
from .kinds import (
    SIZE,
    Value,
    container,
    element,
    join,
    size,
)


class Displays(Reader):
    """Evaluates displays and comprehensions."""

    def evaluate_Tuple(self, node: ast.Tuple | ast.List) -> Value:
        """Evaluate a tuple or list, element by element unless a starred one has unknown length."""
        parts = [self.evaluate(part.value if isinstance(part, ast.Starred) else part) for part in node.elts]
        exact: list[Value] = []
        for part, value in zip(node.elts, parts, strict=True):
            more = self.elements(value) if isinstance(part, ast.Starred) else [value]
            if more is None:
                if any(each.kind == SIZE for each in parts):
                    return size(*parts, plural=True)
                return container(
                    join(element(v) if isinstance(p, ast.Starred) else v for p, v in zip(node.elts, parts, strict=True))
                )
            exact += more
        return Value(items=exact)

    evaluate_List = evaluate_Tuple

    def evaluate_Set(self, node: ast.Set) -> Value:
        """Evaluate a set."""
        return container(join(map(self.evaluate, node.elts)))

    def evaluate_Dict(self, node: ast.Dict) -> Value:
        """Evaluate a dict: any of its values."""
        return container(join(map(self.evaluate, node.values)) if node.values else None)

    def evaluate_ListComp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        """Evaluate a comprehension, element by element where these are known."""
        made = [self.evaluate(node.elt) for _ in self.bind_elements(node.generators)]
        plain = len(node.generators) == 1 and not node.generators[0].ifs
        over = self.evaluate(node.generators[0].iter)
        exact = plain and self.elements(over) is not None
        return Value(items=made) if exact else container(join(made) if made else None, over.length_source)

    evaluate_GeneratorExp = evaluate_SetComp = evaluate_ListComp

    def evaluate_DictComp(self, node: ast.DictComp) -> Value:
        """Evaluate a dict comprehension: any of its values."""
        return container(join([self.evaluate(node.value) for _ in self.bind_elements(node.generators)] or [Value()]))

    def bind_elements(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        """Bind the targets of comprehensions to each element in turn, and yield once for each."""
        if not generators:
            yield
            return
        first, *rest = generators
        over = self.evaluate(first.iter)
        exact = self.elements(over)
        for each in exact if exact is not None else [element(over)]:
            self.bind(first.target, each)
            if all(self.decide(test, f"if {self.source_text(test)}") is not False for test in first.ifs):
                yield from self.bind_elements(rest)
