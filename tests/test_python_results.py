"""What the Python functions return in a prompt, in print and in a notebook, and the names that completion offers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import onnx
import pytest
from onnx import helper

import graphfix
from graphfix.cli.app import main
from graphfix.linter.example import Example

Write = Callable[..., Path]
MISH = Example("m = Mish(x)\ny = Relu(m)")
ONE_LINE = 400


class Balanced(HTMLParser):
    """Fails on a tag that is closed without having been opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_dir_lists_what_is_public_before_anything_was_used() -> None:
    code = "import graphfix; print(*(name for name in dir(graphfix) if not name.startswith('_')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [name for name in graphfix.__all__ if not name.startswith("_")]
    assert {"lint", "fix", "compile", "lower", "paths"} <= set(done.stdout.split())


def test_completion_in_a_prompt_offers_the_functions() -> None:
    from rlcompleter import Completer

    completer = Completer({"graphfix": graphfix})
    assert str(completer.complete("graphfix.li", 0)).startswith("graphfix.lint")
    assert completer.complete("graphfix.li", 1) is None
    assert completer.complete("graphfix.err", 0) is None, "a submodule is no public name"


@pytest.mark.usefixtures("demo")
def test_reports_are_short_in_a_prompt() -> None:
    report = graphfix.lint(MISH.model, "demo")
    assert repr(report) == "<Report: rejected by demo 1.0 (1 error)>"
    assert repr(report.results[0]).startswith("<Result: rejected by demo 1.0, ")
    (error,) = [found for found in report.findings if found.severity == "error"]
    assert repr(error).startswith("<Finding GF101 unsupported-operator for demo at ")
    assert "GF101" in str(report)


@pytest.mark.usefixtures("demo")
def test_a_fixed_model_is_short_in_a_prompt_and_a_table_in_a_notebook() -> None:
    fixed = graphfix.fix(Example("y = Softmax(x)", inputs="float[n,m] x").model, "demo", shapes={"x": "2x3"})
    assert repr(fixed) == "<Fixed: 1 rewrite applied, verified; accepted by demo 1.0>"
    text = fixed._repr_html_()
    Balanced(text)
    assert "<td>freeze-dims</td><td>interface</td><td>1</td>" in text
    assert "accepted</b>" in text
    unchanged = graphfix.fix(Example("y = Relu(x)").model, "demo")
    assert "nothing was changed" in repr(unchanged)
    assert "nothing was changed" in unchanged._repr_html_()


@pytest.mark.usefixtures("picky")
@pytest.mark.parametrize("in_memory", [False, True])
def test_paths_tries_all_means_and_shows_itself(write: Write, in_memory: bool) -> None:
    path = write(Example("y = Softmax(x)", inputs="float[n,m] x"))
    found = graphfix.paths(onnx.load(path) if in_memory else path, "demo", shapes={"x": [2, 3]})
    assert found.targets == ("demo",)
    assert found.reached == ["demo"]
    assert repr(found).startswith("<Paths: 1 of 1 targets reached; demo ")
    assert len(repr(found)) < ONE_LINE
    assert "--shape=x=2x3" in found.best("demo").command, "the command binds what the call bound"
    assert "exporter" in str(found)
    assert found.to_json()["reached"] == ["demo"]
    Balanced(found._repr_html_())
    assert "<th>demo</th>" in found._repr_html_()


@pytest.mark.compiler
def test_what_compile_returns_is_short_in_a_prompt(picky: object, write: Write, tmp_path: Path) -> None:
    made = graphfix.compile(write(Example("y = Relu(x)")), "demo", tmp_path / "out.demo")
    assert repr(made) == f"<Compiled: accepted by demo 1.0, wrote {tmp_path / 'out.demo'}>"


BROKEN = helper.make_model(
    helper.make_graph(
        [helper.make_node("Relu", ["nope"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, [1])],
        [helper.make_tensor_value_info("y", 1, [1])],
    )
)


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("words", "call"),
    [
        (["none.onnx", "--target", "demo"], lambda path: graphfix.lint("none.onnx", "demo")),
        (["https://a.b/c.onnx", "--target", "demo"], lambda path: graphfix.lint("https://a.b/c.onnx", "demo")),
        (["PATH", "--target", "dmo"], lambda path: graphfix.lint(path, "dmo")),
        (["PATH", "--target", "demo", "--shape", "z=1"], lambda path: graphfix.lint(path, "demo", shapes={"z": [1]})),
        (["PATH", "--target", "demo", "--shape", "x=1xx"], lambda path: graphfix.lint(path, "demo", shapes={"x": "1xx"})),
        (["PATH", "--target", "demo", "--set", "q=1"], lambda path: graphfix.lint(path, "demo", values={"q": 1})),
    ],
    ids=["file", "url", "target", "input", "shape", "value"],
)
def test_an_exception_says_what_the_command_says(
    write: Write, words: list[str], call: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(Example("y = Relu(x)"))
    assert main(["lint", *(str(path) if word == "PATH" else word for word in words), "--isolated"]) == 2
    said = capsys.readouterr().err.strip()
    with pytest.raises(graphfix.GraphfixError) as caught:
        call(path)
    assert said == f"graphfix: {caught.value}"


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: graphfix.lint(BROKEN, "demo"), "reads `nope`, which nothing makes"),
        (lambda: graphfix.fix(BROKEN, "demo"), "reads `nope`, which nothing makes"),
        (lambda: graphfix.lint(MISH.model, []), "no target is given; name one of demo, draft, or all"),
        (lambda: graphfix.fix(MISH.model, "demo", allow=["aproximate"]), "did you mean `approximate`?"),
    ],
)
def test_what_cannot_be_done_is_an_error(call: Callable[[], object], part: str) -> None:
    with pytest.raises(graphfix.GraphfixError, match=part.replace("?", r"\?")):
        call()


@pytest.mark.usefixtures("demo")
def test_all_means_every_target() -> None:
    assert [result.target for result in graphfix.lint(MISH.model, "all").results] == ["demo"]
