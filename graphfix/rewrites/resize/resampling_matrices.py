"""What a Resize or Upsample does to each axis, as the matrix that onnxruntime itself shows when it resizes the unit matrix.

Resizing treats one axis after the other and is linear along each, so the matrices tell all there is: nearest picks one
element a row, linear weighs two, cubic four. Only with extrapolation a constant is added, and there is no matrix.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

Matrix = npt.NDArray[np.float32]
MOST = 1 << 22
"""Elements of a matrix that is looked at."""
PLAIN = ("mode", "coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a", "exclude_outside", "extrapolation_value",
         "antialias")  # fmt: skip
"""Attributes that decide what happens along an axis."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How a node resizes: sizes before and after, the scales where those are given, and its deciding attributes."""

    op: str
    opset: int
    before: tuple[int, ...]
    after: tuple[int, ...]
    scales: tuple[float, ...] | None
    roi: tuple[float, ...] | None
    attributes: tuple[tuple[str, Any], ...]

    def with_attributes(self, **given: Any) -> Resampling:
        """The same with other attributes."""
        kept = {**dict(self.attributes), **given}
        return Resampling(self.op, self.opset, self.before, self.after, self.scales, self.roi, tuple(sorted(kept.items())))

    def with_scales(self, scales: tuple[float, ...] | None) -> Resampling:
        """The same with scales given, or with the sizes given where there are none."""
        return Resampling(self.op, self.opset, self.before, self.after, scales, self.roi, self.attributes)

    def matrices(self) -> dict[int, Matrix] | str:
        """The matrix of each axis that does not stay as it is, [after, before]; or why there is none."""
        made = {}
        for axis, (before, after) in enumerate(zip(self.before, self.after, strict=True)):
            scale = self.scales[axis] if self.scales is not None else None
            if before == after and scale in (None, 1.0) and self.roi is None:
                continue
            if before * after > MOST:
                return f"axis {axis} goes from {before} to {after} elements: its matrix would be too large"
            rank = len(self.before)
            region = None if self.roi is None else (self.roi[axis], self.roi[axis + rank])
            matrix = _matrix(self.op, self.opset, before, after, scale, region, self.attributes)
            if isinstance(matrix, str):
                return matrix
            if not np.array_equal(matrix, np.eye(before, dtype=np.float32)):
                made[axis] = matrix
        return made


def resampling(node: Any, surgery: Any) -> Resampling | str:
    """How a Resize or Upsample node resizes; or what of it is not known."""
    value, result = surgery.value(node.inputs[0]), surgery.value(node.outputs[0])
    if value is None or not value.fixed:
        return f"the dims of `{node.inputs[0].name}` are not fixed"
    before = tuple(int(dim) for dim in value.shape)
    given = {"scales": None, "sizes": None, "roi": None} | _operands(node, surgery)
    if any(isinstance(each, str) for each in given.values()):
        return next(each for each in given.values() if isinstance(each, str))
    axes = [axis % len(before) for axis in node.attrs.get("axes", range(len(before)))]
    if node.attrs.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        return "it keeps the aspect ratio: the scales depend on each other"
    scales = sizes = None
    if given["scales"] is not None and given["scales"].size:
        scales = _spread(given["scales"], axes, (1.0,) * len(before))
        sizes = tuple(int(np.floor(np.float32(b) * np.float32(s))) for b, s in zip(before, scales, strict=True))
    elif given["sizes"] is not None:
        sizes = tuple(int(size) for size in _spread(given["sizes"], axes, before))
    if sizes is None or len(sizes) != len(before):
        return "neither its scales nor its sizes are known"
    if result is not None and result.fixed and tuple(result.shape) != sizes:
        return f"its output has shape {list(result.shape)}, not {list(sizes)}"
    roi = None
    if node.attrs.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        if given["roi"] is None:
            return "its region is not known"
        half = given["roi"].reshape(2, -1)
        roi = (*_spread(half[0], axes, (0.0,) * len(before)), *_spread(half[1], axes, (1.0,) * len(before)))
    attributes = tuple(sorted((name, node.attrs[name]) for name in PLAIN if name in node.attrs))
    return Resampling(node.op, surgery.opset, before, sizes, scales, roi, attributes)


def _operands(node: Any, surgery: Any) -> dict[str, Any]:
    """The arrays of scales, sizes and roi that the node has; a sentence in place of one that is not known."""
    names = ("x", "scales") if node.op == "Upsample" or surgery.opset < 11 else ("x", "roi", "scales", "sizes")
    found: dict[str, Any] = {}
    for name, tensor in list(zip(names, node.inputs, strict=False))[1:]:
        if tensor.name:
            known = surgery.known(tensor)
            if known is None and name == "roi" and node.attrs.get("coordinate_transformation_mode") != "tf_crop_and_resize":
                continue
            found[name] = f"its {name} are not known" if known is None else known
    if "scales" in node.attrs:
        found["scales"] = np.asarray(node.attrs["scales"], np.float32)
    return found


def _spread(array: npt.NDArray[Any], axes: Sequence[int], start: Sequence[Any]) -> tuple[Any, ...]:
    made = list(start)
    for axis, item in zip(axes, array.reshape(-1).tolist(), strict=True):
        made[axis] = item
    return tuple(made)


@functools.lru_cache(maxsize=256)
def _matrix(
    op: str, opset: int, before: int, after: int, scale: float | None,
    region: tuple[float, float] | None, attributes: tuple[tuple[str, Any], ...],
) -> Matrix | str:  # fmt: skip
    """The matrix of one axis: the unit matrix resized along its last axis, and nothing resized to see what is added."""
    import onnxruntime as ort

    attrs: dict[str, Any] = dict(attributes)
    scales = np.asarray([1, 1, 1, after / before if scale is None else scale], np.float32)
    sizes = np.asarray([1, 1, before, after], np.int64) if scale is None else None
    operands: Mapping[str, npt.NDArray[Any]]
    if op == "Upsample" and opset < 9:
        operands, attrs["scales"] = {}, [float(item) for item in scales]
    elif op == "Upsample" or opset < 11:
        operands = {"scales": scales}
    else:
        roi = np.asarray([0, 0, 0, region[0], 1, 1, 1, region[1]] if region else [], np.float32)
        operands = {"roi": roi, "scales": scales if sizes is None else np.zeros(0, np.float32)}
        operands = operands if sizes is None else {**operands, "sizes": sizes}
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, None, before])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)
    node = helper.make_node(op, ["x", *operands], ["y"], **attrs)
    inits = [numpy_helper.from_array(array, name) for name, array in operands.items()]
    graph = helper.make_graph([node], "axis", [given], [made], inits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        unit = np.eye(before, dtype=np.float32)
        matrix, added = (session.run(None, {"x": array.reshape(1, 1, before, before)})[0] for array in (unit, 0 * unit))
    except Exception as error:  # onnxruntime raises its own kinds
        return f"onnxruntime does not resize so: {' '.join(str(error).split())[:120]}"
    if added.any():
        return "it extrapolates: a constant stands where nothing is"
    return np.ascontiguousarray(matrix[0, 0].T)
