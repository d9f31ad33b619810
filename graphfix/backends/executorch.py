"""ExecuTorch: lowers an ExportedProgram of torch to a .pte file, and runs that where its delegate runs on this machine.

The targets `executorch-xnnpack`, `executorch-coreml` and `executorch-vulkan` are this compiler with a partitioner, which gives
nodes to a delegate; what it leaves, and everything for the target `executorch`, runs on the CPU by the portable kernels.

Option: `partitioner`, one of PARTITIONERS.
"""

from __future__ import annotations

import functools
import importlib
import operator
from collections.abc import Callable, Sequence
from typing import Any

NAME = "executorch"
TITLE = "ExecuTorch"
DISTRIBUTIONS = ("executorch", "torch")
INSTALL = "graphfix backends install executorch"
REQUIRES = ("executorch==1.5.1", "torch==2.13.0")
PYTHONS = ((3, 11), (3, 13))
RUNS_HERE = True
OF_TORCH = True
ARTIFACT = ".pte"

PARTITIONERS = {
    "xnnpack": ("executorch.backends.xnnpack.partition.xnnpack_partitioner", "XnnpackPartitioner"),
    "coreml": ("executorch.backends.apple.coreml.partition.coreml_partitioner", "CoreMLPartitioner"),
    "vulkan": ("executorch.backends.vulkan.partitioner.vulkan_partitioner", "VulkanPartitioner"),
}
"""The module and the class of each partitioner, by the word after `executorch-` in a target's name."""
RUN_HERE = ("", "xnnpack")
"""The partitioners whose delegates run on this machine; the first is none."""


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import torch and ExecuTorch; the function answers one request."""
    for needed in ("torch", "executorch.exir", "executorch.runtime"):
        importlib.import_module(needed)
    return ask


def partitioners(name: str) -> list[Any]:
    """Return the partitioner of a name in a list, none for an empty one."""
    if not name:
        return []
    module, kind = PARTITIONERS[name]
    return [getattr(importlib.import_module(module), kind)()]


def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Lower the request's ExportedProgram; the answer's functions write the .pte file and run it."""
    torch, exir = importlib.import_module("torch"), importlib.import_module("executorch.exir")
    name, stage = request["options"].get("partitioner", ""), "load"
    try:
        program = torch.export.load(request["model"])
        stage = "convert"
        lowered = exir.to_edge_transform_and_lower(program, partitioner=partitioners(name))
        stage = "compile"
        made = lowered.to_executorch()
    except Exception as error:
        return {"stage": stage, "message": f"{type(error).__name__}: {error}", "nodes": []}
    runs = {"run": functools.partial(run, made.buffer, list(given))} if name in RUN_HERE else {}
    return {"stage": "ok", "write": functools.partial(write, made), **runs}


def write(made: Any, path: str) -> None:
    """Write the .pte file."""
    with open(path, "wb") as sink:
        made.write_to_file(sink)


def run(buffer: bytes, names: Sequence[str], given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
    """The outputs of a program, numbered; its inputs are given in order."""
    torch = importlib.import_module("torch")
    found = loaded(buffer)([torch.from_numpy(given[name]) for name in names])
    return [(str(number), one.numpy()) for number, one in enumerate(found)]


def loaded(program: bytes | str) -> Callable[[Sequence[Any]], list[Any]]:
    """Load a program, given by its bytes or its path; return what runs it on tensors and returns the tensors it gives."""
    method = importlib.import_module("executorch.runtime").Runtime.get().load_program(program).load_method("forward")
    return lambda inputs: list(method.execute(list(inputs)))


def delegated(module: Any) -> tuple[int, list[str]]:
    """Return the number of operators that a delegate runs, and the names of those that none does."""
    left = [name_of(node) for node in module.graph.nodes if node.op == "call_function" and not _passes(node)]
    inner = [getattr(module, node.args[0].target).original_module for node in module.graph.nodes if is_delegate(node)]
    nodes = [one for delegate in inner for one in delegate.graph.nodes]
    return sum(one.op == "call_function" and one.target is not operator.getitem for one in nodes), left


def is_delegate(node: Any) -> bool:
    """Whether a node calls a delegate."""
    return node.op == "call_function" and getattr(node.target, "__name__", "") == "executorch_call_delegate"


def _passes(node: Any) -> bool:
    return node.target is operator.getitem or is_delegate(node)


def name_of(node: Any) -> str:
    """Return the name of an operator of the edge dialect: `aten.topk.default`."""
    return str(node.target).removeprefix("<EdgeOpOverload: ").partition(">")[0]
