"""The interface changes requested on the command line or from Python, each as the rewrite that applies it."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphfix.errors import UsageError, nearest
from graphfix.ir.bind_inputs import interface
from graphfix.rewriting.interface_rewrite import InterfaceRewrite

if TYPE_CHECKING:
    from onnx import ModelProto

SYMBOL = "N"
"""The name of a dynamic batch dim, where the model has no dim of that name."""


def requested_interface(
    model: ModelProto,
    *,
    inner_inputs: Sequence[str] = (),
    targets: Sequence[str] = (),
    layouts: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    normalize: Sequence[str] = (),
    free_batch: bool = False,
    free_sizes: bool = False,
    vector_inputs: bool = False,
    drop_unused: bool = False,
    drop_outputs: Sequence[str] = (),
    tensor_inputs: bool = False,
    tensor_outputs: bool = False,
    padded_outputs: bool = False,
    static_cache: int | None = None,
) -> list[InterfaceRewrite]:
    """Return the requested interface rewrites, in the order in which they are to be applied.

    Entries are `NAME=VALUE`, or `VALUE` alone where only one input of the model can be meant. What `targets` need of the
    interface is added. Raises UsageError for an input or output that does not exist and for values that cannot be read.
    """
    from graphfix.rewrites.interface.drop_unused import DropUnused
    from graphfix.rewrites.interface.free_batch import FreeBatch
    from graphfix.rewrites.interface.free_sizes import FreeSizes
    from graphfix.rewrites.interface.inner_inputs import InnerInputs
    from graphfix.rewrites.interface.padded_outputs import PaddedOutputs
    from graphfix.rewrites.interface.preprocess_input import Preparation, PreprocessInput
    from graphfix.rewrites.interface.static_cache import StaticCache
    from graphfix.rewrites.interface.switch_layout import SwitchLayout
    from graphfix.rewrites.interface.target_interface import add_image_requests
    from graphfix.rewrites.interface.tensor_inputs import TensorInputs
    from graphfix.rewrites.interface.tensor_outputs import TensorOutputs
    from graphfix.rewrites.interface.vector_input import VectorInput
    from graphfix.rewrites.interface.widen_input import WidenInput

    made: list[InterfaceRewrite] = [TensorInputs(requested=True)] if tensor_inputs else []
    if inner_inputs:
        made.append(InnerInputs(inner_inputs))
    if drop_unused or drop_outputs:
        made.append(DropUnused(drop_outputs))
    if tensor_outputs:
        made.append(TensorOutputs(requested=True))
    if padded_outputs:
        made.append(PaddedOutputs(requested=True))
    if static_cache is not None:
        if static_cache < 1:
            raise UsageError(f"{static_cache} is no number of rows", hint="write --static-cache 512")
        made.append(StaticCache(static_cache))
    if free_sizes:
        made.append(FreeSizes(requested=True))
    if free_batch:
        symbols = {dim.dim_param for info in interface(model) for dim in info.type.tensor_type.shape.dim}
        made.append(FreeBatch(next(name for name in (SYMBOL, "batch", "batch_size", "free.batch") if name not in symbols)))
    if vector_inputs:
        made.append(VectorInput(requested=True))
    shaped = {name: value.lower() for name, value in _named(model, layouts, "layout").items()}
    typed = dict(_named(model, dtypes, "dtype"))
    scaled = {name: parsed_scaling(value) for name, value in _named(model, normalize, "mean and deviation").items()}
    add_image_requests(model, targets, shaped, typed, scaled)
    if shaped:
        made.append(SwitchLayout(shaped))
    floats = {info.name for info in interface(model) if info.type.tensor_type.elem_type == 1}
    wider = {name: typed.pop(name).lower() for name in list(typed) if name not in floats}
    if wider:
        made.append(WidenInput(wider))
    asked = {}
    for name in dict.fromkeys([*typed, *scaled]):
        mean, std = scaled.get(name, ((0.0,), (1.0,)))
        asked[name] = Preparation(mean, std, typed.get(name, "float32"), shaped.get(name, ""))
    if asked:
        made.append(PreprocessInput(asked))
    return made


def _named(model: ModelProto, entries: Sequence[str], what: str) -> Mapping[str, str]:
    """Return the entries by input name; an entry without a name is for the only image input, or the only input."""
    inputs = {info.name: info for info in interface(model)}
    pictures = [name for name, info in inputs.items() if len(info.type.tensor_type.shape.dim) > 2]
    found = {}
    for entry in entries:
        name, equals, value = entry.rpartition("=")
        if not equals:
            meant = list(inputs) if len(inputs) == 1 else pictures
            if len(meant) != 1:
                raise UsageError(f"a {what} without a name, and the model has {len(inputs)} inputs: {', '.join(inputs)}",
                                 hint=f"write NAME={value}")  # fmt: skip
            name = meant[0]
        if name not in inputs:
            raise UsageError(f"the model has no input `{name}`", hint=nearest(name, inputs))
        found[name] = value
    return found


def parsed_scaling(text: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Parse `127.5,127.5` or `[124,116,104],[58,57,57]` as mean and standard deviation."""
    try:
        read = ast.literal_eval(f"({text})")
        mean, std = (tuple(map(float, each if isinstance(each, list | tuple) else (each,))) for each in read)
    except (ValueError, SyntaxError, TypeError):
        raise UsageError(f"`{text}` is not MEAN,STD", hint="write 127.5,127.5 or [124,116,104],[58,57,57]") from None
    return mean, std
