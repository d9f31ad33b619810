"""Operands that contradict each other where every open dim is 1."""

from __future__ import annotations

import pytest

from graphfix.analysis.dims import symbol
from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.unit_dim_conflicts import LAWS, unit
from graphfix.linter.example import Example
from graphfix.probe.naming import kind_of
from graphfix.tables.phrases import phrase

GIVEN = "float[n,4] x, float[n,c,4] y, float[m] v, float[n,2,8] z, int64[1] k, float[t,n,4] seq, float[2,3] fixed, int64[q] any"
ROWS = ",".join(["0"] * 12)
WEIGHTS = f"float[4,3] w = {{{ROWS}}}, float[3,4] u = {{{ROWS}}}, int64[2] two = {{2, 2}}, int64[2] rest = {{-1, 4}}"
WEIGHTS += ", int64[2] copy = {0, 4}, int64[2] eight = {-1, 8}, float[3] three = {1, 2, 3}, float[1] one = {1}"
WEIGHTS += f", float[2,3,2] f = {{{ROWS}}}, float[1,12,4] W = {{{','.join(['0'] * 48)}}}"
WEIGHTS += f", float[1,12,3] R = {{{','.join(['0'] * 36)}}}"
WEIGHTS += f", float[1,2,3] h = {{{','.join(['0'] * 6)}}}, int64[1] zero = {{0}}, int64[1] several = {{3}}, int64 first = {{0}}"
FITS = [
    "r = MatMul(x, w)", "r = Reshape(x, rest)", "r = Reshape(x, copy)", "r = Add(x, u)", "r = Concat<axis = 0>(x, u)",
    "r = Gemm<transB = 1>(x, u)", "r = Gemm(x, w, three)", "o, p = Split<axis = 1>(z)", "r, i = TopK<axis = 1>(x, several)",
    "s = Shape(x)\nr = Expand(u, s)", "r = LayerNormalization(y, one)", "r = MatMul(fixed, three)",
    "r, last = LSTM<hidden_size = 3>(seq, W, R)", "c = NonZero(x)\nd = Cast<to = 1>(c)\nr = Reshape(d, two)",
    "d = Slice(x, zero, k, zero)\nr = Reshape(d, two)", "r = BatchNormalization(y, v, v, v, v)",
    "r, i = TopK<axis = 1>(x, whole)", "r, i = TopK<axis = 0>(x, single)",
]  # fmt: skip
CLASHES = [
    "r = MatMul(w, x)", "r = Reshape(x, two2)", "r = Reshape(x, eight)", "r = Add(v2, x)", "r = Concat<axis = 1>(x, w)",
    "r = Gemm(w, x)", "r = Gemm(x, w, row)", "o, p = Split<axis = 0>(x)", "r, i = TopK<axis = 0>(x, several)",
    "r = LayerNormalization(y, three)", "r = Conv(y, f)", "r = ConvTranspose(y, f)", "r = BatchNormalization(z, v, v, v, v)",
    "r, last = LSTM<hidden_size = 3>(seq, W, R, , , h)", "s = Shape(w)\nr = Expand(z2, s)",
    "s = Shape(x)\nt = Mul(s, two)\nc = ConstantOfShape(t)\nr = Reshape(c, five)", "r = DepthToSpace<blocksize = 2>(deep)",
]  # fmt: skip
MORE = ", int64[2] two2 = {3, 4}, float[2] v2 = {1, 2}, float[2,3] row = {1,2,3,4,5,6}, int64[1] five = {5}, int64[1] whole = {4}"
MORE += ", int64[1] single = {1}"


def clash(nodes: str) -> object:
    inputs = f"{GIVEN}, float[n,d,2,2] deep, float[2,n] z2"
    facts = Facts.of(Example(nodes, inputs=inputs, outputs="float r", weights=WEIGHTS + MORE).model)
    return facets(facts.nodes[-1])["clashes"]


@pytest.mark.parametrize("nodes", FITS)
def test_operands_that_fit_at_one_do_not_clash(nodes: str) -> None:
    assert clash(nodes) is False


@pytest.mark.parametrize("nodes", CLASHES)
def test_operands_that_contradict_each_other_at_one_clash(nodes: str) -> None:
    assert clash(nodes) is True


@pytest.mark.parametrize("node", ["MatMul(d, w)", "Gemm(d, w)"])
def test_a_product_of_what_has_no_known_rank_is_not_known_to_fit(node: str) -> None:
    assert clash(f"d = Reshape(x, any)\nr = {node}") is None


def test_fixed_operands_are_no_matter_of_loading() -> None:
    assert clash("a = Reshape(w, two)\nr = MatMul(fixed, w)") is False


@pytest.mark.parametrize(
    ("dim", "size"),
    [("N", 1), ("16*N", 16), (7, 7), (None, None), ("unk__3", None), ("open__1", 3), ("2*open__1", 6), ("open__2", None),
     ("open__3__untold", None), ("N*T", 1)],
)  # fmt: skip
def test_the_size_of_a_dim_where_inputs_have_one(dim: object, size: object) -> None:
    extents = {"open__1": (symbol("N") + 5) // 2, "open__2": symbol("open__9"), "N": symbol("N")}
    assert unit(dim, extents) == size  # type: ignore[arg-type]


def test_every_operator_with_a_law_has_the_facet() -> None:
    assert {"MatMul", "Reshape", "Concat", "Gemm", "Add"} <= set(LAWS)


def test_a_clash_is_told_as_a_matter_of_free_dims() -> None:
    assert kind_of({"clashes": [True]}) == "dynamic"
    assert phrase("clashes", True) == "operands that contradict each other where dynamic dims are 1, as on loading"
