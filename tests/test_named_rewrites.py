"""fix --rewrite: what the user asks for by name is applied, verified like all else, or it is said why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from graphfix.cli.app import main
from graphfix.linter.diagnostics import Result
from graphfix.linter.example import Example
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.pipeline import fix_model
from graphfix.rewriting.requested import parse_rewrites

Write = Callable[..., Path]
GELU = Example(
    "d = Div(x, r)\ne = Erf(d)\na = Add(e, one)\nm = Mul(x, a)\ny = Mul(m, half)",
    weights="float r = {1.4142135}, float one = {1.0}, float half = {0.5}",
)
TWO = Example("a = Softplus(x)\nb = Exp(a)\ny = Softplus(b)")
pytestmark = pytest.mark.usefixtures("demo")


def fixed(capsys: pytest.CaptureFixture[str], path: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    out = path.parent / "out.onnx"
    code = main(["fix", str(path), "-t", "demo", "-o", str(out), "--force", "--isolated", "--output-format", "json", *more])
    said = capsys.readouterr()
    return code, json.loads(said.out)["results"][0] if said.out else {}, said.err


def ops(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node]


def test_supported_nodes_are_rewritten_by_name_alone(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(GELU)
    _, plain, _ = fixed(capsys, path)
    assert plain["changes"] == []
    code, result, said = fixed(capsys, path, "--rewrite", "decompose-gelu")
    assert (code, said) == (0, "")
    assert [(c["rewrite"], c["applied"]) for c in result["changes"]] == [("decompose-gelu", True)]
    assert result["verification"]["inputs"] >= 3
    assert ops(path.parent / "out.onnx") == ["Div", "Erf", "Mul", "Add", "Mul"]


def test_a_rewrite_is_restricted_to_an_operator_or_a_node(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(TWO)
    everywhere = fixed(capsys, path, "--rewrite", "expand-function")[1]
    assert len([c for c in everywhere["changes"] if c["applied"] and c["rewrite"] == "expand-function"]) == 2
    one = fixed(capsys, path, "--rewrite", "expand-function:y")[1]
    assert [c["node"] for c in one["changes"] if c["applied"] and c["rewrite"] == "expand-function"] == ["y"]
    by_op = fixed(capsys, path, "--rewrite", "expand-function:Softplus")[1]
    assert len([c for c in by_op["changes"] if c["applied"] and c["rewrite"] == "expand-function"]) == 2
    code, none, said = fixed(capsys, path, "--rewrite", "expand-function:Gelu")
    assert code == 1
    assert "expand-function:Gelu applied nowhere: no node is a `Gelu`" in said
    assert any(c["rewrite"] == "expand-function" and not c["applied"] for c in none["changes"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("decompose-gelo", "no rewrite is called `decompose-gelo`; did you mean `decompose-gelu`?"),
        ("gelu-to-tanh", "`gelu-to-tanh` is approximate; add --allow approximate"),
        ("fold-normalization:Conv", "acts on the whole model"),
        ("switch-layout", "changes the interface"),
    ],
)
def test_what_cannot_be_asked_for_is_an_error_of_usage(
    words: str, said: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(GELU)
    code, result, err = fixed(capsys, path, "--rewrite", words)
    assert (code, result) == (2, {})
    assert said in err
    assert not (path.parent / "out.onnx").exists()


def test_an_approximate_rewrite_is_applied_where_it_is_allowed(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    code, result, _ = fixed(capsys, write(GELU), "--rewrite", "erf-to-tanh", "--allow", "approximate")
    assert code == 0
    assert [c["safety"] for c in result["changes"] if c["applied"]] == ["approximate"]


def test_a_rewrite_that_fits_nowhere_exits_with_1_and_says_why(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Relu(x)"))
    code, result, said = fixed(capsys, path, "--rewrite", "decompose-gelu")
    assert code == 1
    assert result["verdict"] == "accepted"
    assert said == "graphfix: decompose-gelu applied nowhere: the model has no node that it fits\n"
    assert (path.parent / "out.onnx").exists()


def test_the_same_name_twice_is_one_request() -> None:
    found = parse_rewrites(["decompose-gelu, decompose-gelu:Erf", "decompose-gelu"], {"exact"})
    assert [str(one) for one in found] == ["decompose-gelu", "decompose-gelu:Erf"]


def test_a_last_resort_may_be_asked_for_without_a_finding() -> None:
    given = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x) => (float[2,3] y) { a = Identity(x) y = Relu(a) }'
    )
    wanted = parse_rewrites(["drop-identity"], {"exact"})
    result = fix_model(given, lambda _: [Result("", "demo", "1")], FixOptions(rewrites=wanted))
    assert [node.op_type for node in result.model.graph.node] == ["Relu"]
    assert result.unmet == ()
