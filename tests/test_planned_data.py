"""Facets of what a runtime plans before it runs: shapes that Where chooses from, sizes computed late, channels of a weight."""

from collections.abc import Sequence

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import Facet

HEAD = '<ir_version: 8, opset_import: ["": 18]>'


def _of_last(text: str, name: str, at: int = -1) -> Facet:
    return facets(Facts.of(parser.parse_model(f"{HEAD} {text}")).nodes[at])[name]


@pytest.mark.parametrize(
    ("dims", "chooses"),
    [
        (("3,7", "3,7", "3,7"), "alike"),
        (("n,7", "n,7", "n,7"), "alike"),
        (("3,7", "3,7", "1"), "unlike else"),
        (("n,7", "n,7", ""), "unlike else"),
        (("n,1", "n,1", ""), "single"),  # a dynamic dim is 1 where the runtime plans
        (("", "3,7", "3,7"), "by condition"),
        (("3", "3,7", "1"), "by rows"),
        (("3,7", "1", "3,7"), "spread"),
    ],
)
def test_how_shapes_differ_that_a_where_chooses_from(dims: Sequence[str], chooses: str) -> None:
    condition, then, other = (f"[{each}]" if each else "" for each in dims)
    text = f"g (bool{condition} C, int64{then} X, int64{other} Z) => (int64[] Y) {{ Y = Where(C, X, Z) }}"
    assert _of_last(text, "chooses") == chooses


def test_a_where_of_data_without_a_rank_is_not_known() -> None:
    text = "g (bool[3] C, float[a] X, int64[r] s) => (float[] Y) { v = Reshape(X, s) Y = Where(C, v, v) }"
    assert _of_last(text, "chooses") is None


@pytest.mark.parametrize(
    ("equation", "left", "right", "letters"),
    [
        ("bct,bcs->bts", "b,8,t", "b,8,s", "fit"),
        ("bct,bcs->bts", "b,8,t", "b,c,s", "differ"),  # c is 1 where the runtime plans
        ("nc, kc -> nk", "n,c", "5,8", "differ"),
        ("nc,kc->nk", "n,8", "5,8", "fit"),
        ("...c,kc->...k", "n,m,8", "5,9", "fit"),  # letters of an ellipsis are not told
    ],
)
def test_whether_dims_of_one_letter_fit(equation: str, left: str, right: str, letters: str) -> None:
    text = f'g (float[{left}] A, float[{right}] B) => (float[] Y) {{ Y = Einsum<equation = "{equation}">(A, B) }}'
    assert _of_last(text, "letters") == letters


@pytest.mark.parametrize(
    ("equation", "letters"),
    [("nlhd,nhdv,nlh->nlhv", "scaled"), ("bthd, bhde, bth -> bthe", "scaled"), ("nlhd,nhdv,nlv->nlhv", "fit"),
     ("nlhd,nlhv,nlh->nhdv", "fit")],
)  # fmt: skip
def test_the_product_of_linear_attention_is_told_in_any_letters(equation: str, letters: str) -> None:
    text = f'g (float A, float B, float C) => (float[] Y) {{ Y = Einsum<equation = "{equation}">(A, B, C) }}'
    assert _of_last(text, "letters") == letters


MAKERS = {
    "NonZero(Z)": "behind",
    "Unsqueeze(Z, zero)": "behind",
    "Neg(Z)": "before",
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("reads", [True, False])
def test_what_is_behind_data_of_a_computed_size(maker: str, reads: bool) -> None:
    scale = "m = ReduceMax<keepdims = 0>(c) x = Mul(X, m)" if reads else "x = Neg(X)"
    text = (
        "g (float[a,b] Z, float[2,3] X) => (float[] Y, float[] c) <int64[1] zero = {0}, int64[1] one = {1}> "
        f"{{ p = {maker} c = Cast<to = 1>(p) {scale} Y = ReduceSum(x, one) }}"
    )
    expected = MAKERS[maker] if reads or MAKERS[maker] == "before" else "beside"
    assert _of_last(text, "planned") == expected


@pytest.mark.parametrize(("node", "weight"), [("Conv<group = 2>", "6,2,1,1"), ("ConvTranspose", "4,6,1,1")])
@pytest.mark.parametrize(("made", "told"), [("Reshape(X, s)", False), ("Tile(X, s)", False), ("Identity(X)", True)])
def test_channels_that_no_inference_tells_are_those_of_the_weight(node: str, weight: str, made: str, *, told: bool) -> None:
    text = (
        f"g (float[n,c,8,8] X, int64[4] s) => (float[] Y) {{ w = ConstantOfShape<value = float[1] {{1}}>(k) "
        f"x = {made} Y = {node}(x, w) }}"
    ).replace("=> (float[] Y)", f"=> (float[] Y) <int64[4] k = {{{weight}}}>")
    classes = str(_of_last(text, "X.dims")).split("|")
    assert ("sequence" in classes) is told  # only the channels that an input states are a dim of their own
