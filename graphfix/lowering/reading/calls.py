"""Calls: of modules and functions that are followed in turn, of torch's, which are known by name, and of tensors' methods."""

from __future__ import annotations

import ast
import functools
import re
import types
from collections.abc import Mapping, Sequence
from typing import Any

from . import builtin, functions
from .frame import Inner, Reader
from .kinds import DATUM, LOOSE, MANY, PLAIN, SIZE, TENSOR, UNKNOWN, Value, datum, join, many, settled, size, tensor

PACKING = frozenset({"pack_padded_sequence", "pad_packed_sequence", "pack_sequence"})
EXPORTING = re.compile(
    r"_?is_(?:tracing|in_onnx_export|compiling|exporting|dynamo_compiling|torchdynamo_compiling|fx_tracing)|_get_tracing_state"
)
"""Functions that ask whether an export is going on, which is to be expected."""
SHAPING = frozenset(
    {
        "zeros", "ones", "full", "empty", "rand", "randn", "arange", "linspace", "eye", "reshape", "tile", "narrow", "split",
        "chunk", "tensor_split", "unflatten", "pad", "interpolate", "upsample", "broadcast_to", "as_strided",
        "repeat_interleave", "view", "expand", "repeat", "resize_", "new_zeros", "new_ones", "new_full", "new_empty", "unfold",
        "fold", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d", "avg_pool1d",
        "avg_pool2d", "max_pool1d", "max_pool2d",
    }
)  # fmt: skip
"""Functions and methods that take shapes, lengths or bounds."""
SEVERAL = frozenset(
    {
        "split", "chunk", "unbind", "tensor_split", "hsplit", "vsplit", "dsplit", "max", "min", "sort", "topk", "kthvalue",
        "mode", "median", "unique", "unique_consecutive", "svd", "qr", "eig", "eigh", "slogdet", "var_mean", "std_mean",
        "cummax", "cummin", "aminmax", "frexp", "where", "nonzero", "meshgrid", "broadcast_tensors",
        "multi_head_attention_forward", "lstm", "gru", "atleast_1d",
    }
)  # fmt: skip
"""Those that may give several tensors."""
TRAITS = frozenset(
    {
        "dim", "ndimension", "get_device", "element_size", "stride", "storage_offset", "data_ptr", "has_names", "type",
        "is_contiguous", "get_default_dtype", "device", "finfo", "iinfo", "result_type", "promote_types", "can_cast",
        "typename", "manual_seed",
    }
)  # fmt: skip
MAKING = SHAPING | {
    "tensor",
    "as_tensor",
    "scalar_tensor",
    "from_numpy",
    "logspace",
    "complex",
    "Tensor",
    "Parameter",
    "tril_indices",
}
"""Functions that make a tensor of plain numbers."""
COUNTS = frozenset({"size", "numel", "nelement"})
MAPPING = frozenset({"keys", "items", "get", "pop", "update"})
NUMBERS = frozenset({"item", "tolist"})
REDUCING = frozenset(
    {
        "sum", "any", "all", "max", "min", "mean", "norm", "prod", "argmax", "argmin", "abs", "gt", "lt", "ge", "le", "eq", "ne",
    }
)  # fmt: skip
WRITES = frozenset(
    {"index_put_", "index_add_", "index_copy_", "index_fill_", "scatter_", "scatter_add_", "scatter_reduce_", "masked_scatter_",
     "fill_diagonal_"}
)  # fmt: skip
"""Methods that write into parts of a tensor, wherever they are called."""
VIEWS = frozenset({"select", "narrow", "diagonal", "index_select"})
DROPOUTS = re.compile(r"(?:alpha_|feature_alpha_|feature_)?dropout[123]?d?")
FEW_TENSORS = re.compile(r"LSTM|GRU|RNN|Attention|Transformer")


