"""The laws of a model: each broken once, and the lawful oddities that must pass."""

from __future__ import annotations

import random
import time

import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.errors import ModelError
from graphfix.ir import verifier as spec

HEAD = '<ir_version: 9, opset_import: ["": 18]>\n'
CHAIN = HEAD + "main (float[2] x) => (float[2] y) { h = Relu(x) y = Abs(h) }"


def model(text: str = CHAIN) -> ModelProto:
    return parser.parse_model(text)


def laws(broken: ModelProto) -> list[str]:
    return [violation.law for violation in spec.violations(broken)]


def said(broken: ModelProto) -> str:
    with pytest.raises(ModelError) as caught:
        spec.check(broken, "m.onnx")
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        CHAIN,
        HEAD + "main (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }",
        HEAD + "main (float[2] x) => (float[2] x) { y = Relu(x) }",
        HEAD + "main (float[2] x) => (float[2] y, float[2] y) { y = Relu(x) }",
        HEAD + "main (float[2, 2] x) => (float[2, 2] y) { y = Dropout(x, , ) }",
        HEAD + "main (float[2] x) => (float[2] y) { y = NotAnOperator(x) }",
        # Siblings may use the same names, and a body's input may hide a value of the outer graph.
        HEAD
        + """main (bool c, int64 n, float[2] x) => (float[2] y, float[2] z) {
            y = If(c) <then_branch = t () => (float[2] a) { a = Relu(x) },
                       else_branch = e () => (float[2] a) { a = Abs(x) }>
            z = Loop(n, c, x) <body = b (int64 n, bool c, float[2] x) => (bool k, float[2] a) {
                k = Identity(c) a = Relu(x) }> }""",
        """<ir_version: 9, opset_import: ["ai.onnx": 18, "local": 1]>
        main (float[2] x) => (float[2] y) { y = local.f(x) }
        <domain: "local", opset_import: ["": 18]> f (a) => (b) { b = Relu(a) }""",
    ],
)
def test_lawful_models_pass(text: str) -> None:
    assert laws(model(text)) == []
    spec.check(model(text), "m.onnx")


@pytest.mark.parametrize(
    "text",
    [
        "main (float[2] x) => (float[2] y) { y = Abs(h) h = Relu(x) }",
        "main (bool c, float[2] x) => (float[2] y) { y = If(c) <then_branch = t () => (float[2] a)"
        " { a = Abs(h) }, else_branch = e () => (float[2] a) { a = Abs(x) }> h = Abs(x) }",
    ],
)
def test_another_order_of_nodes_is_a_violation_that_passes(text: str) -> None:
    assert [violation.law for violation in spec.violations(model(HEAD + text))] == ["unsorted"]
    assert "reads `h` before" in next(spec.violations(model(HEAD + text))).message
    spec.check(model(HEAD + text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("main (float[2] x) => (float[2] y) { y = Abs(h) }", "reads `h`, which nothing makes"),
        ("main (float[2] x) => (float[2] y) { h = Add(x, y) y = Abs(h) }", "the graph has a cycle: `"),
        ("main (float[2] x) => (float[2] y) { y = Add(x, y) }", "the graph has a cycle: `y` -> `y`"),
        ("main (float[2] x) => (float[2] y) { y = Abs(x) y = Relu(x) }", "`y` is made twice"),
        ("main (float[2] x) => (float[2] y) { y, y = Split <axis = 0> (x) }", "`y` is made twice"),
        ("main (float[2] x) => (float[2] y) { x = Abs(x) y = Abs(x) }", "`x` is made twice"),
        ("main (float[2] x, float[2] x) => (float[2] y) { y = Abs(x) }", "input `x` is there twice"),
        ("main (float[2] x) => (float[2] y, float[2] z) { y = Abs(x) }", "output `z` is not made"),
        ("main (float[2] x) => (float[2] y) { y = custom.Op(x) }", "`custom`, which is not imported"),
        (
            "main (bool c, float[2] x) => (float[2] y) { h = Abs(x) y = If(c) <then_branch = t () => (float[2] h)"
            " { h = Relu(x) }, else_branch = e () => (float[2] a) { a = Abs(x) }> }",
            "`h` is made again inside a subgraph",
        ),
        (
            "main (bool c, float[2] x) => (float[2] y) { y = If(c) <then_branch = t () => (float[2] x) { },"
            " else_branch = e () => (float[2] a) { a = Abs(x) }> }",
            "output `x` is a value of the outer graph",
        ),
        (
            "main (bool c, float[2] x) => (float[2] y) { y = If(c) <then_branch = t () => (float[2] a)"
            " { a = Abs(y) }, else_branch = e () => (float[2] a) { a = Abs(x) }> }",
            "the graph has a cycle: `y` -> `y` (in then_branch of y)",
        ),
    ],
)
def test_broken_laws_of_names_and_order_are_named(text: str, message: str) -> None:
    assert message in said(model(HEAD + text))


