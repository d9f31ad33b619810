"""y[n] becomes y[N] and y_count: outputs of as many rows as are selected get all rows, zeros behind the selected ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from graphfix.rewriting.interface_rewrite import Reformed, SwitchedRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule
from graphfix.verify.feed_adapter import Adapted, Outputs

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""
SELECTING = ("NonZero", "NonMaxSuppression", "Compress")


@dataclass(frozen=True, slots=True)
class Padded:
    """Outputs of as many entries as one node selects: their axes by name, the most entries, and the output of their number."""

    axes: dict[str, int]
    most: int
    count: str

    def of(self, given: Outputs) -> Outputs:
        """Return what the result gives where the original gives these outputs."""
        found, number = dict(given), 0
        for name, axis in self.axes.items():
            array = np.asarray(given[name])
            number = array.shape[axis]
            behind = [(0, self.most - number if at == axis else 0) for at in range(array.ndim)]
            found[name] = np.pad(array, behind)
        return found | {self.count: np.asarray([number], np.int64)}


class PaddedOutputs(SwitchedRewrite):
    """Give outputs whose size is known at run time only at their largest size, with the number of entries, by `--padded-outputs`.

    Why: the number of boxes that a detector keeps is known at run time only, and some compilers have no such sizes. The entries
    stand in the same order at the front, zeros behind them, and `NAME_count` tells how many there are.
    """

    name = "padded-outputs"
    needs_opset = 11
    fixes = tuple(FixRule(op) for op in SELECTING)
    before = "graphfix fix model.onnx --padded-outputs"
    ask = "needs to be asked for: --padded-outputs"
    absent = "no output has as many entries as a node selects"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Relu(x) }""",
            because="no output has as many entries as a node selects",
        ),
        Case(f"""{HEAD} (float[3] x) => (int64[1, K] y) {{ y = NonZero(x) }}""", because=ask),
    )

    def occurs(self, model: ModelProto) -> bool:
        """Whether a node of the main graph selects entries."""
        return any(node.op_type in SELECTING and not node.domain for node in model.graph.node)

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto

        from graphfix.rewrites.cleanup.dims_by_operators import DimsByOperators
        from graphfix.rewrites.indexing.compress_by_gather import CompressByGather
        from graphfix.rewrites.indexing.count_selected import CountSelected
        from graphfix.rewrites.indexing.selected_rows import Unfit

        made, most = DimsByOperators().apply(model).model or model, dict[str, int]()
        made = CompressByGather().apply(made).model or made
        for node in [each for each in made.graph.node if each.op_type == "NonMaxSuppression" and not each.domain]:
            replaced = _without_suppression(made, node, most)
            if isinstance(replaced, Declined):
                return replaced
            made = replaced
        made = CountSelected().apply(made).model or made
        parts: list[Padded] = []
        for node in [each for each in made.graph.node if each.op_type == "NonZero" and not each.domain]:
            trial = ModelProto()
            trial.CopyFrom(made)
            try:
                parts += _padded(trial, node, most)
            except Unfit as unfit:
                return Declined(str(unfit), at=unfit.label)
            made = trial
        if not parts:
            return Declined(self.absent)

        def adapt(given: Adapted) -> Adapted:
            return dataclasses.replace(given, outputs=(*given.outputs, *(part.of for part in parts)))

        return Reformed(made, tuple(name for part in parts for name in part.axes), adapt)


def _without_suppression(model: ModelProto, node: NodeProto, most: dict[str, int]) -> ModelProto | Declined:
    """Return the model with a NonZero for a NonMaxSuppression, and enter the most entries of the NonZero."""
    from graphfix.analysis.cache import facts_of
    from graphfix.rewrites.indexing.decompose_nms import DecomposeNms

    facts, key = facts_of(model), ((), node.output[0])
    scores, limit = facts.value(node.input[1], ()), facts.value(node.input[2], ()) if len(node.input) > 2 else None
    outcome = DecomposeNms().apply(model, frozenset({key}))
    if outcome.model is None or scores is None or limit is None or limit.constant is None:
        reason = outcome.declined[0].reason if outcome.declined else "its opset has no indexed gather"
        return Declined(reason, at=node.name or node.output[0])
    batch, classes, count = (int(dim or 0) for dim in scores.shape or ())
    known = {each.output[0] for each in model.graph.node if each.op_type == "NonZero"}
    for each in outcome.model.graph.node:
        if each.op_type == "NonZero" and each.output[0] not in known:
            most[each.output[0]] = batch * classes * min(count, int(limit.constant.reshape(-1)[0]))
    return outcome.model


