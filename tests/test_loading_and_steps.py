"""Facets of what a runtime plans before a run: checks that it postpones, whole reversed axes, and sizes that steps change."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.tables.target_facets import facets_for_target

HEAD = (
    '<ir_version: 8, opset_import: ["": 17]> g (float[n,m,4] x, float[n,4] r, float[6] v, int64[1] k) => (float[] y)'
    " <int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] rest = {-1}, int64[1] near = {-9},"
    " int64[1] first = {-9223372036854775807}, int64[1] eight = {8}, int64[2] pair = {0, 1}, int64[2] back = {-1, -1},"
    " int64 none = {0}, int64 unit = {1}, int64[2] firsts = {-9223372036854775807, -9223372036854775807}, float[1] u = {0.5},"
    " int64[1,4] row = {1, 2, 3, 4}>"
)
CLASH = "y = Reshape(r, eight)"
SIZES = "s = Shape(x) a = Gather(s, zero) b = Gather(s, one)"


def facet(name: str, body: str, target: str = "tflite") -> object:
    """A facet of the last node in the text, or of the last one in its loop."""
    facts = Facts.of(parser.parse_model(f"{HEAD} {{ {body} }}"))
    nodes = [node for node in facts.nodes if node.label == "probe"] or [facts.nodes[-1]]
    return facets_for_target(target, facets(nodes[0])).get(name, "no facet")


UNPLANNED = [
    f"{SIZES} t = Concat<axis = 0>(b, a, rest) w = Reshape(x, t)",
    f"{SIZES} t = Concat<axis = 0>(a, b, two, two) w = Reshape(x, t)",
    "i = NonZero(r) w = Cast<to = 1>(i)",
    "w = Unsqueeze(x, zero)",
    f"{SIZES} c = Squeeze(a, zero) l = Range(none, c, unit) w = Cast<to = 1>(l)",
]
PLANNED = [
    "w = Neg(x)",
    "w = Reshape(x, rest)",
    "w = Unsqueeze(r, zero)",
    f"{SIZES} t = Concat<axis = 0>(a, rest) w = Reshape(r, t)",
    "l = Range(none, unit, unit) w = Cast<to = 1>(l)",
    "q = Transpose(x) s = Shape(q) w = Reshape(x, s)",
]
SCALED = "e = ReduceMax<keepdims = 0>(w) f = Mul(r, e) y = Reshape(f, eight)"


@pytest.mark.parametrize(("before", "found"), [*((body, True) for body in UNPLANNED), *((body, False) for body in PLANNED)])
def test_a_result_of_unplanned_size_postpones_the_checks_behind_it(before: str, found: bool) -> None:
    assert facet("postponed", f"{before} {SCALED}") == ("behind" if found else "nothing")
    assert facet("postponed", f"{before} {CLASH}") == ("beside" if found else "nothing")
    assert facet("postponed", f"[probe] {CLASH} {before}") == "nothing"


def test_only_clashing_operands_have_their_check_postponed() -> None:
    assert facet("postponed", "i = NonZero(r) y = Reshape(r, rest)") == "nothing"


def test_a_postponed_check_is_a_matter_of_runtimes_that_load_with_ones() -> None:
    assert facet("postponed", CLASH, target="openvino") == "no facet"


@pytest.mark.parametrize(
    ("boxes", "scores", "clashes"),
    [("1,n,4", "1,1,n", False), ("1,n,4", "1,2,m", False), ("b,n,4", "b,2,n", False), ("1,n,4", "1,1,6", True),
     ("1,6,4", "1,1,n", True), ("1,n,d", "1,1,n", True)],
)  # fmt: skip
def test_boxes_and_scores_fit_where_dims_are_one(boxes: str, scores: str, clashes: bool) -> None:
    text = f'<ir_version: 8, opset_import: ["": 17]> g (float[{boxes}] b, float[{scores}] s) => (int64[o,3] y)'
    model = parser.parse_model(text + " <int64[1] k = {3}, float[1] u = {0.5}> { y = NonMaxSuppression(b, s, k, u) }")
    assert facets(Facts.of(model).nodes[-1])["clashes"] is clashes


@pytest.mark.parametrize(
    ("data", "indices", "updates", "clashes"),
    [("b,n,4", "b,1,2", "b,1,4", False), ("b,n,4", "b,1,2", "b,n,4", False), ("b,n,4", "b,3,2", "b,n,4", True),
     ("b,n,4", "3,1", "3,n,4", False), ("b,n,4", "3,1", "b,n,4", True), ("b,n,4", "b,1,2", "b,1,3", True),
     ("b,3,4", "b,1", "b,n,4", True), ("b,n,4", "b,k", "b,n,4", False), ("b,n,4", "b,1,2", "b,1,1,4", True)],
)  # fmt: skip
def test_updates_fit_what_their_indices_point_at_where_dims_are_one(data: str, indices: str, updates: str, clashes: bool) -> None:
    text = f'<ir_version: 8, opset_import: ["": 17]> g (float[{data}] x, int64[{indices}] i, float[{updates}] u)'
    model = parser.parse_model(text + f" => (float[{data}] y) {{ y = ScatterND(x, i, u) }}")
    assert facets(Facts.of(model).nodes[-1])["clashes"] is clashes


REACHING = {"constant": "t = Identity(view)", "copying": "t = Identity(copy)", "copying what is fixed": "t = Identity(kept)",
            "one size": "t = Concat<axis = 0>(n, two, two)", "two sizes": "t = Concat<axis = 0>(n, m, two, two)",
            "a size and the rest": "t = Concat<axis = 0>(n, two, rest, two)",
            "a cast size": "c = Cast<to = 1>(n) d = Cast<to = 7>(c) t = Concat<axis = 0>(d, two, two)"}  # fmt: skip
"""Targets of a Reshape of data with two dynamic dims, which clash with them where these are 1."""


@pytest.mark.parametrize(("target", "clashes"), [*zip(REACHING, (True, False, True, True, False, False, False), strict=True)])
def test_targets_that_are_known_in_a_run_only_are_not_checked_on_loading(target: str, clashes: bool) -> None:
    text = (
        '<ir_version: 8, opset_import: ["": 17]> g (float[b, l, 1] x) => (float y) <int64[1] zero = {0}, int64[1] one = {1},'
        " int64[1] two = {2}, int64[1] rest = {-1}, int64[2] view = {2, 2}, int64[2] copy = {0, 4}, int64[4] kept = {2, 2, 0, 1}>"
        f" {{ s = Shape(x) n = Gather(s, zero) m = Gather(s, one) {REACHING[target]} y = Reshape(x, t) }}"
    )
    assert facets(Facts.of(parser.parse_model(text)).nodes[-1])["clashes"] is clashes


@pytest.mark.parametrize(
    ("dims", "made", "multiples"),
    [("n,2,2,8", "v = Identity(x)", "none"), ("n,16,8", "v = Reshape(x, views)", "whole"),
     ("n,4,8", "v = Reshape(x, views)", "none"), ("4,2,2,8", "v = Identity(x)", "none"),
     ("n,12,2,8", "a = Reshape(x, three) v = Gather(a, first)", "whole"),
     ("n,12,2,8", "a = Reshape(x, three) b, c, d = Split<axis = 0>(a) e = Squeeze(b, zero) v = Neg(e)", "parts"),
     ("n,12,2,8", "a = Reshape(x, three) b = Slice(a, zero, one, zero) v = Squeeze(b, zero)", "whole")],
)  # fmt: skip
def test_multiples_of_dynamic_dims_before_an_einsum(dims: str, made: str, multiples: str) -> None:
    text = (
        f'<ir_version: 8, opset_import: ["": 17]> g (float[{dims}] x, float[2, 2, 8] r) => (float y) <int64 first = {{0}},'
        f" int64[4] views = {{-1, 2, 2, 8}}, int64[5] three = {{3, -1, 2, 2, 8}}, int64[1] zero = {{0}}, int64[1] one = {{1}}>"
        f' {{ {made} y = Einsum<equation = "bhwc,hkc->bhwk">(v, r) }}'
    )
    assert facets(Facts.of(parser.parse_model(text)).nodes[-1])["multiples"] == multiples


@pytest.mark.parametrize(
    ("dims", "made", "multiples"),
    [("n,4,2,8", "v = Slice(a, zero, one, zero)", "sliced"), ("n,2,8", "v = Slice(a, zero, one, zero)", "none"),
     ("2,4,2,8", "v = Slice(a, zero, one, zero)", "none"), ("n,4,2,8", "b = Slice(a, zero, one, zero) v = Relu(b)", "whole"),
     ("n,4,2,8", "v, c, d = Split<axis = 0>(a)", "parts")],
)  # fmt: skip
def test_multiples_of_dynamic_dims_before_a_squeeze(dims: str, made: str, multiples: str) -> None:
    text = (
        f'<ir_version: 8, opset_import: ["": 17]> g (float[{dims}] x) => (float y) <int64[4] views = {{-1, 2, 3, 8}},'
        f" int64[3] first = {{-1, 2, 8}}, int64[1] zero = {{0}}, int64[1] one = {{1}}> {{ r = Reshape(x, first)"
        f" c0 = Concat<axis = 2>(r, r, r) s = Reshape(c0, views) a = Transpose<perm = [2, 0, 1, 3]>(s) {made}"
        f" y = Squeeze(v, zero) }}"
    )
    assert facets(Facts.of(parser.parse_model(text)).nodes[-1])["multiples"] == multiples


@pytest.mark.parametrize(("batch", "batched"), [("1", False), ("b", False), ("2", True)])
def test_boxes_of_several_images(batch: str, batched: bool) -> None:
    text = f'<ir_version: 8, opset_import: ["": 17]> g (float[{batch},6,4] b, float[{batch},1,6] s) => (int64[o,3] y)'
    model = parser.parse_model(text + " { y = NonMaxSuppression(b, s) }")
    assert facets(Facts.of(model).nodes[-1])["batched"] is batched


@pytest.mark.parametrize(
    ("bounds", "backwards"),
    [
        ("zero, two, one, one", "nothing"), ("zero, two, one", "nothing"), ("rest, first, one, rest", "axis"),
        ("rest, near, one, rest", "part"),
        ("two, first, one, rest", "part"), ("back, firsts, pair, back", "axes"), ("k, first, one, rest", "part"),
        ("rest, first, one, near", "part"),
    ],
)  # fmt: skip
def test_slices_with_negative_steps(bounds: str, backwards: str) -> None:
    assert facet("backwards", f"y = Slice(x, {bounds})") == backwards
    assert facet("backwards", f"y = Slice(x, {bounds})", target="tract") == "no facet"


@pytest.mark.parametrize(
    ("nodes", "factor"),
    [
        ("c = Squeeze(a, zero) l = Range(none, c, unit) y = Mul(l, a)", "size"),
        ("c = Squeeze(a, zero) l = Range(none, c, unit) y = Mul(a, l)", "size"),
        ("y = Mul(row, a)", "size of fixed"),
        ("y = Mul(a, b)", "sizes"),
        ("y = Mul(x, u)", "nothing"),
        ("f = Cast<to = 1>(a) y = Mul(x, f)", "nothing"),
        ("y = Div(row, a)", "size of fixed"),
        ("y = Div(a, row)", "nothing"),
    ],
)
def test_a_factor_that_is_a_size(nodes: str, factor: str) -> None:
    assert facet("factor", f"{SIZES} {nodes}", target="tract") == factor
    assert facet("factor", f"{SIZES} {nodes}") == "no facet"


LOOP = (
    "t = Constant<value = bool {{1}}>() l, y = Loop(unit, t, zero) <body = b (int64 at, bool go, int64[1] had) => (bool on, "
    "int64[1] has, float[p] out) {{ has = Add(had, one) {nodes} on = Identity(go) out = Neg(w) }}>"
)


@pytest.mark.parametrize(
    ("nodes", "stepwise"),
    [
        ("i = Unsqueeze(at, zero) [probe] w = Slice(v, i, two, zero)", True),
        ("[probe] w = Slice(v, had, has, zero)", True),
        ("[probe] w = Slice(v, zero, has, zero)", True),
        ("i = Gather(pair, at) j = Unsqueeze(i, zero) c = Gather(v, zero) [probe] w = Expand(c, has)", True),
        ("[probe] w = ConstantOfShape(has)", True),
        ("[probe] w = Slice(v, k, two, zero)", False),
        ("[probe] w = Slice(v, zero, two, zero)", False),
        ("s = Shape(had) [probe] w = Slice(v, zero, s, zero)", False),
        ("f = Cast<to = 1>(at) d = Mul(v, f) [probe] w = Slice(d, zero, two, zero)", False),
    ],
)
def test_sizes_that_change_from_step_to_step(nodes: str, stepwise: bool) -> None:
    assert facet("stepwise", LOOP.format(nodes=nodes), target="tensorrt") is stepwise


def test_sizes_outside_of_a_loop_change_with_no_step() -> None:
    assert facet("stepwise", "y = Slice(v, k, two, zero)", target="tensorrt") is False
    assert facet("stepwise", "y = Slice(v, k, two, zero)") == "no facet"
