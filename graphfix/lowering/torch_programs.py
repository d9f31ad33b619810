"""The program of core ATen operators that an exported torch model is, and its description for the linter.

Workers load this file where graphfix is not installed: it imports torch and files of graphfix that do the same or less.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from graphfix.backends import aten_program
from graphfix.lowering import feeding

NAME = "torch.export"
"""What the request for a program has in place of an exporter's name."""


def write_program(program: Any, kept: Sequence[str], path: str) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Write the description of a program, of whose operators some are kept as they are; return what runs it."""
    decomposed = aten_program.decomposed(program, kept)
    with open(path, "w") as sink:
        json.dump(described(decomposed), sink)
    module = decomposed.module()

    def compute(arrays: Sequence[Any]) -> list[Any]:
        with torch.no_grad():
            found = module(*map(torch.from_numpy, arrays))
        return [feeding.to_numpy(one) for one in (found if isinstance(found, (list, tuple)) else [found])]

    return compute


def described(program: Any) -> dict[str, Any]:
    """Return a program as plain data: its inputs, and its operators with their facets and source locations."""
    held = aten_program.held_values(program)
    names: dict[Any, str] = {}
    nodes = []
    facets = dict(aten_program.all_facets(program))
    for node in program.graph.nodes:
        if node.op == "placeholder" or node in facets:
            names[node] = node.name
        elif node.op == "call_function" and node.target is operator.getitem and node.args[0] in names:
            names[node] = f"{names[node.args[0]]}.{node.args[1]}"
        if node in facets:
            nodes.append(_operator(node, facets[node], names, held))
    inputs = [node for node in program.graph.nodes if node.op == "placeholder" and node.name not in held]
    results = next(node for node in program.graph.nodes if node.op == "output").args[0]
    return {
        "inputs": [_value(node.name, node.meta.get("val")) for node in inputs],
        "nodes": nodes,
        "outputs": [_value(names[one], one.meta.get("val")) for one in results if one in names],
    }


def _operator(node: Any, facets: Mapping[str, Any], names: Mapping[Any, str], held: set[str]) -> dict[str, Any]:
    space, name = aten_program.operator_name(node)
    results = node.meta.get("val")
    outputs = [f"{node.name}.{at}" for at in range(len(results))] if isinstance(results, (list, tuple)) else [node.name]
    modules = [path for path, _ in (node.meta.get("nn_module_stack") or {}).values()]
    return {
        "name": node.name, "domain": space, "op": name, "facets": facets, "outputs": outputs,
        "inputs": [names[one] for one in node.all_input_nodes if one in names and one.name not in held],
        "stack": node.meta.get("stack_trace") or "", "modules": [*modules, node.name],
    }  # fmt: skip


def _value(name: str, value: Any) -> dict[str, Any]:
    """Return a value's name, dtype and dims; a dim that may have any size is a text."""
    shape = [size if isinstance(size, int) else str(size) for size in getattr(value, "shape", ())]
    return {"name": name, "dtype": str(getattr(value, "dtype", "float32")).removeprefix("torch."), "shape": shape}
