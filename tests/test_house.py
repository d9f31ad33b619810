"""The house polices itself: sizes, names, imports and documentation."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphfix
from graphfix.cli.app import BLAS_THREADS
from graphfix.linter.remedy_index import GRAIN
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Safety
from graphfix.version import VERSION

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "graphfix").rglob("*.py"))
HEAVY = ("onnxruntime", "torch", "tensorflow", "openvino", "tract", "coremltools", "tensorrt", "onnx2tf", "onnx_graphsurgeon",
         "onnxsim", "networkx", "rich")  # fmt: skip
STOOD_ON = {"rewrite", "graph_rewrite", "rewrite_registry", "surgeon", "imported", "closing", "draft", "spelling", "book",
            "builder", "emission", "taken", "cells", "unrolling", "rounds", "transaction", "planner", "sharing",
            "inheritance"}  # fmt: skip
"""Modules, wherever they lie, of which none may import itself by way of others."""


@functools.cache
def parsed(path: Path) -> ast.Module:
    """A source as Python reads it."""
    return ast.parse(path.read_text())


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """A module and every statement in it at any depth, without looking into expressions."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from statements(child)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_one_room_with_a_docstring(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    assert path.stem not in ("utils", "util", "helpers", "common", "misc")
    if text.strip():
        assert ast.get_docstring(parsed(path)) or path.name == "__main__.py"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_public_definition_says_what_it_is(path: Path) -> None:
    inherited = {"check", "apply", "edit", "guard", "replacement", "constants", "numbers", "sites", "compose", "draw", "write",
                 "reform", "adapt", "idle", "asked", "label"}  # fmt: skip
    for node in statements(parsed(path)):
        if isinstance(node, ast.Module | ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef | ast.ClassDef) and not item.name.startswith("_"):
                    assert ast.get_docstring(item) or item.name in inherited, f"{path.name}: {item.name}"


def test_linting_imports_nothing_heavy_and_no_rewrite_and_starts_no_thread(tmp_path: Path) -> None:
    code = (
        "import sys, io, contextlib, os\n"
        "from graphfix.cli.app import main\n"
        f"words = ['lint', {str(ROOT / 'fixtures/models/speech.onnx')!r}, '--target', 'all', '--output-format', 'json']\n"
        "with contextlib.redirect_stdout(io.StringIO()) as said:\n"
        "    assert main([*words, '--isolated']) == 1\n"
        "assert 'decompose-' in said.getvalue()\n"  # findings that name rewrites, which is no reason to import one
        "assert not os.path.isdir('/proc/self/task') or len(os.listdir('/proc/self/task')) == 1\n"
        f"assert {BLAS_THREADS!r} not in os.environ\n"
        "print(*sys.modules)"
    )
    fresh = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    fresh.pop(BLAS_THREADS, None)
    for turn in range(4):  # the first makes the index of remedies, unless a source has changed this very moment
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=fresh)
        loaded = run.stdout.split()
        if turn and "graphfix.rewrites" not in loaded:
            break
        time.sleep(turn * GRAIN)
    packages = {name.partition(".")[0] for name in loaded}
    assert packages.isdisjoint(HEAVY), sorted(packages & set(HEAVY))
    assert "onnx" in packages
    assert not [
        name
        for name in loaded
        if name.startswith(("graphfix.rewrites", "graphfix.rewriting.rewrite", "graphfix.rewriting.editor"))
    ]


def test_public_names_exist_and_are_sorted() -> None:
    assert all(getattr(graphfix, name) is not None for name in graphfix.__all__)
    assert graphfix.__all__ == sorted(graphfix.__all__)
    with pytest.raises(AttributeError):
        _ = graphfix.nothing


def test_changelog_knows_the_version() -> None:
    assert f"## {VERSION}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_package_is_in_the_wheel() -> None:
    declared = set(
        re.findall(r'"(graphfix[\w.]*)"', (ROOT / "pyproject.toml").read_text().partition("packages = [")[2].partition("]")[0])
    )
    found = {".".join(p.parent.relative_to(ROOT).parts) for p in SOURCES}
    assert found | {"graphfix.rules"} == declared


@pytest.mark.parametrize("name", registry())
def test_rewrite_names_match_their_files(name: str) -> None:
    rewrite = registry()[name]
    package, _, module = type(rewrite).__module__.rpartition(".")
    assert module == name.replace("-", "_")
    assert package == "graphfix.rewrites" or package.startswith("graphfix.rewrites.")
    assert rewrite.title
    assert rewrite.fires or rewrite.everywhere or rewrite.safety is Safety.INTERFACE


def test_no_circle_of_imports_runs_through_what_rewrites_stand_on() -> None:
    """Imports within functions and those for types alone count."""
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SOURCES}
    known = set(names.values())
    graph: dict[str, set[str]] = {}
    for path, name in names.items():
        found = graph[name] = set()
        for node in statements(parsed(path)):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {whole if (whole := f"{node.module}.{item.name}") in known else node.module for item in node.names}
            elif isinstance(node, ast.Import):
                found |= {item.name for item in node.names}
        found &= known - {"graphfix"}

    def reached(start: str) -> set[str]:
        seen, waiting = set[str](), [start]
        while waiting:
            new = graph[waiting.pop()] - seen
            seen |= new
            waiting += new
        return seen

    rooms = {name for name in known if name.rpartition(".")[2] in STOOD_ON}
    assert len(rooms) == len(STOOD_ON)
    assert [name for name in sorted(rooms) if name in reached(name)] == []
