"""Random small graphs, fixed for every target: what they compute at edge values stays, or a rewrite says where it does not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from onnx import ModelProto
from random_graphs import graph_of
from random_operators import MAKERS

from graphfix.linter.engine import judge
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.pipeline import fix_model
from graphfix.rewriting.registry import registry
from graphfix.tables.versions import EVERY, groups
from graphfix.verify.compare import Tolerance, compare
from graphfix.verify.edge_samples import scaled, without_roundings
from graphfix.verify.edge_values import NONFINITE, WIDE, edge_feed
from graphfix.verify.feeds import Feed, seeded_feeds
from graphfix.verify.integer_edges import data_inputs, widened
from graphfix.verify.runtime import running

GRAPHS, CHUNK = 300, 10
SEED = 7
"""Of the edge values, other than verification has."""
AMPLIFIED = 16
"""How many times as far off as its rewrites alone a graph may be: their roundings add up, and what follows enlarges them."""


def feeds(model: ModelProto) -> Iterator[tuple[str, Feed]]:
    """Inputs with edge values, and ordinary ones, at two sizes of the dynamic dim."""
    for size in (3, 5) if any(dim.dim_param for info in model.graph.input for dim in info.type.tensor_type.shape.dim) else (3,):
        plain = seeded_feeds(model, {}, {}, (size, size), 91)
        assert plain is not None
        yield "plain", plain
        for column in WIDE:
            fed = edge_feed(plain, column, seed=SEED)
            if fed is not None:
                yield column, fed
        if whole := data_inputs(model):
            yield "limits of integers", widened(plain, whole)


def differences(model: ModelProto, after: ModelProto, applied: list[str]) -> Iterator[str]:
    """What two models compute otherwise, at the inputs at which no applied rewrite says that it does."""
    rewrites = [registry()[name] for name in applied]
    declared = {column for rewrite in rewrites for column in rewrite.differs_at}
    ulps = AMPLIFIED * sum(rewrite.ulps for rewrite in rewrites)
    with running(model) as first, running(after) as second:
        names = [info.name for info in model.graph.output]
        for column, fed in feeds(model):
            tolerance = Tolerance(ulps=ulps, least_scale=1.0 if column == "tiny" else 0.0)
            try:
                old = first.run(None, fed)
            except Exception:  # the original does not take these numbers
                continue
            finite = all(np.isfinite(array).all() for array in old if array.dtype.kind == "f")
            if column in declared or not (finite or column in NONFINITE):
                continue
            new = second.run(None, fed)
            for place, name in enumerate(names):
                reason = compare(name, old[place], new[place], tolerance).reason
                if reason is not None and column not in NONFINITE:
                    moved = [first.run(None, other)[place] for other in scaled(fed, ulps)]
                    reason = compare(name, old[place], without_roundings(old[place], new[place], moved), tolerance).reason
                if reason is not None:
                    yield f"at {column}: {reason}"


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, GRAPHS, CHUNK))
def test_a_fixed_random_graph_computes_the_same_at_edge_values(start: int) -> None:
    found = []
    for seed in range(start, start + CHUNK):
        model = graph_of(seed, MAKERS)
        every = groups()[EVERY]
        for names in (every, every[seed % len(every) :][:1]):
            fixed = fix_model(model, lambda candidate, names=names: judge(candidate, names), FixOptions(targets=names))  # type: ignore[misc]
            applied = sorted({change.rewrite for change in fixed.changes if change.applied})
            if applied:
                ops = " ".join(node.op_type for node in model.graph.node)
                found += [f"{seed} {names} {text} | {ops} | {applied}" for text in differences(model, fixed.model, applied)]
    assert not found, "\n".join(found)


def test_a_seed_gives_the_same_graph() -> None:
    first, again = (graph_of(5, MAKERS).SerializeToString(deterministic=True) for _ in range(2))
    assert first == again


def test_the_inputs_hold_every_kind_of_edge() -> None:
    seen: dict[str, set[float]] = {}
    signs = set()
    for model in (graph_of(seed, MAKERS) for seed in range(60)):
        for column, fed in feeds(model):
            for array in fed.values():
                if array.dtype.kind in "if" and array.dtype.itemsize >= 4:
                    seen.setdefault(column, set()).update(map(float, np.ravel(array)[:200]))
                    signs |= set(np.signbit(array).ravel().tolist()) if column == "zeros" and array.dtype.kind == "f" else set()
    assert set(WIDE) | {"plain", "limits of integers"} == set(seen)
    assert signs == {True, False}
    assert 1.0 in seen["ones"]
    assert len(seen["ties"]) < 20
    assert max(seen["large"]) > 1e3
    assert min(abs(value) for value in seen["tiny"] if value) < 1e-20
    assert {-(2.0**31), 2.0**31 - 1, 2.0**62} <= seen["limits of integers"]


def test_the_graphs_hold_many_operators() -> None:
    ops = {node.op_type for seed in range(60) for node in graph_of(seed, MAKERS).graph.node}
    assert len(ops) > 80
