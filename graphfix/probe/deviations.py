"""The deviations of a form: the changes that are tried with every operator, and the form's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import onnx

from graphfix.analysis.facets.node import DATA, WEIGHTS
from graphfix.probe.form import COMMON, DYNAMIC_DIMS, RARE, Change, Form, Tensor
from graphfix.probe.operands import COMPUTED_DIMS
from graphfix.probe.schemas import allowed, history, newest


def variables(form: Form, schema: onnx.defs.OpSchema) -> dict[str, list[str]]:
    """Return the type variables of the used operands, with the dtypes to try."""
    out: dict[str, list[str]] = {}
    known = {c.type_param_str for c in schema.type_constraints}
    for formal in schema.inputs:
        if formal.name in form.operands and formal.type_str in known:
            given = form.operands[formal.name]
            first = given[0] if isinstance(given, (list, tuple)) else given
            if first is None or first.dtype:
                continue
            wanted = form.dtypes.get(formal.type_str, (*COMMON, *RARE))
            out[formal.type_str] = [d for d in wanted if d in allowed(schema, formal.type_str)]
    return out


def weights(form: Form) -> list[str]:
    """Return the operands whose source is a facet, in order."""
    schema = newest(form)
    spare = onnx.defs.OpSchema.FormalParameterOption.Optional
    optional = {formal.name for formal in schema.inputs if formal.option == spare} if schema else set()
    named = [n for n, t in form.operands.items() if isinstance(t, Tensor)]
    return [n for n in named if n not in DATA or n in WEIGHTS.get(form.op, ()) or n in optional]


def deviations(form: Form) -> Iterator[Change]:
    """Yield all changes of a form: common ones one at a time, then chosen pairs, then the form's own."""
    schema = newest(form)
    yield {}
    if schema is None:
        yield from ({"dims": dims} for dims in DYNAMIC_DIMS)
        yield from form.changes
        return
    sinces = [s.since_version for s in history(form.op, form.domain) if s.since_version >= form.oldest]
    older = [since for since in sinces if since != schema.since_version]
    changed = _changed_versions(form)
    tried = Tried(form, schema, variables(form, schema), older, [since for since in older if since in changed])
    yield {"inside": "branch"}
    yield from ({"since": since} for since in older)
    for variable, dtypes in tried.typed.items():
        yield from ({variable: dtype} for dtype in dtypes)
    yield from ({"rank": rank} for rank in form.ranks)
    if any((isinstance(t, Tensor) and t.source == "runtime") or isinstance(t, (list, tuple)) for t in form.operands.values()):
        yield from _of_data(tried)
    elif form.operands:
        yield {"foldable": "fixed-shape"}
    for name in weights(form):
        yield from _of_weight(tried, name)
    if form.arithmetic is not None and "int64" in tried.main_dtypes:
        yield from _of_arithmetic(tried, form.arithmetic)
    for change in _with_variants(form.changes):
        yield change
        if "since" not in change:
            yield from ({**change, "since": since} for since in tried.changed)


@dataclass(frozen=True, slots=True)
class Tried:
    """What is tried with a form: dtypes by type variable, older schema versions, and those whose form differs."""

    form: Form
    schema: onnx.defs.OpSchema
    typed: Mapping[str, Sequence[str]]
    older: Sequence[int]
    changed: Sequence[int]

    @property
    def main(self) -> str:
        """The first type variable, empty where there is none."""
        return next(iter(self.typed), "")

    @property
    def main_dtypes(self) -> Sequence[str]:
        """The dtypes of the first type variable."""
        return self.typed.get(self.main, ())

    @property
    def notable_versions(self) -> list[int]:
        """The older versions whose form differs, and the newest of the older ones."""
        return [since for since in self.older if since in self.changed or since == self.older[-1]]


def _of_data(tried: Tried) -> Iterator[Change]:
    """Changes of the sources, dims and dtypes of all data operands."""
    form, main = tried.form, tried.main
    if form.arithmetic is None or "int64" not in tried.main_dtypes:
        yield from ({"derived": source} for source in ("shape", "cast-shape"))
    for dims in DYNAMIC_DIMS:
        yield {"dims": dims}
        yield from ({"dims": dims, "since": since} for since in tried.notable_versions)
    yield from ({"dims": dims} for dims in COMPUTED_DIMS)
    yield {"foldable": True}
    yield {"foldable": "fixed-shape"}
    for dtype in ("int64", "int32", "bool", "float16", "float64"):
        if dtype in tried.main_dtypes:
            yield {"foldable": True, main: dtype}
            yield {"foldable": "fixed-shape", main: dtype}
    yield from _paired(form, main, tried.main_dtypes)