class Calls(Reader):
    """Tells what calls give, and notes the ones that an export minds."""

    visited: set[int]

    def method(self, base: Value, func: ast.Attribute, node: ast.Call, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
        """A call of an attribute: of a tensor or container by its name, else of what the attribute is."""
        name = func.attr
        if base.kind in (TENSOR, LOOSE):
            return self.of_tensor(base, func, node, [*args, *kwargs.values()])
        if base.kind == SIZE:
            return size(computed=name == "numel")
        if base.kind == DATUM:
            return datum(base)
        if base.kind == MANY or base.items is not None:
            return builtin.of_container(self, base, name, args)
        set_here = self.frames[-1].names.get(ast.unparse(func)) if isinstance(func.value, ast.Name) else None
        callee = set_here or self.attribute(base, name)
        if isinstance(base.known, dict) or (
            functions.is_module(base.known) and functions.name_of(callee.known)[0].startswith("torch")
        ):
            held = builtin.of_known(base.known, name, args)
            if held is not None:
                return held
        return self.call(callee, node, args, kwargs)

    def call(self, callee: Value, node: ast.Call | None, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """A call of a value."""
        target: Any = callee.known if callee.kind == PLAIN else UNKNOWN
        every = [*args, *kwargs.values()]
        if isinstance(target, Inner):
            return self.run_inner(target, args, kwargs)
        if target is not UNKNOWN and functions.is_module(target):
            return self.call_module(target, args, kwargs)
        if target is super:
            return self.above(args)
        if isinstance(target, functools.partial):
            return self.call(functions.known(target.func), node, [*map(functions.known, target.args), *args], kwargs)
        made = builtin.of_builtin(self, target, node, args)
        if made is not None:
            return made
        home, name = functions.name_of(target)
        if name == "is_tensor" and args and args[0].kind == TENSOR and args[0].certain:
            return Value(known=True)
        if name in PACKING and (home.startswith("torch") or not home) and node is not None:
            self.note("packed-sequence", node, f"`{name}` packs sequences, which few exporters and fewer compilers take")
            return tensor(*every, certain=False)
        if EXPORTING.fullmatch(name):
            return Value(known=True)
        if name == "is_scripting":
            return Value(known=False)
        if home.partition(".")[0] in functions.FRAMEWORK and not (isinstance(target, type) and functions.is_module(target)):
            return self.of_torch(home, name, node, args, kwargs)
        function = functions.plain_function(target)
        if function is not None and functions.is_readable(function, self.frames[-1].file):
            owner = target.__self__ if isinstance(target, types.MethodType) else UNKNOWN
            return self.run(function, args if owner is UNKNOWN else [functions.known(owner), *args], kwargs)
        if isinstance(target, type) and issubclass(target, tuple) and hasattr(target, "_fields"):
            return Value(items=every)
        return self.opaque(every, node, home)

    def call_module(self, module: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """A call of a module: its `forward` is followed, unless it is one of torch's own."""
        self.visited.add(id(module))
        forward = functions.plain_function(getattr(module, "forward", None))
        if forward is not None and functions.package(forward.__code__.co_filename) not in functions.FRAMEWORK:
            if self.frames and not functions.is_readable(forward, forward.__code__.co_filename):
                return Value(LOOSE)
            return self.run(forward, [functions.known(module), *args], kwargs)
        lines = {base.__name__ for base in type(module).__mro__}
        if "Sequential" in lines:
            value = args[0] if args else Value()
            for each in getattr(module, "_modules", {}).values():
                value = self.call_module(each, [value], {})
            return value
        if args and lines & {"Identity", "_DropoutNd"}:
            return args[0]
        return tensor(*args, *kwargs.values(), certain=not FEW_TENSORS.search(type(module).__name__))

    def above(self, args: Sequence[Value]) -> Value:
        """`super()`."""
        frame = self.frames[-1]
        kind, owner = frame.around.get("__class__", UNKNOWN), frame.module
        if len(args) == 2 and UNKNOWN not in (args[0].known, args[1].known):
            kind, owner = args[0].known, args[1].known
        return Value(known=super(kind, owner)) if isinstance(kind, type) and isinstance(owner, kind) else Value()

    def opaque(self, every: Sequence[Value], node: ast.Call | None, home: str) -> Value:
        """A call of what cannot be read: what its arguments suggest."""
        kind = max((value.gist for value in every), default=PLAIN)
        if home == "math" and kind in (TENSOR, DATUM) and node is not None:
            return self.number(node, join(every))
        if kind == SIZE:
            return size(*every, computed=True)
        if kind == DATUM:
            return datum(join([value for value in every if value.kind == DATUM] or [Value(DATUM)]))
        return Value(LOOSE if kind in (TENSOR, LOOSE) else PLAIN)

    def of_torch(self, home: str, name: str, node: ast.Call | None, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """A call of one of torch's functions."""
        every = [*args, *kwargs.values()]
        if node is not None and self.drops(home, name, args, kwargs):
            self.note("training-mode", node, f"`{self.told(node)}` is in training mode whatever `model.eval()` says")
        if name == "checkpoint" and args:
            return self.call(args[0], None, args[1:], {})
        if name == "cond" and len(args) > 2:
            operands = (self.elements(args[3]) if len(args) > 3 else []) or []
            return join([self.call(branch, None, operands, {}) for branch in args[1:3]])
        if name == "annotate" and len(args) > 1:
            return args[1]
        gist = max((value.gist for value in every), default=PLAIN)
        if (
            name in TRAITS
            or name.startswith(("is_", "_assert", "_check", "set_", "get_"))
            or (gist == PLAIN and name not in MAKING)
        ):
            return Value()
        if name == "numel" or name in ("Size", "broadcast_shapes") or name.startswith("sym_"):
            return size(*every, plural=name != "numel", computed=name.startswith("sym_"))
        if gist == SIZE and (name not in MAKING or name in ("tensor", "as_tensor", "scalar_tensor")):
            return size(*every, computed=True)  # a size in the clothes of a tensor, as traces need it
        if name in SHAPING and node is not None and any(value.is_computed for value in every):
            self.shaped(node)
        return tensor(*every, certain=name not in SEVERAL and not name.startswith("_"))

    def of_tensor(self, base: Value, func: ast.Attribute, node: ast.Call, every: Sequence[Value]) -> Value:
        """A call of a tensor's method, or of what may be a tensor."""
        name = func.attr
        if name in COUNTS:
            return Value() if base.weight else size(plural=name == "size" and not every)
        if name in MAPPING:
            return Value(LOOSE)
        if name in TRAITS or name.startswith("is_"):
            return Value()
        if name in NUMBERS:
            made = self.number(node, base if base.kind == TENSOR else tensor(weight=False))
            return made if name == "item" else many(made)
        if base.kind == LOOSE and name not in SHAPING and name not in REDUCING:
            return Value(LOOSE)
        inner = func.value
        part = isinstance(inner, ast.Subscript) or (
            isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in VIEWS
        )
        if not settled(base) and (name in WRITES or (part and name.endswith("_") and not name.endswith("__"))):
            self.note("indexed-write", node, f"`{self.told(node)}` writes into a part of a tensor")
        if name in SHAPING and any(value.is_computed for value in every):
            self.shaped(node)
        if name == "unbind":
            return many(tensor(base), size())
        return tensor(base, *every, certain=name not in SEVERAL)

    def drops(self, home: str, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> bool:
        """Whether a function of torch drops values or normalises by the batch, as in training."""

        def given(word: str, place: int, default: Any) -> Value:
            return kwargs.get(word) or (args[place] if len(args) > place else Value(known=default))

        if args and settled(args[0]):  # of weights alone, which is a reparametrisation
            return False
        if DROPOUTS.fullmatch(name):
            always = home.startswith("torch.nn") and not name.startswith(("alpha", "feature_alpha"))
            return (
                given("training" if "training" in kwargs else "train", 2, always).truth is True
                and given("p", 1, 0.5).truth is not False
            )
        if name == "scaled_dot_product_attention":
            return given("dropout_p", 4, 0.0).truth is True
        return name == "batch_norm" and home.startswith("torch.nn") and given("training", 5, False).truth is True

    def number(self, node: ast.Call, value: Value) -> Value:
        """A tensor made into a number of Python."""
        if value.kind == DATUM or value.weight:
            return datum(value)
        text = f"`{self.told(node)}` makes a number of a tensor's values, which a trace freezes"
        return datum(value, self.note("data-dependent-branch", node, text, key="number"))

    def decide(self, test: ast.expr, text: str, *, sizes: bool = True) -> bool | None:
        """Whether a condition holds, where that is known; what it hangs on is noted."""
        value = self.of(test)
        if value.truth is not None:
            return value.truth
        if value.kind in (TENSOR, DATUM):
            self.hangs(test, text, value)
        elif value.kind == SIZE and sizes:
            self.note("size-branch", test, f"`{text}` hangs on a size; a trace keeps the way that the example's took")
        return None

    def hangs(self, node: ast.AST, text: str, value: Value) -> None:
        """Note a decision that hangs on a tensor's values, in place of the conversions that led to it."""
        self.answered |= value.made
        of, how = (
            ("a weight's", "torch.export refuses it")
            if value.weight
            else ("a tensor's", "a trace keeps the way the example took")
        )
        self.note("data-dependent-branch", node, f"`{text}` hangs on {of} values; {how}")

    def shaped(self, node: ast.AST) -> None:
        """Note a shape or bound that is computed from sizes."""
        self.note("size-arithmetic", node, f"`{self.told(node)}` takes a size that is computed from others")
