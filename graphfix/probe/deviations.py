"""The changes that a form undergoes: what every operator is tried with, then the form's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import onnx

from graphfix.facets import DATA, WEIGHTS
from graphfix.probe.form import COMMON, OPEN, RARE, Change, Form, Tensor, allowed, history, newest
from graphfix.probe.supply import FOLLOWED


def variables(form: Form, schema: onnx.defs.OpSchema) -> dict[str, list[str]]:
    """The type variables of the operands in use, with the dtypes to try."""
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
    """The operands whose source is a facet, in order."""
    schema = newest(form)
    spare = onnx.defs.OpSchema.FormalParameterOption.Optional
    optional = {formal.name for formal in schema.inputs if formal.option == spare} if schema else set()
    named = [n for n, t in form.operands.items() if isinstance(t, Tensor)]
    return [n for n in named if n not in DATA or n in WEIGHTS.get(form.op, ()) or n in optional]


def deviations(form: Form) -> Iterator[Change]:
    """Every change a form undergoes: the common singles, their pairs by design, then the form's own."""
    schema = newest(form)
    yield {}
    if schema is None:
        yield from ({"dims": dims} for dims in OPEN)
        yield from form.changes
        return
    sinces = [s.since_version for s in history(form.op, form.domain) if s.since_version >= form.oldest]
    older = [since for since in sinces if since != schema.since_version]
    reformed = [since for since in older if since in _reformed(form)]
    typed = variables(form, schema)
    main = next(iter(typed), "")
    yield {"inside": "branch"}
    for since in older:
        yield {"since": since}
    for variable, dtypes in typed.items():
        yield from ({variable: dtype} for dtype in dtypes)
    for rank in form.ranks:
        yield {"rank": rank}
    runtime = any((isinstance(t, Tensor) and t.source == "runtime") or isinstance(t, (list, tuple))
                  for t in form.operands.values())  # fmt: skip
    if runtime:
        if form.arithmetic is None or "int64" not in typed.get(main, ()):
            yield from ({"derived": source} for source in ("shape", "cast-shape"))
        for dims in OPEN:
            yield {"dims": dims}
            yield from ({"dims": dims, "since": since} for since in older if since in reformed or since == older[-1])
        yield from ({"dims": dims} for dims in FOLLOWED)
        yield {"foldable": True}
        yield {"foldable": "fixed-shape"}
        for dtype in ("int64", "int32", "bool", "float16", "float64"):
            if dtype in typed.get(main, ()):
                yield {"foldable": True, main: dtype}
                yield {"foldable": "fixed-shape", main: dtype}
        yield from _paired(form, main, typed.get(main, ()))
    elif form.operands:
        yield {"foldable": "fixed-shape"}
    for name in weights(form):
        for source in ("constant", "folded", "fixed-shape", "shape", "cast-shape", "runtime"):
            if form.operands[name].source != source:
                yield {f"{name}.from": source}
                if source in ("folded", "shape", "cast-shape"):
                    yield from ({f"{name}.from": source, "dims": dims} for dims in OPEN)
                elif source == "fixed-shape":
                    yield {f"{name}.from": source, "dims": "dynamic"}
        if form.operands[name].source != "runtime":
            yield {"dims": "dynamic", f"{name}.from": "runtime"}
            kind = next((formal.type_str for formal in schema.inputs if formal.name == name), "")
            if kind != main:
                yield from ({f"{name}.from": "runtime", kind: dtype} for dtype in ("float32", "int64", "int32")
                            if dtype in typed.get(kind, ()))  # fmt: skip
            if form.operands[name].shape:
                yield {f"{name}.from": "runtime", f"{name}.dims": "dynamic"}
    if form.arithmetic is not None and "int64" in typed.get(main, ()):
        for source in ("runtime", "folded", "fixed-shape", "shape", "cast-shape"):
            vector = {"arithmetic": source, main: "int64", **form.arithmetic}
            yield vector
            yield from ({**vector, "since": since} for since in older if since in reformed or since == older[-1])
        yield from (
            {"arithmetic": "shape", **form.arithmetic, main: dtype} for dtype in ("int32", "float32") if dtype in typed[main]
        )
        yield from ({"rank": rank, main: dtype} for rank in (0, 1, 2, 3) for dtype in ("int64", "int32") if rank in form.ranks)
    for change in _opened(form.changes):
        yield change
        if "since" not in change:
            yield from ({**change, "since": since} for since in reformed)


def _paired(form: Form, main: str, dtypes: Sequence[str]) -> Iterator[Change]:
    """Sizes of 0, and pairs of rank, dims and dtype that models have and that compilers treat otherwise than each alone."""
    ranks = form.ranks
    yield from ({"empty": at} for at in form.empties)
    yield from ({"rank": rank, "empty": 0} for rank in (1, 2, 4) if rank in ranks and form.empties)
    yield from ({"rank": rank, "dims": dims} for rank in (2, 4) if rank in ranks for dims in ("batch", "dynamic"))
    for dtype in ("int64", "int32", "bool", "float16"):
        if dtype in dtypes:
            yield {main: dtype, "dims": "dynamic"}
    if "int64" in dtypes:
        yield from ({"rank": rank, main: "int64"} for rank in (0, 1, 2) if rank in ranks)


def _reformed(form: Form) -> set[int]:
    """The older schema versions after which operands or attributes changed: where the form itself is another."""
    schemas = [schema for schema in history(form.op, form.domain) if not schema.deprecated]
    shapes = [([(i.name, i.type_str) for i in schema.inputs], sorted(schema.attributes)) for schema in schemas]
    return {
        schemas[at].since_version
        for at in range(len(schemas) - 1)
        if shapes[at] != shapes[at + 1] and schemas[at].since_version >= form.oldest
    }


def _opened(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes, each followed by its kin: some dims open for all dims open, sizes cast for sizes read."""
    for change in changes:
        for kin in (change, _cast(change)):
            if kin is None:
                continue
            yield kin
            for name, value in kin.items():
                if name.endswith("dims") and value == "dynamic":
                    yield {**kin, name: "spatial"}
                    yield {**kin, name: "sequence"}


def _cast(change: Change) -> Change | None:
    """The change with what is read from dims cast on its way; None when it reads nothing."""
    out = dict(change)
    for name, value in change.items():
        if isinstance(value, Tensor) and value.source == "shape":
            out[name] = replace(value, source="cast-shape")
        elif value == "shape":
            out[name] = "cast-shape"
    return out if out != dict(change) else None