def readerless(op: str, operands: list[str]) -> ModelProto:
    """One node that reads nothing, its operands left out."""
    node = helper.make_node(op, operands, ["y"], name="n")
    graph = helper.make_graph([node], "g", [], [helper.make_empty_tensor_value_info("y")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.mark.parametrize("operands", [[], [""]])
def test_a_node_without_an_operand_that_it_needs_is_named(operands: list[str]) -> None:
    assert "node `n` has no operand, Add needs one" in said(readerless("Add", operands))
    for op in ("RandomNormal", "SequenceEmpty", "Loop", "Unknown"):
        assert laws(readerless(op, operands)) == []


def test_of_nodes_without_operands_those_that_pass_are_inferred() -> None:
    for op in sorted({schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain}):
        for operands in ([], [""]):
            given = readerless(op, operands)
            if not laws(given):
                for node in Facts.of(given).nodes:
                    facets(node)


def test_a_cycle_is_told_once() -> None:
    text = "main (float[2] x) => (float[2] d) { a = Add(x, c) b = Add(a, d) c = Abs(b) d = Abs(c) }"
    assert laws(model(HEAD + text)) == ["cyclic"]


def test_all_violations_are_listed_in_linear_time() -> None:
    count = 10_000
    nodes = [helper.make_node("Relu", [f"v{i + 1}"], [f"v{i}"]) for i in range(count)]
    ends = [helper.make_tensor_value_info(name, 1, [2]) for name in (f"v{count}", "v0")]
    backwards = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:]), ir_version=9)
    start = time.perf_counter()
    assert laws(backwards) == ["unsorted"] * (count - 1)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("domain", "version", "message"),
    [
        ("", 99, f"opset 99 of `ai.onnx` is newer than {onnx.defs.onnx_opset_version()}"),
        ("ai.onnx", 17, "`ai.onnx` is imported at two versions"),
        ("", 0, "`ai.onnx` is imported at opset 0"),
        ("ai.onnx.ml", 99, "opset 99 of `ai.onnx.ml` is newer"),
        ("theirs", -3, "`theirs` is imported at opset -3"),
    ],
)
def test_unknown_opsets_are_refused(domain: str, version: int, message: str) -> None:
    broken = model()
    if domain == "":
        broken.opset_import[0].version = version
    else:
        broken.opset_import.add(domain=domain, version=version)
    assert message in said(broken)


def test_an_opset_of_someone_elses_domain_may_be_any() -> None:
    lawful = model()
    lawful.opset_import.add(domain="com.example", version=1000)
    assert laws(lawful) == []


def test_a_newer_or_missing_ir_version_is_refused() -> None:
    broken = model()
    broken.ir_version = onnx.IR_VERSION + 1
    assert "upgrade onnx" in said(broken)
    broken.ClearField("ir_version")
    assert "no IR version" in said(broken)


def test_a_model_without_imports_is_refused() -> None:
    broken = model()
    del broken.opset_import[:]
    assert "imports no opset" in said(broken)


@pytest.mark.parametrize(
    ("dims", "message"),
    [([-2], "has a dimension of -2"), ([2**31, 2**32], "2**63 elements or more")],
)
def test_absurd_dims_of_an_input_are_refused(dims: list[int], message: str) -> None:
    broken = model()
    broken.graph.input[0].type.CopyFrom(helper.make_tensor_type_proto(1, dims))
    assert message in said(broken)


