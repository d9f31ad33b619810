"""The walk through a model: `forward` is followed from the root, with kinds of values in place of values."""

from __future__ import annotations

import ast
import time
import types
from collections.abc import Mapping, Sequence
from typing import Any

from . import functions
from .calls import Calls
from .decisions import Decisions
from .displays import Displays
from .expressions import Expressions
from .frame import BudgetExceeded, Frame, LocalFunction, Note
from .kinds import MAYBE_TENSOR, PLAIN, UNKNOWN, Value, container, join, tensor
from .statements import Statements
from .torch_calls import TorchCalls

MAX_STEPS, MAX_SECONDS, MAX_DEPTH = 400_000, 10.0, 24
"""Limits of the analysis: statements, seconds, and nested calls."""


class Walk(Statements, Calls, TorchCalls, Decisions, Expressions, Displays):
    """Follows a model from its root and then modules that were not reached from there; collects `notes` on the way."""

    def __init__(self, model: Any) -> None:
        self.frames = []
        self.paths = {id(module): str(name) for name, module in model.named_modules()}
        self.notes: dict[tuple[str, str, int], Note] = {}
        self.explained: set[Note] = set()
        self.assigned: dict[tuple[int, str], Value] = {}
        self.visited: set[int] = set()
        self.cache: dict[Any, Value] = {}
        self.keep_alive: list[Any] = []
        self.depth, self.steps, self.deadline = 0, 0, time.monotonic() + MAX_SECONDS

    def visit(self, module: Any) -> None:
        """Follow the `forward` of a module that was not seen to be called, with arguments by its signature."""
        self.depth = 0
        forward = functions.unwrapped_function(getattr(module, "forward", None))
        if id(module) in self.visited or (
            forward is None and not functions.module_and_name(type(module))[0].startswith("torch.nn")
        ):
            return
        if forward is None or functions.package_of(forward.__code__.co_filename) in functions.FRAMEWORK:
            self.call_module(module, [tensor(certain=False, weight=False)], {})
        else:
            self.run(forward, [functions.value_of(module)], {}, entry=True)

    def count_step(self) -> None:
        """Count a step; BudgetExceeded where there were too many."""
        self.steps += 1
        if self.steps > MAX_STEPS or time.monotonic() > self.deadline:
            raise BudgetExceeded

    def note(self, kind: str, node: ast.AST, text: str, key: str = "") -> Note:
        """Note a finding at a line of the function being followed; the first at a line is kept."""
        frame = self.frames[-1]
        path = self.paths.get(id(frame.module), "")
        made = Note(kind, frame.file, getattr(node, "lineno", 0), path, text)
        return self.notes.setdefault((key or kind, made.file, made.line), made)

    def run(
        self, function: types.FunctionType, args: Sequence[Value], kwargs: Mapping[str, Value], *, entry: bool = False
    ) -> Value:
        """Follow a function and return its value."""
        source = functions.function_source(function.__code__)
        key = (
            function.__code__.co_filename,
            function.__code__,
            tuple(a.cache_key() for a in args),
            tuple((k, v.cache_key()) for k, v in sorted(kwargs.items())),
        )
        if key in self.cache:
            return self.cache[key]
        if source is None or self.depth >= MAX_DEPTH:
            return Value(MAYBE_TENSOR)
        self.cache[key] = Value(MAYBE_TENSOR)  # the value of a recursive call
        self.keep_alive.append((args, kwargs))  # the key contains ids of their objects, which must stay alive
        module = args[0].known if args and functions.is_module(args[0].known) else self.frames[-1].module if self.frames else None
        if args and module is args[0].known and function.__name__ == "forward":
            self.visited.add(id(module))
        names = self.bind_parameters(source.node.args, function, args, kwargs, entry=entry)
        frame = Frame(source.file, module, functions.visible_names(function), names)
        self.cache[key] = self.run_body(frame, source.node.body)
        return self.cache[key]

    def run_inner(self, inner: LocalFunction, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """Follow a function defined inside another and return its value."""
        if self.depth >= MAX_DEPTH:
            return Value(MAYBE_TENSOR)
        outer = inner.frame
        names = outer.names | self.bind_parameters(inner.node.args, None, args, kwargs)
        frame = Frame(outer.file, outer.module, outer.outer_names, names)
        if isinstance(inner.node, ast.FunctionDef):
            return self.run_body(frame, inner.node.body)
        return self.run_body(frame, [ast.copy_location(ast.Return(inner.node.body), inner.node.body)])

    def run_body(self, frame: Frame, body: Sequence[ast.stmt]) -> Value:
        """Follow a body in a frame and return what it returns."""
        self.frames.append(frame)
        self.depth += 1
        try:
            self.block(body)
        finally:
            self.depth -= 1
            self.frames.pop()
        return join(frame.returned)

    def bind_parameters(
        self,
        spec: ast.arguments,
        function: types.FunctionType | None,
        args: Sequence[Value],
        kwargs: Mapping[str, Value],
        *,
        entry: bool = False,
    ) -> dict[str, Value]:
        """Return the parameters' values; without arguments these are defaults, or for an entry by annotation."""
        names: dict[str, Value] = {}
        positional = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        defaults: dict[str, Any] = {}
        if function is not None:
            own_defaults = function.__defaults__ or ()
            defaults = dict(zip(positional[len(positional) - len(own_defaults) :], own_defaults, strict=True)) | (
                function.__kwdefaults__ or {}
            )
        for name in (*positional, *(arg.arg for arg in spec.kwonlyargs)):
            default = defaults.get(name, UNKNOWN)
            if entry and function is not None:
                names[name] = functions.parameter_value(function, name, default)
            else:
                names[name] = Value(MAYBE_TENSOR) if default is UNKNOWN else functions.value_of(default)
        names |= dict(zip(positional, args, strict=False))
        names |= {name: value for name, value in kwargs.items() if name in names}
        if spec.vararg:
            rest = list(args[len(positional) :])
            names[spec.vararg.arg] = Value(PLAIN, items=rest) if not entry else container(tensor(certain=False, weight=False))
        if spec.kwarg:
            names[spec.kwarg.arg] = container(
                join(value for name, value in kwargs.items() if name not in names) if kwargs else Value(MAYBE_TENSOR)
            )
        return names
