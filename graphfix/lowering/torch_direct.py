"""Conversion of an opened torch model by a target's own converter, without ONNX, and runs of what it made.

Workers load this file where graphfix is not installed: of graphfix it imports files that do the same. The
converters are imported when they are used.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from graphfix.backends import executorch
from graphfix.lowering import direct_runs, feeding, torch_lowering, torch_programs
from graphfix.lowering.direct_runs import Compute
from graphfix.lowering.steps import Answer, Remarks, Request


def convert(opened: Any, request: Request, remarks: Remarks) -> Iterator[Answer]:
    """Run, convert and run again; the last answer has stage `ok`, or `run` or `export` with the failure."""
    artifact = os.path.join(request["folder"], request["artifact"])
    opened.kept = request.get("kept", ())

    def run() -> tuple[Any, list[direct_runs.Run]]:
        example, runs = torch_lowering.run_for_inference(opened, request, remarks)
        return example, [
            (one.label, [*map(feeding.to_numpy, one.tensors)], [*map(feeding.to_numpy, one.outputs)]) for one in runs
        ]

    def make(example: Any) -> Compute | None:
        with torch.no_grad(), torch_lowering.without_fused_attention():
            return CONVERTERS[request["exporter"]](opened, example, artifact)

    for answer in direct_runs.convert(run, make, request["folder"]):
        yield {**answer, "delegated": opened.delegated}


def exported(opened: Any, example: Any) -> Any:
    """Return the model as an ExportedProgram, with the dynamic dims of the example."""
    if opened.program is not None:
        return opened.program
    dims = feeding.dynamic_shapes(opened, example)
    return torch.export.export(
        opened.model, tuple(example.args), dict(example.kwargs), dynamic_shapes=feeding.to_export_dims(dims)
    )


def to_coreml(opened: Any, example: Any, path: str) -> None:
    """Convert by Core ML Tools, from the ExportedProgram, or from a trace where that fails; it is not run.

    Where both fail, the error of the first is raised.
    """
    import coremltools

    try:
        converted = coremltools.convert(without_aliases(exported(opened, example).run_decompositions({})))
    except Exception as error:
        if example.kwargs or example.dynamic:
            raise
        try:
            converted = coreml_of_trace(opened, example)
        except Exception:
            raise error from None
    converted.save(path)


def coreml_of_trace(opened: Any, example: Any) -> Any:
    """Return what Core ML Tools make of a trace, with the sizes of the example."""
    import coremltools

    traced = torch.jit.trace(opened.model, tuple(example.args))
    inputs = [
        coremltools.TensorType(name=name, shape=tuple(tensor.shape), dtype=feeding.to_numpy(tensor).dtype)
        for name, tensor in zip(example.names, example.tensors, strict=True)
    ]
    return coremltools.convert(traced, inputs=inputs)


def without_aliases(program: Any) -> Any:
    """Return the program without nodes that only rename a tensor, which Core ML Tools do not read; those of outputs stay."""
    graph = program.graph_module.graph
    ends = set(graph.output_node().all_input_nodes)
    for node in list(graph.nodes):
        if node.op == "call_function" and node.target == torch.ops.aten.alias.default and node not in ends:
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)
    program.graph_module.recompile()
    return program


def to_openvino(opened: Any, example: Any, path: str) -> Compute:
    """Convert by OpenVINO's own frontend, from the ExportedProgram, or by its own trace where the program cannot be exported.

    It is run on the CPU in float32.
    """
    openvino = importlib.import_module("openvino")
    sizes = [
        [-1 if axis in example.dynamic.get(name, {}) else size for axis, size in enumerate(tensor.shape)]
        for name, tensor in zip(example.names, example.tensors, strict=True)
    ]
    more = {"input": [openvino.PartialShape(dims) for dims in sizes]}
    try:
        converted = openvino.convert_model(exported(opened, example), **more)
    except Exception:
        if example.kwargs or opened.program is not None:
            raise
        converted = openvino.convert_model(opened.model, example_input=tuple(example.args), **more)
    openvino.save_model(converted, path, compress_to_fp16=False)
    compiled = openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda arrays: list(compiled(list(arrays)).values())


def to_litert(opened: Any, example: Any, path: str) -> Compute:
    """Convert by litert-torch, and run it in LiteRT."""
    litert_torch = importlib.import_module("litert_torch")
    dims = feeding.dynamic_shapes(opened, example)
    more = {} if dims is None else {"dynamic_shapes": feeding.to_export_dims(dims)}
    converted = litert_torch.convert(opened.model, tuple(example.args), sample_kwargs=dict(example.kwargs) or None, **more)
    converted.export(path)
    return lambda arrays: [np.asarray(one) for one in _flat(converted(*map(torch.from_numpy, arrays)))]


def to_executorch(opened: Any, example: Any, path: str, partitioner: str = "") -> Compute:
    """Convert by ExecuTorch, for a delegate where a partitioner is named, and run it in its runtime."""
    exir = importlib.import_module("executorch.exir")
    parts = executorch.partitioners(partitioner)
    lowered = exir.to_edge_transform_and_lower(exported(opened, example), partitioner=parts)
    if parts:
        taken, left = executorch.delegated(lowered.exported_program().graph_module)
        by = type(parts[0]).__name__.removesuffix("Partitioner")
        opened.delegated = {"by": by, "operators": taken, "of": taken + len(left), "left": sorted(set(left))}
    with open(path, "wb") as sink:
        lowered.to_executorch().write_to_file(sink)
    compute = executorch.loaded(path)
    return lambda arrays: [feeding.to_numpy(one) for one in compute([torch.from_numpy(array) for array in arrays])]


def to_program(opened: Any, example: Any, path: str) -> Compute:
    """Write the program of ATen operators that a target which starts from torch is judged by."""
    return torch_programs.write_program(exported(opened, example), opened.kept, path)


def _flat(outputs: Any) -> Sequence[Any]:
    return outputs if isinstance(outputs, (list, tuple)) else [outputs]


CONVERTERS: dict[str, Callable[[Any, Any, str], Compute | None]] = {
    "coremltools": to_coreml, "openvino": to_openvino, "litert-torch": to_litert, "executorch": to_executorch,
    **{f"executorch-{name}": functools.partial(to_executorch, partitioner=name) for name in executorch.PARTITIONERS},
    torch_programs.NAME: to_program,
}  # fmt: skip
"""The converters of torch models, by the names that conversion paths have."""
