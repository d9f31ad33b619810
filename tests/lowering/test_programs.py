"""The programs that lowering is tested with: each says what becomes of it and marks its lines."""

import ast

import pytest
from marks import NAMES, PROGRAMS, marks

ANSWERS = {True, False, "differs"}


@pytest.mark.parametrize("name", NAMES)
def test_program_says_what_becomes_of_it(name: str) -> None:
    tree = ast.parse((PROGRAMS / f"{name}.py").read_text("utf-8"))
    told = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    exporters = ast.literal_eval(told["EXPORTERS"])
    assert list(exporters) == ["dynamo", "trace", "script"]
    assert set(exporters.values()) <= ANSWERS
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"make", "example_inputs"} <= defined
    assert "differs" not in exporters.values() or "other_inputs" in defined, "say on which inputs it differs"
    assert all(shape.partition("=")[2] for shape in ast.literal_eval(told["SHAPES"])), "say which input"


@pytest.mark.parametrize("name", NAMES)
def test_marks_stand_on_lines_of_forward_code(name: str) -> None:
    tree = ast.parse((PROGRAMS / f"{name}.py").read_text("utf-8"))
    forwards = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name not in ("__init__", "example_inputs")
    ]
    lines = {line for one in forwards for line in range(one.lineno, (one.end_lineno or 0) + 1)}
    assert marks(name).keys() <= lines
    assert len(marks(name)) >= 4
