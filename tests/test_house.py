"""The house polices itself: sizes, names, imports and documentation."""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphfix
from graphfix.cli.blas_threads import BLAS_THREADS
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Safety
from graphfix.version import VERSION

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "graphfix").rglob("*.py"))
HEAVY = ("onnxruntime", "torch", "tensorflow", "openvino", "tract", "coremltools", "tensorrt", "onnx2tf", "onnx_graphsurgeon",
         "onnxsim", "networkx", "rich")  # fmt: skip


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
        'assert \'"rewrite": {"name"\' in said.getvalue()\n'  # findings that name rewrites, which is no reason to import one
        "assert not os.path.isdir('/proc/self/task') or len(os.listdir('/proc/self/task')) == 1\n"
        f"assert {BLAS_THREADS!r} not in os.environ\n"
        "print(*sys.modules)"
    )
    fresh = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    fresh.pop(BLAS_THREADS, None)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=fresh)
    loaded = run.stdout.split()
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


@pytest.mark.parametrize("name", registry())
def test_rewrite_names_match_their_files(name: str) -> None:
    rewrite = registry()[name]
    package, _, module = type(rewrite).__module__.rpartition(".")
    assert module == name.replace("-", "_")
    assert package == "graphfix.rewrites" or package.startswith("graphfix.rewrites.")
    assert rewrite.title
    assert rewrite.fires or rewrite.everywhere or rewrite.safety is Safety.INTERFACE


PACKAGES = (
    "errors", "version", "ir", "analysis", "tables", "verify", "linter", "rewriting", "rewrites", "precision", "backends",
    "pruning", "quantizing", "probe", "lowering", "report", "cli", "api",
)  # fmt: skip
"""Packages and modules in the order in which they may import each other: only what stands before."""
BESIDE = {"verify": "tables"}
"""What stands in one place of the order with another: neither imports the other."""


def module_of(path: Path) -> str:
    """The dotted name of a source file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def imports() -> dict[str, set[str]]:
    """The modules of graphfix that each module imports, at any depth: inside functions and for type checking, too."""
    known = {module_of(path) for path in SOURCES}
    found: dict[str, set[str]] = {name: set() for name in known}
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = [*path.relative_to(ROOT).parts[: -node.level]] if node.level else []
                home = ".".join([*base, *([node.module] if node.module else [])])
                whole = [f"{home}.{alias.name}" for alias in node.names]
                names = [name if name in known else home for name in whole]
            found[module_of(path)].update(name for name in names if name in known)
    return found


def package(module: str) -> str:
    """The package of the order in which a module stands; empty for the package graphfix itself."""
    return module.split(".")[1] if "." in module else ""


def test_imports_follow_the_order_of_packages() -> None:
    places = {name: place for place, name in enumerate(PACKAGES)}
    upward = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if package(module) in places
        and (places.get(package(other), len(PACKAGES)) > places[package(module)] or BESIDE.get(package(module)) == package(other))
    ]
    assert not upward


def test_imports_form_no_circle() -> None:
    left = {module: set(others) for module, others in imports().items()}
    left[""] = set()
    while ready := [module for module, others in left.items() if not others & left.keys()]:
        for module in ready:
            del left[module]
    assert not left, f"each of these imports another of them: {sorted(left)}"


def test_every_module_stands_in_a_package_of_the_order() -> None:
    assert {path.stem for path in (ROOT / "graphfix").glob("*.py")} == {"__init__", "__main__", "api", "errors", "version"}
    assert {path.parent.name for path in (ROOT / "graphfix").glob("*/__init__.py")} < set(PACKAGES)


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name == "__init__.py"], ids=lambda path: str(path.parent.name))
def test_every_package_says_what_lives_there(path: Path) -> None:
    said = ast.get_docstring(parsed(path))
    assert said
    assert said.partition("\n")[0].endswith(".")
    if path.parent.parent.name == "graphfix":
        assert "\n\n" in said, "a second paragraph says what may not live here"