def _padded(model: ModelProto, nonzero: NodeProto, most: dict[str, int]) -> Iterator[Padded]:
    """Replace a NonZero by the places of all elements, the selected ones first, where an output has an entry for each.

    Raises Unfit where the entries are not treated alike.
    """
    from graphfix.rewrites.indexing.selected_rows import SelectedRows, Unfit, mask_dims

    label, dims = nonzero.name or nonzero.output[0], mask_dims(model, nonzero)
    rows = SelectedRows.of(model, nonzero, len(dims))
    names = rows.results(model)
    if not names:
        return
    for sink in rows.sinks:
        raise Unfit(f"`{sink.op_type}` combines the selected entries, and `{names[0]}` has one of each", label)
    yield _replace(
        model, nonzero, dims, {name: rows.axes[name] for name in names}, min(most.get(nonzero.output[0], prod(dims)), prod(dims))
    )


def _replace(model: ModelProto, nonzero: NodeProto, dims: list[int], axes: dict[str, int], most: int) -> Padded:
    from onnx import TensorProto, helper

    from graphfix.ir.value_names import ValueNames
    from graphfix.rewriting.builder import Builder
    from graphfix.rewriting.emission import Protos

    names, size = ValueNames.of(model.graph), prod(dims)
    first = next(iter(axes))
    count = names.fresh(f"{first}_count")
    build = Builder(Protos(model.graph), names, PaddedOutputs.name, nonzero.name or nonzero.output[0])
    flat = build.op(
        "Reshape", build.op("Cast", nonzero.input[0], to=TensorProto.BOOL), build.constant("row", np.asarray([-1], np.int64))
    )
    ones = build.op("Cast", flat, to=TensorProto.FLOAT)
    ranked = build.op("Sub", build.op("Mul", ones, build.constant("size", np.asarray(size, np.float32))),
                      build.constant("places", np.arange(size, dtype=np.float32)))  # fmt: skip
    order = build.ops("TopK", 2, ranked, build.constant("most", np.asarray([most], np.int64)))[1]
    table = build.constant("coordinates", np.indices(dims, np.int64).reshape(len(dims), -1))
    build.node("Gather", [table, order], nonzero.output, {"axis": 1})
    build.node("ReduceSum", [build.op("Cast", flat, to=TensorProto.INT64)], [count], {"keepdims": 1})
    valid = build.op("Less", build.constant("entries", np.arange(most, dtype=np.int64)), count)
    at = next(place for place, node in enumerate(model.graph.node) if node.output == nonzero.output)
    nodes = [*model.graph.node]
    nodes[at : at + 1] = build.nodes
    renamed = {name: names.fresh(f"{name}_all") for name in axes}
    build = build.at(first, build.pool)
    for node in nodes:
        for field in (node.input, node.output):
            field[:] = [renamed.get(name, name) for name in field]
    for output in model.graph.output:
        if output.name in axes:
            shape, axis = output.type.tensor_type.shape.dim, axes[output.name]
            shape[axis].dim_value = most
            sizes = np.asarray([-1 if place == axis else 1 for place in range(len(shape))], np.int64)
            chosen = build.op("Reshape", valid, build.constant("along", sizes)) if len(shape) > 1 else valid
            dtype = helper.tensor_dtype_to_np_dtype(output.type.tensor_type.elem_type)
            zero = build.constant("zero", np.zeros((), dtype))
            build.node("Where", [chosen, renamed[output.name], zero], [output.name])
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *build.nodes])
    model.graph.output.append(helper.make_tensor_value_info(count, TensorProto.INT64, [1]))
    del model.graph.value_info[:]
    return Padded(axes, most, count)