def _of_weight(tried: Tried, name: str) -> Iterator[Change]:
    """Changes of the source of one operand."""
    operand = tried.form.operands[name]
    for source in ("constant", "folded", "fixed-shape", "shape", "cast-shape", "runtime"):
        if operand.source != source:
            yield {f"{name}.from": source}
            if source in ("folded", "shape", "cast-shape"):
                yield from ({f"{name}.from": source, "dims": dims} for dims in DYNAMIC_DIMS)
            elif source == "fixed-shape":
                yield {f"{name}.from": source, "dims": "dynamic"}
    if operand.source == "runtime":
        return
    yield {"dims": "dynamic", f"{name}.from": "runtime"}
    kind = next((formal.type_str for formal in tried.schema.inputs if formal.name == name), "")
    if kind != tried.main:
        yield from (
            {f"{name}.from": "runtime", kind: dtype}
            for dtype in ("float32", "int64", "int32")
            if dtype in tried.typed.get(kind, ())
        )
    if operand.shape:
        yield {f"{name}.from": "runtime", f"{name}.dims": "dynamic"}


def _of_arithmetic(tried: Tried, arithmetic: Change) -> Iterator[Change]:
    """Changes to the vectors of shape arithmetic, for an operator that exporters use in it."""
    main = tried.main
    for source in ("runtime", "folded", "fixed-shape", "shape", "cast-shape"):
        vector = {"arithmetic": source, main: "int64", **arithmetic}
        yield vector
        yield from ({**vector, "since": since} for since in tried.notable_versions)
    yield from (
        {"arithmetic": "shape", **arithmetic, main: dtype} for dtype in ("int32", "float32") if dtype in tried.typed[main]
    )
    ranks = [rank for rank in (0, 1, 2, 3) if rank in tried.form.ranks]
    yield from ({"rank": rank, main: dtype} for rank in ranks for dtype in ("int64", "int32"))


def _paired(form: Form, main: str, dtypes: Sequence[str]) -> Iterator[Change]:
    """Sizes of 0, and pairs of rank, dims and dtype that occur in models and that compilers may handle differently together."""
    ranks = form.ranks
    yield from ({"empty": at} for at in form.empties)
    yield from ({"rank": rank, "empty": 0} for rank in (1, 2, 4) if rank in ranks and form.empties)
    yield from ({"rank": rank, "dims": dims} for rank in (2, 4) if rank in ranks for dims in ("batch", "dynamic"))
    for dtype in ("int64", "int32", "bool", "float16"):
        if dtype in dtypes:
            yield {main: dtype, "dims": "dynamic"}
    if "int64" in dtypes:
        yield from ({"rank": rank, main: "int64"} for rank in (0, 1, 2) if rank in ranks)


def _changed_versions(form: Form) -> set[int]:
    """The older schema versions after which operands or attributes changed."""
    schemas = [schema for schema in history(form.op, form.domain) if not schema.deprecated]
    shapes = [([(i.name, i.type_str) for i in schema.inputs], sorted(schema.attributes)) for schema in schemas]
    return {
        schemas[at].since_version
        for at in range(len(schemas) - 1)
        if shapes[at] != shapes[at + 1] and schemas[at].since_version >= form.oldest
    }


def _with_variants(changes: Iterable[Change]) -> Iterator[Change]:
    """Yield the changes, each followed by its variants: some dynamic dims instead of all, and shapes that are cast."""
    for change in changes:
        for variant in (change, _with_cast(change)):
            if variant is None:
                continue
            yield variant
            for name, value in variant.items():
                if name.endswith("dims") and value == "dynamic":
                    yield {**variant, name: "spatial"}
                    yield {**variant, name: "sequence"}


def _with_cast(change: Change) -> Change | None:
    """The change with a cast of the operands that come from shapes; None when there are none."""
    out = dict(change)
    for name, value in change.items():
        if isinstance(value, Tensor) and value.source == "shape":
            out[name] = replace(value, source="cast-shape")
        elif value == "shape":
            out[name] = "cast-shape"
    return out if out != dict(change) else None
