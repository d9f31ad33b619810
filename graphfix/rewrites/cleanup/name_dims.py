"""x[?, 3] = x[dim_0, 3]: dynamic dims without a name, or with an invalid or placeholder name, get one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from onnx import ModelProto, TensorShapeProto

from graphfix.analysis.facets.model import telling
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class NameDims(Rewrite):
    """Give every dynamic dim of the inputs a name of letters, digits and underscores, the same name for the same dim.

    Why: exporters leave dims unnamed or write formulas such as `floor(h/2)` for names; a compiler with symbolic
    dims rejects a dim without a name, and treats dims that are all called `unk` as equal. A name is not a size: the
    model accepts the same inputs as before.
    """

    name = "name-dims"
    safety = Safety.EXACT
    everywhere = True
    fixes = (FixRule("", kinds=("attribute", "form"), traits=("inputs.symbols", "placeholders")),)
    before = "g (float[?, 3] x) => (float[?, 3] y) { y = Relu(x) }"
    after = "g (float[dim_0, 3] x) => (float[?, 3] y) { y = Relu(x) }"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[?, 3] x) => (float[N, 3] y) { y = Relu(x) }""",
            ops=("Relu",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[unk, unk] x) => (float[A, B] y) { y = Relu(x) }""",
            ops=("Relu",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y) { y = Relu(x) }""",
            because="every dynamic dim of the inputs has a plain name",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, N] x) => (float[N, N] y) { y = Relu(x) }""",
            because="every dynamic dim of the inputs has a plain name",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        made = ModelProto()
        made.CopyFrom(model)
        taken = {dim.dim_param for dim in _dims(made) if dim.dim_param}
        renamed: dict[str, str] = {}
        mute: set[str] = set()
        changed = 0
        initial = {tensor.name for tensor in made.graph.initializer}
        inputs = [info for info in made.graph.input if info.name not in initial]
        for info in inputs:
            for dim in info.type.tensor_type.shape.dim:
                if dim.HasField("dim_value") and dim.dim_value >= 0:
                    continue
                old = dim.dim_param if telling(dim.dim_param) else ""
                if old and PLAIN.fullmatch(old):
                    continue
                mute.add(dim.dim_param)
                name = renamed.get(old) or _fresh(old, taken)
                if old:
                    renamed[old] = name
                dim.dim_param = name
                changed += 1
        if not changed:
            return Outcome(None, declined=(Declined("every dynamic dim of the inputs has a plain name"),))
        for dim in _dims(made):
            if dim.dim_param in renamed:
                dim.dim_param = renamed[dim.dim_param]
            elif dim.dim_param in mute and not telling(dim.dim_param):
                dim.ClearField("dim_param")  # it is not known which of the dims with this name is meant
        return Outcome(made, (f"{changed} dims",), (((), ""),))


def _dims(model: ModelProto) -> Iterator[TensorShapeProto.Dimension]:
    for info in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        yield from info.type.tensor_type.shape.dim


def _fresh(old: str, taken: set[str]) -> str:
    stem = re.sub(r"\W+", "_", old).strip("_") or "dim"
    made, count = (stem if stem != "dim" and PLAIN.fullmatch(stem) else f"dim_{stem}" if stem != "dim" else "dim_0"), 0
    while made in taken:
        count += 1
        made = f"{stem}_{count}" if PLAIN.fullmatch(stem) else f"dim_{stem}_{count}"
    taken.add(made)
    return made
