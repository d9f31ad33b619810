"""A copy of a model in which every weight is an initializer that one node reads, and what undoes that after pruning."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from graphfix.analysis.cache import facts_of
from graphfix.analysis.constant_folding import attribute, constant_value
from graphfix.ir.operator_set import opset_version
from graphfix.ir.value_names import ValueNames
from graphfix.pruning.inlining import fold_moved_weights, inline_sizes
from graphfix.pruning.shuffles import gather_shuffles, restore_shuffles


@dataclass(slots=True)
class Prepared:
    """A model ready to be pruned; `copies` are the names of initializers that were copied, with the original's name.

    `shuffles` are the outputs of Gather nodes that stand for shuffles of channels.
    """

    model: ModelProto
    copies: dict[str, str] = field(default_factory=dict)
    shuffles: list[str] = field(default_factory=list)

    def finished(self) -> ModelProto:
        """Return the model with equal copies of an initializer made one again, and without shapes that may not hold any more."""
        graph = self.model.graph
        held = {tensor.name: tensor for tensor in graph.initializer}
        renamed: dict[str, str] = {}
        kept: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        for name, origin in sorted(self.copies.items(), key=lambda item: item[0] != item[1]):
            tensor = held.get(name)
            if tensor is None:
                continue
            content = (origin, tuple(tensor.dims), numpy_helper.to_array(tensor).tobytes())
            renamed[name] = kept.setdefault(content, name)
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name in renamed:
                    node.input[place] = renamed[name]
        left = [tensor for tensor in graph.initializer if renamed.get(tensor.name, tensor.name) == tensor.name]
        if len(left) < len(graph.initializer):
            copied = [_copy(tensor, tensor.name) for tensor in left]
            del graph.initializer[:]
            graph.initializer.extend(copied)
        del graph.value_info[:]
        if self.shuffles:
            restore_shuffles(self.model, self.shuffles)
        return self.model


def prepared(model: ModelProto) -> Prepared:
    """Return a copy of a model in which constants are initializers, each read by one node at one place."""
    made = Prepared(ModelProto())
    made.model.CopyFrom(model)
    graph = made.model.graph
    _constants_to_initializers(made.model)
    inline_sizes(made.model)
    fold_moved_weights(made.model)
    _state_sizes_of_splits(made.model)
    made.shuffles = gather_shuffles(made.model)
    names = ValueNames.of(graph)
    held = {tensor.name: tensor for tensor in graph.initializer}
    fixed = {info.name for info in (*graph.input, *graph.output)}
    used: set[str] = set()
    inner = _captured(made.model)
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name not in held or name in fixed or name in inner:
                continue
            if name in used:
                fresh = names.fresh(name)
                graph.initializer.append(_copy(held[name], fresh))
                node.input[place] = fresh
                made.copies[fresh] = name
                made.copies.setdefault(name, name)
            used.add(name)
    return made


def _copy(tensor: TensorProto, name: str) -> TensorProto:
    copied = TensorProto()
    copied.CopyFrom(tensor)
    copied.name = name
    return copied


def _captured(model: ModelProto) -> set[str]:
    """Return the names that subgraphs mention."""
    from graphfix.ir.traversal import graphs

    found = set()
    for graph in graphs(model.graph):
        if graph is not model.graph:
            found |= {name for node in graph.node for name in node.input} | {info.name for info in graph.output}
    return found


def _constants_to_initializers(model: ModelProto) -> None:
    """Replace Constant nodes of the main graph by initializers."""
    graph = model.graph
    outputs = {info.name for info in graph.output}
    for node in list(graph.node):
        if node.op_type != "Constant" or node.output[0] in outputs:
            continue
        held = next((item.t for item in node.attribute if item.name == "value"), None)
        value = None if held is not None else constant_value(node)
        if held is None and value is None:
            continue
        tensor = held if held is not None else numpy_helper.from_array(np.asarray(value))
        graph.initializer.append(_copy(tensor, node.output[0]))
        graph.node.remove(node)


def _state_sizes_of_splits(model: ModelProto) -> None:
    """Give each Split into equal parts the sizes of its parts, as parts of pruned axes are no longer equal."""
    equal = [node for node in model.graph.node if node.op_type == "Split" and not any(node.input[1:])]
    equal = [node for node in equal if attribute(node, "split") is None]
    if not equal:
        return
    known, names = facts_of(model).values[()], ValueNames.of(model.graph)
    opset = opset_version(model, missing=0)
    for node in equal:
        shapes = [known[name].shape if name in known else None for name in node.output]
        axis = int(attribute(node, "axis", 0))
        sizes = [dim for shape in shapes if shape and isinstance(dim := shape[axis], int)]
        if len(sizes) < len(node.output):
            continue
        if opset < 13:
            node.attribute.append(helper.make_attribute("split", sizes))
            continue
        stated = names.fresh(f"{node.output[0]}_sizes")
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(sizes, np.int64), stated))
        del node.input[1:]
        node.input.append(stated)
        kept = [item for item in node.attribute if item.name != "num_outputs"]
        del node.attribute[:]
        node.attribute.extend(kept)
