"""Calls of PyTorch's functions and of tensors' methods, which are known by name."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from .frame import Reader
from .kinds import (
    MAYBE_TENSOR,
    PLAIN,
    SIZE,
    TENSOR,
    Value,
    container,
    is_constant,
    join,
    size,
    tensor,
)
from .torch_names import (
    CREATION,
    DROPOUTS,
    INDEXED_WRITES,
    MAPPING_METHODS,
    METADATA,
    MULTI_OUTPUT,
    NUMBER_METHODS,
    REDUCING,
    SHAPE_TAKING,
    SIZE_METHODS,
    VIEWS,
)


class TorchCalls(Reader):
    """Returns the values of calls into PyTorch, and notes those that hinder an export."""

    def call_torch(
        self, home: str, name: str, node: ast.Call | None, args: Sequence[Value], kwargs: Mapping[str, Value]
    ) -> Value:
        """Return the value of a call of one of torch's functions."""
        every = [*args, *kwargs.values()]
        if node is not None and self.is_training_call(home, name, args, kwargs):
            self.note("training-mode", node, f"`{self.source_text(node)}` is in training mode whatever `model.eval()` says")
        if name == "checkpoint" and args:
            return self.call(args[0], None, args[1:], {})
        if name == "cond" and len(args) > 2:
            operands = (self.elements(args[3]) if len(args) > 3 else []) or []
            return join([self.call(branch, None, operands, {}) for branch in args[1:3]])
        if name == "annotate" and len(args) > 1:
            return args[1]
        strongest = max((value.strongest_kind for value in every), default=PLAIN)
        if (
            name in METADATA
            or name.startswith(("is_", "_assert", "_check", "set_", "get_"))
            or (strongest == PLAIN and name not in CREATION)
        ):
            return Value()
        if name == "numel" or name in ("Size", "broadcast_shapes") or name.startswith("sym_"):
            return size(*every, plural=name != "numel", computed=name.startswith("sym_"))
        if strongest == SIZE and (name not in CREATION or name in ("tensor", "as_tensor", "scalar_tensor")):
            return size(*every, computed=True)  # a size held in a tensor, as traces need it
        if name in SHAPE_TAKING and node is not None and any(value.is_computed for value in every):
            self.note_size_arithmetic(node)
        return tensor(*every, certain=name not in MULTI_OUTPUT and not name.startswith("_"))

    def call_tensor_method(self, base: Value, func: ast.Attribute, node: ast.Call, every: Sequence[Value]) -> Value:
        """Return the value of a call of a method of a tensor, or of what may be one."""
        name = func.attr
        if name in SIZE_METHODS:
            return Value() if base.weight else size(plural=name == "size" and not every)
        if name in MAPPING_METHODS:
            return Value(MAYBE_TENSOR)
        if name in METADATA or name.startswith("is_"):
            return Value()
        if name in NUMBER_METHODS:
            number = self.to_number(node, base if base.kind == TENSOR else tensor(weight=False))
            return number if name == "item" else container(number)
        if base.kind == MAYBE_TENSOR and name not in SHAPE_TAKING and name not in REDUCING:
            return Value(MAYBE_TENSOR)
        inner = func.value
        is_part = isinstance(inner, ast.Subscript) or (
            isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in VIEWS
        )
        if not is_constant(base) and (name in INDEXED_WRITES or (is_part and name.endswith("_") and not name.endswith("__"))):
            self.note("indexed-write", node, f"`{self.source_text(node)}` writes into a part of a tensor")
        if name in SHAPE_TAKING and any(value.is_computed for value in every):
            self.note_size_arithmetic(node)
        if name == "unbind":
            return container(tensor(base), size())
        return tensor(base, *every, certain=name not in MULTI_OUTPUT)

    def is_training_call(self, home: str, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> bool:
        """Return whether a function of torch drops values, or normalises by batch statistics, as in training."""

        def argument(keyword: str, position: int, default: Any) -> Value:
            return kwargs.get(keyword) or (args[position] if len(args) > position else Value(known=default))

        if args and is_constant(args[0]):  # a reparametrisation of weights
            return False
        if DROPOUTS.fullmatch(name):
            always = home.startswith("torch.nn") and not name.startswith(("alpha", "feature_alpha"))
            return (
                argument("training" if "training" in kwargs else "train", 2, always).truth is True
                and argument("p", 1, 0.5).truth is not False
            )
        if name == "scaled_dot_product_attention":
            return argument("dropout_p", 4, 0.0).truth is True
        return name == "batch_norm" and home.startswith("torch.nn") and argument("training", 5, False).truth is True
