"""Following a model's `forward` from its root, with kinds of values in place of values."""

from __future__ import annotations

import ast
import time
import types
from collections.abc import Mapping, Sequence
from typing import Any

from . import functions
from .calls import Calls
from .expressions import Expressions
from .frame import Enough, Frame, Inner, Note
from .kinds import LOOSE, PLAIN, UNKNOWN, Value, join, many, tensor
from .statements import Statements

STEPS, SECONDS, DEPTH = 400_000, 10.0, 24
"""Statements, seconds and calls within calls after which it is enough."""


class Walk(Statements, Calls, Expressions):
    """Follows a model from its root, and then what was not reached from there; `notes` fill meanwhile."""

    def __init__(self, model: Any) -> None:
        self.frames = []
        self.paths = {id(module): str(name) for name, module in model.named_modules()}
        self.notes: dict[tuple[str, str, int], Note] = {}
        self.answered: set[Note] = set()
        self.assigned: dict[tuple[int, str], Value] = {}
        self.visited: set[int] = set()
        self.memory: dict[Any, Value] = {}
        self.kept: list[Any] = []
        self.depth, self.steps, self.until = 0, 0, time.monotonic() + SECONDS

    def visit(self, module: Any) -> None:
        """Follow the `forward` of a module that nobody was seen to call, with what its signature says of the arguments."""
        self.depth = 0
        forward = functions.plain_function(getattr(module, "forward", None))
        if id(module) in self.visited or (forward is None and not functions.name_of(type(module))[0].startswith("torch.nn")):
            return
        if forward is None or functions.package(forward.__code__.co_filename) in functions.FRAMEWORK:
            self.call_module(module, [tensor(certain=False, weight=False)], {})
        else:
            self.run(forward, [functions.known(module)], {}, entry=True)

    def spend(self) -> None:
        """Count a step; Enough when there have been too many."""
        self.steps += 1
        if self.steps > STEPS or time.monotonic() > self.until:
            raise Enough

    def note(self, kind: str, node: ast.AST, text: str, key: str = "") -> Note:
        """Note one thing at a line of the function being followed; the first at a line stands."""
        frame = self.frames[-1]
        path = self.paths.get(id(frame.module), "")
        made = Note(kind, frame.file, getattr(node, "lineno", 0), path, text)
        return self.notes.setdefault((key or kind, made.file, made.line), made)

    def run(
        self, function: types.FunctionType, args: Sequence[Value], kwargs: Mapping[str, Value], *, entry: bool = False
    ) -> Value:
        """Follow a function; what it may return."""
        found = functions.written(function.__code__)
        key = (
            function.__code__.co_filename,
            function.__code__,
            tuple(a.marks() for a in args),
            tuple((k, v.marks()) for k, v in sorted(kwargs.items())),
        )
        if key in self.memory:
            return self.memory[key]
        if found is None or self.depth >= DEPTH:
            return Value(LOOSE)
        self.memory[key] = Value(LOOSE)  # what a function that calls itself gets
        self.kept.append((args, kwargs))  # the key holds addresses of what they hold
        holder = args[0].known if args and functions.is_module(args[0].known) else self.frames[-1].module if self.frames else None
        if args and holder is args[0].known and function.__name__ == "forward":
            self.visited.add(id(holder))
        names = self.bound(found.node.args, function, args, kwargs, entry=entry)
        frame = Frame(found.file, holder, functions.names(function), names)
        self.memory[key] = self.followed(frame, found.node.body)
        return self.memory[key]

    def run_inner(self, inner: Inner, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """Follow a function inside a function."""
        if self.depth >= DEPTH:
            return Value(LOOSE)
        around = inner.frame
        names = around.names | self.bound(inner.node.args, None, args, kwargs)
        frame = Frame(around.file, around.module, around.around, names)
        if isinstance(inner.node, ast.FunctionDef):
            return self.followed(frame, inner.node.body)
        return self.followed(frame, [ast.copy_location(ast.Return(inner.node.body), inner.node.body)])

    def followed(self, frame: Frame, body: Sequence[ast.stmt]) -> Value:
        """What a body returns."""
        self.frames.append(frame)
        self.depth += 1
        try:
            self.block(body)
        finally:
            self.depth -= 1
            self.frames.pop()
        return join(frame.returned)

    def bound(
        self,
        spec: ast.arguments,
        function: types.FunctionType | None,
        args: Sequence[Value],
        kwargs: Mapping[str, Value],
        *,
        entry: bool = False,
    ) -> dict[str, Value]:
        """The parameters' values; those that the caller leaves out have their defaults, or what the signature tells."""
        names: dict[str, Value] = {}
        places = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        defaults: dict[str, Any] = {}
        if function is not None:
            given = function.__defaults__ or ()
            defaults = dict(zip(places[len(places) - len(given) :], given, strict=True)) | (function.__kwdefaults__ or {})
        for name in (*places, *(arg.arg for arg in spec.kwonlyargs)):
            default = defaults.get(name, UNKNOWN)
            if entry and function is not None:
                names[name] = functions.parameter(function, name, default)
            else:
                names[name] = Value(LOOSE) if default is UNKNOWN else functions.known(default)
        names |= dict(zip(places, args, strict=False))
        names |= {name: value for name, value in kwargs.items() if name in names}
        if spec.vararg:
            rest = list(args[len(places) :])
            names[spec.vararg.arg] = Value(PLAIN, items=rest) if not entry else many(tensor(certain=False, weight=False))
        if spec.kwarg:
            names[spec.kwarg.arg] = many(
                join(value for name, value in kwargs.items() if name not in names) if kwargs else Value(LOOSE)
            )
        return names
