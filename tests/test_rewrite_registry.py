"""The registry finds rewrites in folders at any depth and imports no neighbour; what it holds keeps nothing of a model."""

from __future__ import annotations

import ast
import copy
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest

import graphfix
from graphfix.rewrites.interface.requests import requested_interface
from graphfix.rewriting.registry import defined, modules, registry
from graphfix.rewriting.rewrite import Rewrite
from graphfix.verify.feed_adapter import Adapted

ROOT = Path(graphfix.__file__).parent


@pytest.fixture
def nested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package with a rewrite two folders deep, and a neighbour that must not be imported."""
    deep = tmp_path / "nested_rewrites" / "theme" / "part"
    deep.mkdir(parents=True)
    for folder in (deep, deep.parent, deep.parent.parent):
        (folder / "__init__.py").write_text('"""A package."""\n')
    source = (
        (ROOT / "rewrites" / "interface" / "drop_unused.py").read_text().replace('name = "drop-unused"', 'name = "drop-more"')
    )
    (deep / "drop_more.py").write_text(source)
    (deep.parent / "neighbour.py").write_text('raise AssertionError("nobody needs this")\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("nested_rewrites")
    for name in [name for name in sys.modules if name.startswith("nested_rewrites")]:
        del sys.modules[name]


def test_rewrites_in_folders_are_found_and_their_neighbours_are_left_alone(nested: ModuleType) -> None:
    found = list(modules(nested))
    assert [module.__name__ for module in found] == ["nested_rewrites.theme.part.drop_more"]
    assert [rewrite.name for module in found for rewrite in defined(module)] == ["drop-more"]


def _named(path: Path) -> Iterator[str]:
    """The names of the rewrites that a source defines."""
    for node in ast.parse(path.read_text()).body:
        for item in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(item, ast.Assign) and [ast.unparse(target) for target in item.targets] == ["name"]:
                yield str(ast.literal_eval(item.value))


def test_every_name_in_a_source_is_in_the_registry_and_that_of_its_file() -> None:
    written = [(name, path) for path in (ROOT / "rewrites").rglob("*.py") for name in _named(path)]
    assert sorted(name for name, _ in written) == sorted(registry())
    assert [path for name, path in written if path.stem != name.replace("-", "_")] == []


@pytest.mark.parametrize("rewrite", registry().values(), ids=registry())
def test_a_rewrite_holds_nothing_of_the_models_it_was_applied_to(rewrite: Rewrite) -> None:
    before = copy.deepcopy(vars(rewrite))
    for case in (*rewrite.fires, *rewrite.declines):
        rewrite.apply(onnx.parser.parse_model(case.text))
        assert vars(rewrite) == before


BATCHED = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4] {name}, float[1, 3] unread) => (float[1, 4] y) {{
               y = Relu({name}) }}"""


def test_two_models_that_one_interface_rewrite_is_applied_to_in_turn_do_not_mix() -> None:
    first, second = (onnx.parser.parse_model(BATCHED.format(name=name)) for name in ("x", "z"))
    single = onnx.parser.parse_model(BATCHED.format(name="x").replace(", float[1, 3] unread", ""))
    for asked in requested_interface(first, free_batch=True, drop_unused=True, drop_outputs=[]):
        before = copy.deepcopy(vars(asked))
        outcomes = [asked.apply(model) for model in (first, second, single)]
        assert vars(asked) == before
        for name, model, outcome in zip("xz", (first, second), outcomes, strict=False):
            assert outcome.adapt is not None
            feed = {name: np.ones((1, 4), np.float32), "unread": np.ones((1, 3), np.float32)}
            made = outcome.adapt(Adapted((feed,), feed))
            if asked.name == "drop-unused":
                assert outcome.changed == ("unread",)
                assert set(made.new) == {name}
            else:
                assert outcome.changed == (f"{name}, unread",)
                assert {key: array.shape[0] for key, array in made.new.items()} == {name: 2, "unread": 2}
            assert model.graph.input[0].name == name
