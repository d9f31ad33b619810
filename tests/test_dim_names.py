"""What a model calls its dims decides nothing: a name is opaque, whatever characters it holds."""

from __future__ import annotations

import onnx
import pytest
from onnx import ModelProto

from graphfix.analysis.dim_names import is_fresh, is_untold, quoted, shown
from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.ir.traversal import graphs
from graphfix.linter.example import Example
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.symbolic_shapes import Tracer

ODD = (
    "3*N",
    "2*N + 1",
    "a*b",
    "unk__0",
    "open__0",
    "?",
    "größe",
    "`",
    "16",
    "open__1__untold",
    "x.0",
    "-1",
    "b",
    "a",
    "zz",
    "ab*",
)
KERNEL = ",".join(["0"] * 9)
WEIGHTS = (
    f"float[1,1,3,3] w = {{{KERNEL}}}, int64[1] zero = {{0}}, int64[1] one = {{1}}, int64 two = {{2}}, int64[1] six = {{6}}, "
    "int64[2] flat = {3, -1}, int64[1] rest = {-1}, float[1,9] table = {0,1,2,3,4,5,6,7,8}, int64[2] rows = {-1, 9}"
)
BODIES = {
    "a view by a rest": "y = Reshape(x, flat)",
    "a view by computed sizes": (
        "s = Shape(x)\nh = Slice(s, two1, three)\nm = Mul(h, six)\nt = Concat<axis = 0>(m, rest)\ny = Reshape(x, t)"
    ),
    "a share of a product": (
        "s = Shape(x)\nh = Slice(s, two1, three)\nm = Mul(h, six)\nd = Div(m, three)\n"
        "t = Concat<axis = 0>(d, rest)\ny = Reshape(x, t)"
    ),
    "windows joined": "a = MaxPool<kernel_shape = [2, 2]>(x)\nb = Conv<kernel_shape = [3, 3]>(x, w)\ny = Concat<axis = 1>(a, b)",
    "windows on products": (
        "f = Flatten<axis = 3>(x)\nu = Unsqueeze(f, zero)\nv = Unsqueeze(u, zero)\na = MaxPool<kernel_shape = [2, 2]>(v)\n"
        "b = MaxPool<kernel_shape = [3, 3]>(v)\ny = Add(a, b)"
    ),
    "two inputs": "a = Add(x, z)\ny = MatMul(a, x)",
    "sizes told apart": "s = Shape(x)\ne = Equal(s, minus)\nt = Where(e, s, minus)\ny = Reshape(x, t)",
    "what only data decides": "n = NonZero(x)\nf = Cast<to = 1>(n)\ng = Reshape(f, rows)\ny = Concat<axis = 0>(g, g)",
    "repeated": "s = Shape(x)\nh = Slice(s, two1, three)\nt = Concat<axis = 0>(one, h)\na = Tile(table, t)\ny = Reshape(a, rows)",
}
MORE = ", int64[1] two1 = {2}, int64[1] three = {3}, int64[4] minus = {-1, -1, -1, -1}"


def model(body: str, names: tuple[str, ...]) -> ModelProto:
    """A model of three dims, H twice, called as said."""
    made = Example(body, inputs="float[B,1,H,W] x, float[H,W] z", weights=WEIGHTS + MORE).model
    known = dict(zip("BHW", names, strict=True))
    for graph in graphs(made.graph):
        for info in graph.input:
            for dim in info.type.tensor_type.shape.dim:
                if dim.dim_param:
                    dim.dim_param = known[dim.dim_param]
    return made


def found(made: ModelProto) -> list[object]:
    return [facets(node) for node in Facts.of(made).nodes]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_names_of_dims_decide_nothing(body: str) -> None:
    plain = found(model(body, ("B", "H", "W")))
    for at in range(len(ODD)):
        names = (ODD[at], ODD[at - 1], ODD[at - 2])
        assert found(model(body, names)) == plain, names


@pytest.mark.parametrize("name", ["3*H", "2*H + 1", "unk__0", "open__0", "?", "größe"])
def test_findings_are_those_of_a_model_with_plain_names(name: str) -> None:
    from graphfix.api import lint
    from graphfix.tables.table import targets

    def told(made: ModelProto) -> list[object]:
        return [
            [(one.code, one.node) for one in lint(made, target).findings if one.op not in ("", "@model")] for target in targets()
        ]

    body = BODIES["a share of a product"]
    assert told(model(body, ("B", name, "W"))) == told(model(body, ("B", "D", "W")))


def test_a_product_of_an_odd_name_is_not_read_again() -> None:
    made = model("s = Shape(x)\nh = Slice(s, two1, three)\ny = Mul(h, six)", ("B", "2*N + 1", "W"))
    value = Facts.of(made).value("y")
    assert value is not None
    assert value.sizes is not None
    assert shown(str(value.sizes[0])) == "6*(2*N + 1)"


def test_dims_without_a_name_are_not_those_that_are_called_so() -> None:
    made = Example("y = Add(x, z)", inputs="float[A,2] x, float[B,2] z").model
    made.graph.input[0].type.tensor_type.shape.dim[0].Clear()
    made.graph.input[1].type.tensor_type.shape.dim[0].dim_param = "x.0"
    facts = Facts.of(made)
    one, other = (facts.value(name) for name in "xz")
    assert one is not None
    assert other is not None
    assert one.shape != other.shape


def test_an_empty_name_is_none() -> None:
    made = Example("y = Relu(x)", inputs="float[A,2] x").model
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_param = ""
    value = Facts.of(made).value("y")
    assert value is not None
    assert value.shape == ("x.0", 2)


@pytest.mark.parametrize("name", ODD)
def test_messages_have_the_names_of_the_model(name: str) -> None:
    assert shown(quoted(name)) == name
    assert not is_fresh(quoted(name))
    assert not is_untold(quoted(name))
    made = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[K, L] y) { y = Relu(x) }'
    )
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_param = name
    surgery = GraphEditor(made, "test")
    sizes = Tracer(surgery).shape(surgery.top.inputs[0])
    assert sizes is not None
    assert str(sizes[0]) == name


@pytest.mark.parametrize("name", ["N", "batch_size", "größe"])
def test_plain_names_are_written_as_they_are(name: str) -> None:
    assert quoted(name) == name


def test_names_made_here_are_known_in_products() -> None:
    assert is_fresh("2*W*open__3")
    assert not is_fresh("my_open__3")
    assert is_untold("open__3__untold*z")
    assert not is_untold("open__3*z")
