"""Calls: functions and modules are followed, unless they are torch's own, which are known by name."""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Mapping, Sequence
from typing import Any

from . import builtin, functions
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
    extracted,
    join,
    size,
    tensor,
)
from .torch_names import (
    EXPORT_QUERIES,
    MULTI_OUTPUT_MODULES,
    PACKING,
)


class Calls(Reader):
    """Returns the values of calls."""

    visited: set[int]

    def method(self, base: Value, func: ast.Attribute, node: ast.Call, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
        """Return the value of a call of an attribute: of a tensor or container by its name, else of the attribute's value."""
        name = func.attr
        if base.kind in (TENSOR, MAYBE_TENSOR):
            return self.call_tensor_method(base, func, node, [*args, *kwargs.values()])
        if base.kind == SIZE:
            return size(computed=name == "numel")
        if base.kind == EXTRACTED:
            return extracted(base)
        if base.kind == CONTAINER or base.items is not None:
            return builtin.call_container_method(self, base, name, args)
        assigned = self.frames[-1].names.get(ast.unparse(func)) if isinstance(func.value, ast.Name) else None
        callee = assigned or self.attribute(base, name)
        if isinstance(base.known, dict) or (
            functions.is_module(base.known) and functions.module_and_name(callee.known)[0].startswith("torch")
        ):
            entries = builtin.call_known_method(base.known, name, args)
            if entries is not None:
                return entries
        return self.call(callee, node, args, kwargs)

    def call(self, callee: Value, node: ast.Call | None, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """Return the value of a call of a value."""
        target: Any = callee.known if callee.kind == PLAIN else UNKNOWN
        every = [*args, *kwargs.values()]
        if isinstance(target, LocalFunction):
            return self.run_inner(target, args, kwargs)
        if target is not UNKNOWN and functions.is_module(target):
            return self.call_module(target, args, kwargs)
        if target is super:
            return self.super_value(args)
        if isinstance(target, functools.partial):
            return self.call(functions.value_of(target.func), node, [*map(functions.value_of, target.args), *args], kwargs)
        result = builtin.call_builtin(self, target, node, args)
        if result is not None:
            return result
        home, name = functions.module_and_name(target)
        if name == "is_tensor" and args and args[0].kind == TENSOR and args[0].certain:
            return Value(known=True)
        if name in PACKING and (home.startswith("torch") or not home) and node is not None:
            self.note("packed-sequence", node, f"`{name}` packs sequences, which few exporters and fewer compilers support")
            return tensor(*every, certain=False)
        if EXPORT_QUERIES.fullmatch(name):
            return Value(known=True)
        if name == "is_scripting":
            return Value(known=False)
        if home.partition(".")[0] in functions.FRAMEWORK and not (isinstance(target, type) and functions.is_module(target)):
            return self.call_torch(home, name, node, args, kwargs)
        function = functions.unwrapped_function(target)
        if function is not None and functions.is_readable(function, self.frames[-1].file):
            owner = target.__self__ if isinstance(target, types.MethodType) else UNKNOWN
            return self.run(function, args if owner is UNKNOWN else [functions.value_of(owner), *args], kwargs)
        if isinstance(target, type) and issubclass(target, tuple) and hasattr(target, "_fields"):
            return Value(items=every)
        return self.call_unknown(every, node, home)

    def call_module(self, module: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """Return the value of a call of a module; its `forward` is followed, unless it is one of torch's own."""
        self.visited.add(id(module))
        forward = functions.unwrapped_function(getattr(module, "forward", None))
        if forward is not None and functions.package_of(forward.__code__.co_filename) not in functions.FRAMEWORK:
            if self.frames and not functions.is_readable(forward, forward.__code__.co_filename):
                return Value(MAYBE_TENSOR)
            return self.run(forward, [functions.value_of(module), *args], kwargs)
        classes = {base.__name__ for base in type(module).__mro__}
        if "Sequential" in classes:
            value = args[0] if args else Value()
            for each in getattr(module, "_modules", {}).values():
                value = self.call_module(each, [value], {})
            return value
        if args and classes & {"Identity", "_DropoutNd"}:
            return args[0]
        return tensor(*args, *kwargs.values(), certain=not MULTI_OUTPUT_MODULES.search(type(module).__name__))

    def super_value(self, args: Sequence[Value]) -> Value:
        """Return the value of `super()`."""
        frame = self.frames[-1]
        kind, owner = frame.outer_names.get("__class__", UNKNOWN), frame.module
        if len(args) == 2 and UNKNOWN not in (args[0].known, args[1].known):
            kind, owner = args[0].known, args[1].known
        return Value(known=super(kind, owner)) if isinstance(kind, type) and isinstance(owner, kind) else Value()

    def call_unknown(self, every: Sequence[Value], node: ast.Call | None, home: str) -> Value:
        """Return the value of a call of something that cannot be analysed, by the kinds of its arguments."""
        kind = max((value.strongest_kind for value in every), default=PLAIN)
        if home == "math" and kind in (TENSOR, EXTRACTED) and node is not None:
            return self.to_number(node, join(every))
        if kind == SIZE:
            return size(*every, computed=True)
        if kind == EXTRACTED:
            return extracted(join([value for value in every if value.kind == EXTRACTED] or [Value(EXTRACTED)]))
        return Value(MAYBE_TENSOR if kind in (TENSOR, MAYBE_TENSOR) else PLAIN)
