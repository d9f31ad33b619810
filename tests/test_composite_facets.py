"""What facets say of loops, scans, attention, and of models that call functions or give sequences."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facets.node import Facets, facets
from graphfix.analysis.facts import Facts

LOOP = """<ir_version: 8, opset_import: ["": 17]> g (int64 n, bool c, float[2,4] x) => (float[2,4] y{more}) {{
    y{given} = Loop(n, c, x) <body = b (int64 i, bool k, float[2,4] p) => (bool q, {kind} r{also}) {{ {until} {work} }}> }}"""
USUAL = {"more": "", "given": "", "kind": "float[2,4]", "also": "", "until": "q = Identity(k)", "work": "r = Relu(p)"}


def of(op: str, text: str) -> Facets:
    return next(facets(node) for node in Facts.of(parser.parse_model(text)).nodes if node.op == op)


def looped(**changes: str) -> Facets:
    return of("Loop", LOOP.format(**{**USUAL, **changes}))


@pytest.mark.parametrize(
    ("until", "word"),
    [
        ("q = Identity(k)", "kept"),
        ("z = Identity(k) q = Identity(z)", "kept"),
        ("q = Constant<value = bool {1}>()", "constant"),
        ("e = Constant<value = int64 {4}>() q = Less(i, e)", "computed"),
    ],
)
def test_how_a_body_decides_to_go_on(until: str, word: str) -> None:
    assert looped(until=until)["until"] == word


def test_what_a_body_carries_gathers_and_reads() -> None:
    plain = looped()
    assert (plain["carried"], plain["stacked"], plain["captures"]) == ("same", False, False)
    grown = looped(kind="float[4,4]", work="r = Concat<axis = 0>(p, p)")
    assert grown["carried"] == "other-dims"
    assert looped(more=", float[m,2,4] z", given=", z", also=", float[2,4] s", work="r = Relu(p) s = Neg(p)")["stacked"] is True
    assert looped(work="r = Add(p, x)")["captures"] is True


def test_states_and_scanned_inputs_of_a_scan() -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (float[4] h, float[{t},4] x, float[3,4,2] v) => (float[4] y) {{
        y = Scan(h, x{more}) <num_scan_inputs = {count}, body = b (float[4] s, float[4] a{inner}) => (float[4] o)
        {{ o = Add(s, a) }}> }}"""
    one = of("Scan", text.format(t=3, more="", count=1, inner=""))
    assert (one["states"], one["scanned"], one["scanned.rank"], one["scanned.open"]) == (1, "one", 2, False)
    two = of("Scan", text.format(t="t", more=", v", count=2, inner=", float[4,2] b"))
    assert (two["states"], two["scanned"], two["scanned.open"]) == (1, "many", True)


@pytest.mark.parametrize(
    ("inputs", "given", "heads", "sizes"),
    [
        ("float[2,2,3,4] q, float[2,2,3,4] k, float[2,2,3,4] v", "", "same", "same"),
        ("float[2,4,3,4] q, float[2,2,3,4] k, float[2,2,3,6] v", "", "grouped", "other"),
        ("float[2,4,3,4] q, float[2,1,3,4] k, float[2,1,3,4] v", "", "one", "same"),
        ("float[2,3,8] q, float[2,3,8] k, float[2,3,8] v", "<q_num_heads = 2, kv_num_heads = 2>", "same", "same"),
        ("float[2,3,16] q, float[2,3,8] k, float[2,3,12] v", "<q_num_heads = 4, kv_num_heads = 2>", "grouped", "other"),
        ("float[2,n,3,4] q, float[2,m,3,s] k, float[2,m,3,4] v", "", None, None),
    ],
)
def test_how_attention_shares_heads(inputs: str, given: str, heads: str | None, sizes: str | None) -> None:
    text = f'<ir_version: 11, opset_import: ["": 23]> g ({inputs}) => (float y) {{ y = Attention{given}(q, k, v) }}'
    found = of("Attention", text)
    assert (found["heads"], found["sizes"]) == (heads, sizes)


@pytest.mark.parametrize(
    ("queries", "mask", "kind", "steps"),
    [(3, "", "absent", "same"), (1, "bool", "bool", "one"), (2, "float16", "same", "other"), (3, "float", "other", "same")],
)
def test_what_attention_is_asked_and_masked_with(queries: int, mask: str, kind: str, steps: str) -> None:
    given = f", {mask}[{queries},3] m" if mask else ""
    heads = ", ".join(f"float16[2,2,{length},4] {name}" for name, length in (("q", queries), ("k", 3), ("v", 3)))
    operands = "q, k, v, m" if mask else "q, k, v"
    text = f'<ir_version: 11, opset_import: ["": 23]> g ({heads}{given}) => (float16 y) {{ y = Attention({operands}) }}'
    found = of("Attention", text)
    assert (found["mask"], found["steps"], found["eights"]) == (kind, steps, False)


FUNCTION = '<domain: "local", opset_import: ["" : 18]> twice (a) => (b) { b = Add(a, a) }'


