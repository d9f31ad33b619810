"""LabelEncoder(x) = values[place of x among the keys], by comparing x with each key."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, numpy_helper

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'
MOST_KEYS = 4_096
"""The most keys: each element is compared with all of them."""


class DecomposeLabelEncoder(BuiltRewrite):
    """Look up numbers in a table: compare with each key, and gather the value at the place of the key that is equal.

    Why: the converters of scikit-learn map leaves of trees and classes by a node of ONNX's domain for machine learning, which
    few compilers read. The places are counted from 1, so that what is no key sums up to 0, where the default stands.
    """

    name = "decompose-label-encoder"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = ("float32", "float64", "int32", "int64")
    fixes = (FixRule("LabelEncoder"),)
    before = "y = ai.onnx.ml.LabelEncoder(x)"
    after = """column = Unsqueeze<axes = [-1]>(x)
               same = Equal(column, keys)
               ones = Cast<to = 1>(same)
               counted = Mul(ones, places)
               place = ReduceSum<axes = [-1], keepdims = 0>(counted)
               index = Cast<to = 7>(place)
               y = Gather(values, index)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (int64[N, 2] x) => (float[N, 2] y) {{
                 y = ai.onnx.ml.LabelEncoder<keys_int64s = [1, 3, 2], values_floats = [0.5, -1.0, 4.0]>(x) }}""",
            ops=("Unsqueeze", "Equal", "Cast", "Mul", "ReduceSum", "Cast", "Gather"),
        ),
        Case(
            f"""{HEAD} (float[N] x) => (int64[N] y) {{
                 y = ai.onnx.ml.LabelEncoder<keys_floats = [0.0, 1.0], values_int64s = [7, 9], default_int64 = 5>(x) }}""",
            ops=("Unsqueeze", "Equal", "Cast", "Mul", "ReduceSum", "Cast", "Gather"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (string[N] x) => (int64[N] y) {{
                 y = ai.onnx.ml.LabelEncoder<keys_strings = ["a", "b"], values_int64s = [7, 9]>(x) }}""",
            because="`x` is string, not float32 or float64 or int32 or int64",
        ),
        Case(
            f"""{HEAD} (int64[N] x) => (string[N] y) {{
                 y = ai.onnx.ml.LabelEncoder<keys_int64s = [7, 9], values_strings = ["a", "b"]>(x) }}""",
            because="it maps strings, which no compiler supports",
        ),
        Case(
            f"""{HEAD} (int64[N] x) => (float[N] y) {{
                 y = ai.onnx.ml.LabelEncoder<keys_int64s = [1, 1], values_floats = [0.5, 2.0]>(x) }}""",
            because="a key is listed twice",
        ),
        Case(
            f"""{HEAD} (float[N] x) => (int64[N] y) {{
                 y = ai.onnx.ml.LabelEncoder<keys_floats = [nan, 1.0], values_int64s = [7, 9]>(x) }}""",
            because="a key is no number, which nothing is equal to",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        keys, values = _list(draft, "keys"), _list(draft, "values")
        dims, dtype = draft.shape(), draft.dtype()
        if keys is None or values is None or not len(keys):
            return "it maps strings, which no compiler supports"
        if dims is None:
            return "the rank of its data is not known"
        if len(keys) > MOST_KEYS:
            return f"it has {len(keys)} keys, more than {MOST_KEYS}"
        if np.isnan(keys.astype(np.float64)).any():
            return "a key is no number, which nothing is equal to"
        if len(np.unique(keys)) < len(keys):
            return "a key is listed twice"
        column = draft.op("Unsqueeze", draft.inputs[0], axes=[len(dims)])
        ones = draft.cast(draft.op("Equal", column, draft.constant(keys, dtype)), "float32")
        counted = draft.op("Mul", ones, draft.constant(np.arange(1, len(keys) + 1), np.float32))
        place = draft.op("ReduceSum", counted, axes=[len(dims)], keepdims=0)
        table = np.concatenate([_default(draft, values.dtype), values])
        draft.give(draft.op("Gather", draft.constant(table, values.dtype), draft.cast(place, "int64"), axis=0))
        return None


def _list(draft: ReplacementBuilder, of: str) -> npt.NDArray[Any] | None:
    """Return the keys or values as numbers; None where they are strings."""
    for name, dtype in (("int64s", "int64"), ("floats", "float32")):
        if draft.attribute(f"{of}_{name}"):
            return np.asarray(draft.attribute(f"{of}_{name}"), dtype)
    return _numbers(draft.attribute(f"{of}_tensor"))


def _default(draft: ReplacementBuilder, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return the value of what is no key, as a list of one."""
    given = _numbers(draft.attribute("default_tensor"))
    if given is not None and draft.attribute("values_tensor") is not None:
        return given.reshape(-1)[:1].astype(dtype)
    told = draft.attribute("default_int64", -1) if dtype.kind == "i" else draft.attribute("default_float", -0.0)
    return np.asarray([told], dtype)


def _numbers(tensor: Any) -> npt.NDArray[Any] | None:
    """Return a tensor of an attribute as an array; None where it has none, or strings."""
    array = numpy_helper.to_array(tensor) if isinstance(tensor, TensorProto) else getattr(tensor, "values", None)
    return array if isinstance(array, np.ndarray) and array.dtype.kind in "if" else None