def test_minus_one_stands_for_an_unknown_dim() -> None:
    lenient = model()
    lenient.graph.input[0].type.CopyFrom(helper.make_tensor_type_proto(1, [-1, "N", 3]))
    assert laws(lenient) == []


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (TensorProto(data_type=1, dims=[-1], float_data=[1]), "has a dimension of -1"),
        (TensorProto(data_type=1, dims=[2**40, 2**40]), "2**63 elements or more"),
        (TensorProto(data_type=99, dims=[1]), "data type 99"),
        (TensorProto(dims=[1]), "data type 0"),
        (TensorProto(data_type=1, dims=[2], raw_data=b"1234"), "needs 8 bytes for float[2] but has 4"),
        (TensorProto(data_type=TensorProto.INT4, dims=[3], raw_data=b"1"), "needs 2 bytes for int4[3] but has 1"),
        (TensorProto(data_type=1, dims=[2], float_data=[1]), "needs 2 entries of float_data"),
        (TensorProto(data_type=TensorProto.COMPLEX64, dims=[2], float_data=[1, 1]), "needs 4 entries"),
        (TensorProto(data_type=1, dims=[2], int32_data=[1, 2]), "needs 2 entries of float_data"),
        (TensorProto(data_type=1, dims=[2]), "has no payload for float[2]"),
        (TensorProto(data_type=TensorProto.STRING, dims=[1], raw_data=b"a"), "keeps strings in raw_data"),
    ],
)
def test_broken_tensors_are_refused_wherever_they_are(tensor: TensorProto, message: str) -> None:
    tensor.name = "w"
    broken = model()
    broken.graph.initializer.append(tensor)
    assert "initializer `w` " in said(broken)
    assert message in said(broken)
    broken = model()
    broken.graph.node.insert(0, helper.make_node("Constant", [], ["k"], value=tensor))
    assert message in said(broken)


@pytest.mark.parametrize("kind", sorted(set(TensorProto.DataType.values()) - {TensorProto.UNDEFINED}))
def test_what_onnx_writes_is_never_called_broken(kind: int) -> None:
    values: list[object] = ["a", "b", "c"] if kind == TensorProto.STRING else [1, 0, 1]
    lawful = model()
    lawful.graph.initializer.append(helper.make_tensor("w", kind, [3], values))
    lawful.graph.initializer.append(helper.make_tensor("none", kind, [0], []))
    assert laws(lawful) == []


def test_a_node_without_an_operator_and_a_nameless_input_are_refused() -> None:
    broken = model()
    broken.graph.node[0].op_type = ""
    assert laws(broken) == ["operator"]
    broken = model()
    broken.graph.input.add(name="", type=helper.make_tensor_type_proto(1, [2]))
    assert laws(broken) == ["unnamed"]


def test_names_that_are_not_utf8_are_refused() -> None:
    data = model().SerializeToString().replace(b"Relu", b"Re\xffu")
    assert laws(ModelProto.FromString(data)) == ["encoding"]


def functions(*bodies: str) -> ModelProto:
    text = '<ir_version: 9, opset_import: ["": 18, "l": 1]>\nmain (float[2] x) => (float[2] y) { y = l.f(x) }\n'
    return model(text + "".join(f'<domain: "l", opset_import: ["": 18, "l": 1]> {body}\n' for body in bodies))


def test_functions_that_call_each_other_in_a_circle_are_refused() -> None:
    assert laws(functions("f (a) => (b) { b = l.g(a) }", "g (a) => (b) { b = Relu(a) }")) == []
    circular = functions("f (a) => (b) { b = l.g(a) }", "g (a) => (b) { b = l.f(a) }")
    assert laws(circular) == ["recursion"]
    assert "`l::f`" in said(circular)
    assert "`l::g`" in said(circular)


def test_the_bodies_of_functions_obey_the_same_laws() -> None:
    assert laws(functions("f (a) => (b) { b = Relu(c) }")) == ["undefined"]
    assert laws(functions("f (a) => (b) { b = other.Op(a) }")) == ["domain"]
    assert laws(functions("f (a) => (b) { b = Relu(a) }", "f (a) => (b) { b = Abs(a) }")) == ["duplicate"]
    assert "(in function f)" in said(functions("f (a) => (b) { c = Relu(a) }"))


def test_random_damage_never_raises() -> None:
    data = functions("f (a) => (b) { b = l.g(a) }", "g (a) => (b) { b = Relu(a) }").SerializeToString()
    chance = random.Random(3)
    found = set()
    for _ in range(2000):
        damaged = bytearray(data)
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read = ModelProto.FromString(bytes(damaged))
        except Exception:
            continue
        found.update(laws(read))
    assert {"undefined", "encoding", "domain"} <= found