@pytest.mark.parametrize(("body", "called"), [("y = local.twice(x)", True), ("y = Relu(x)", False)])
def test_a_function_matters_where_it_is_called(body: str, called: bool) -> None:
    text = f'<ir_version: 8, opset_import: ["" : 18, "local" : 1]> g (float[2,3] x) => (float[2,3] y) {{ {body} }} {FUNCTION}'
    assert model_facets(Facts.of(parser.parse_model(text)))["functions"] is called


@pytest.mark.parametrize(
    ("output", "body", "kind"),
    [
        ("float[2,3] y", "y = Relu(x)", "tensor"),
        ("seq(float[2,3]) y", "y = SequenceConstruct(x)", "sequence"),
        ("optional(float[2,3]) y", "y = Optional(x)", "optional"),
    ],
)
def test_what_a_model_makes_that_is_no_tensor(output: str, body: str, kind: str) -> None:
    text = f'<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x) => ({output}) {{ {body} }}'
    assert model_facets(Facts.of(parser.parse_model(text)))["outputs.kinds"] == kind


def test_a_sequence_that_is_only_passed_on() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (seq(float[2,3]) x, float[2,3] t) => (seq(float[2,3]) y{more}) {{
        z = Identity(x) y = Identity(z) {body} }}"""
    plain = text.format(more="", body="r = Relu(t)")
    both = text.format(more=", seq(float[2,3]) w", body="w = SequenceInsert(x, t)")
    assert [model_facets(Facts.of(parser.parse_model(one)))["outputs.kinds"] for one in (plain, both)] == ["passed", "sequence"]


@pytest.mark.parametrize(
    ("body", "untyped"), [("(h, x) => (o, s)", True), ("(float[4] h, float[4] x) => (float[4] o, float[4] s)", False)]
)
def test_a_scan_says_whether_its_body_leaves_dtypes_open(body: str, untyped: bool) -> None:
    text = (
        '<ir_version: 8, opset_import: ["": 17]> g (float[4] H, float[3, 4] X) => (float[4] Y, float[3, 4] Z) '
        f"{{ Y, Z = Scan(H, X) <num_scan_inputs = 1, body = b {body} {{ o = Add(h, x) s = Relu(o) }}> }}"
    )
    assert facets(Facts.of(parser.parse_model(text)).nodes[-1])["untyped"] is untyped


PASSING = """<ir_version: 8, opset_import: ["": 17]> g (int64 n, bool c, float[2] x, float[4,2] w)
    => (float[2] y, float[4,2] v) {{ y, v = Loop(n, c, x, w)
    <body = b (int64 i, bool k, float[2] p, float[4,2] u) => (bool q, {outputs}) {{
        {until} m = MatMul(u, p) j = ReduceSum<keepdims = 0>(m) r = Add(p, j) {more} }}> }}"""


@pytest.mark.parametrize(
    ("until", "outputs", "more", "passes", "counts"),
    [
        ("q = Identity(k)", "float[2] r, float[4,2] u", "", True, False),
        ("q = Identity(k)", "float[2] r, float[4,2] z", "z = Identity(u)", False, False),
        ("e = Constant<value = int64 {4}>() q = Less(i, e)", "float[2] r, float[4,2] z", "z = Identity(u)", False, True),
    ],
)
def test_what_a_body_passes_on_and_whether_it_counts(until: str, outputs: str, more: str, *, passes: bool, counts: bool) -> None:
    found = of("Loop", PASSING.format(until=until, outputs=outputs, more=more))
    assert (found["passes"], found["counts"]) == (passes, counts)


def test_what_no_iteration_changes_has_the_shape_that_it_has_outside() -> None:
    text = PASSING.format(until="q = Identity(k)", outputs="float[2] r, float[4,2] u", more="")
    nodes = Facts.of(parser.parse_model(text)).nodes
    product = next(node for node in nodes if node.op == "MatMul")
    assert product.inputs[0] is not None
    assert product.inputs[0].shape == (4, 2)


def test_states_that_change_places_keep_their_shapes() -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (int64 n, bool c, float[2] x, float[{size}] w)
        => (float[2] y, float[2] v) {{ y, v = Loop(n, c, x, w)
        <body = b (int64 i, bool k, float p, float u) => (bool q, float u, float p) {{
            q = Identity(k) }}> }}"""
    assert of("Loop", text.format(size=2))["carried"] == "same"
    assert of("Loop", text.format(size=3))["carried"] == "other-dims"


@pytest.mark.parametrize(("kind", "made", "sequences"), [
    ("seq(float[2])", "s = SequenceInsert(u, r)", True), ("float[2]", "s = Add(u, r)", False),
])  # fmt: skip
def test_a_sequence_beside_tensors_is_told(kind: str, made: str, *, sequences: bool) -> None:
    start = "e = SequenceEmpty()" if sequences else "e = Neg(x)"
    text = f"""<ir_version: 8, opset_import: ["": 17]> g (int64 n, bool c, float[2] x) => (float[2] y, {kind} v) {{
        {start} y, v = Loop(n, c, x, e) <body = b (int64 i, bool k, float[2] p, {kind} u) => (bool q, float[2] r, {kind} s) {{
            q = Identity(k) r = Add(p, p) {made} }}> }}"""
    assert of("Loop", text)["sequences"] is sequences
