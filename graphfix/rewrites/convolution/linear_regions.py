"""Regions of a graph that average along each axis separately, and the matrices of these averages.

Exporters write adaptive pooling in several forms: gathers of windows and a mean, or slices, sums and a Concat. The
region is therefore run: an input that is one at one position of an axis gives a column of that axis' matrix, and for
random inputs the output must equal the product with the matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

from graphfix.analysis.values import Value
from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor

LINEAR = frozenset({
    "Add", "AveragePool", "Concat", "Div", "Flatten", "Gather", "GatherND", "GlobalAveragePool", "Identity", "Mul", "ReduceMean",
    "ReduceSum", "Reshape", "Slice", "Split", "Squeeze", "Sub", "Sum", "Transpose", "Unsqueeze", "Where",
})  # fmt: skip
"""Operators that may be part of an average; running the region decides."""
STARTS = frozenset({"Gather", "GatherND", "Slice", "Split", "Transpose"})
MOST_NODES = 2000
MOST = 1 << 24
"""Maximum number of elements of the inputs on which a region is run."""
CLOSE = 1e-5

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Region:
    """The nodes between two tensors, and the matrix [after, before] of each axis after the second axis."""

    nodes: tuple[Any, ...]
    source: Any
    result: Any
    matrices: tuple[Matrix, ...]


def regions(surgery: GraphEditor, graph: Any) -> Iterator[Region]:
    """Yield every region that averages between two tensors of the same rank, the earliest first."""
    order = {id(node): place for place, node in enumerate(graph.nodes)}
    ends = {id(output) for output in graph.outputs}
    done: set[int] = set()
    for node in list(graph.nodes):
        if node.op in STARTS and node.inputs and id(node) not in done:
            found = _region(surgery, node.inputs[0], order, ends)
            if found is not None:
                done |= {id(inside) for inside in found.nodes}
                yield found


def _region(surgery: GraphEditor, source: Any, order: dict[int, int], ends: set[int]) -> Region | None:
    value = surgery.value(source)
    if value is None or not value.fixed or value.dtype != "float32" or not 3 <= (value.rank or 0) <= 5:
        return None
    dims = _numbers(value)
    inside: dict[int, Any] = {}
    queue = sorted((reader for reader in source.outputs if _fits(surgery, reader)), key=lambda n: order.get(id(n), 0))
    made = {id(source)}
    while queue and len(inside) < MOST_NODES:
        node = queue.pop(0)
        if id(node) in inside or id(node) not in order or not _ready(surgery, node, made):
            continue
        inside[id(node)] = node
        made |= {id(tensor) for tensor in node.outputs}
        readers = [reader for tensor in node.outputs for reader in tensor.outputs if _fits(surgery, reader)]
        queue = sorted({id(n): n for n in (*queue, *readers)}.values(), key=lambda n: order.get(id(n), 0))
        result = _only_exit(inside, ends)
        if result is not None and result is node.outputs[0] and len(inside) > 2:
            after = surgery.value(result)
            if after is not None and after.fixed and after.rank == len(dims) and list(after.shape or ())[:2] == dims[:2]:
                matrices = _matrices(surgery, list(inside.values()), source, result, dims, _numbers(after))
                if matrices is not None:
                    return Region(tuple(inside.values()), source, result, matrices)
    return None


def _numbers(value: Value) -> list[int]:
    return [dim for dim in value.shape or () if isinstance(dim, int)]


def _fits(surgery: GraphEditor, node: Any) -> bool:
    return node.op in LINEAR and is_standard(node)


def _ready(surgery: GraphEditor, node: Any, made: set[int]) -> bool:
    """Whether every operand is in the region already or constant."""
    return all(not t.name or id(t) in made or surgery.known(t) is not None for t in node.inputs)


def _only_exit(inside: dict[int, Any], ends: set[int]) -> Any:
    """Return the one tensor that is used outside the region; None where there are several."""
    exits = [
        tensor
        for node in inside.values()
        for tensor in node.outputs
        if tensor.name
        and (id(tensor) in ends or not tensor.outputs or any(id(reader) not in inside for reader in tensor.outputs))
    ]
    return exits[0] if len(exits) == 1 else None


def _matrices(
    surgery: GraphEditor, nodes: list[Any], source: Any, result: Any, before: list[int], after: list[int]
) -> tuple[Matrix, ...] | None:
    """Return the matrices with which the nodes average; None where they compute something else."""
    spatial = before[2:]
    if int(np.prod(before)) > MOST or sum(spatial) > 4096 or any(a > b for a, b in zip(after[2:], spatial, strict=True)):
        return None
    run = _session(surgery, nodes, source, result, before)
    if run is None:
        return None
    random = np.random.default_rng(0).standard_normal(before).astype(np.float32)
    want, matrices = run(random), []
    if want is None:
        return None
    for axis, size in enumerate(spatial):
        matrix = np.zeros((after[2 + axis], size), np.float32)
        for place in range(size):
            unit = np.zeros(before, np.float32)
            np.moveaxis(unit, 2 + axis, 0)[place] = 1
            column = run(unit)
            if column is None or list(column.shape) != after:
                return None
            matrix[:, place] = np.moveaxis(column, 2 + axis, -1).reshape(-1, after[2 + axis])[0]
        if not np.allclose(matrix.sum(axis=1), 1, atol=CLOSE):
            return None
        matrices.append(matrix)
    got = random.astype(np.float64)
    for axis, matrix in enumerate(matrices):
        got = np.moveaxis(np.moveaxis(got, 2 + axis, -1) @ matrix.T.astype(np.float64), -1, 2 + axis)
    return tuple(matrices) if got.shape == want.shape and np.allclose(got, want, atol=CLOSE) else None


def _session(surgery: GraphEditor, nodes: list[Any], source: Any, result: Any, dims: list[int]) -> Any:
    """Return a function that runs the nodes on an array; None where onnxruntime rejects them."""
    import onnxruntime as ort

    protos = [surgery.proto(node) for node in nodes]
    if any(proto is None for proto in protos):
        return None
    names = {source.name} | {t.name for node in nodes for t in node.outputs}
    known = {t.name: surgery.known(t) for node in nodes for t in node.inputs if t.name and t.name not in names}
    inits = [numpy_helper.from_array(np.array(a), name) for name, a in known.items() if a is not None]
    given = helper.make_tensor_value_info(source.name, TensorProto.FLOAT, dims)
    made = helper.make_tensor_value_info(result.name, TensorProto.FLOAT, None)
    graph = helper.make_graph([proto for proto in protos if proto is not None], "region", [given], [made], inits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", surgery.opset)], ir_version=9)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception:  # onnxruntime raises its own exception types; regions that it does not run are skipped
        return None

    def run(array: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
        try:
            return np.asarray(session.run(None, {source.name: array})[0])
        except Exception:
            return None

    return run
