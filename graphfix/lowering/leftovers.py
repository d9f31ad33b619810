"""Findings on a torch.nn.Module that hinder its export, with their line of Python, without running the model.

This file is loaded by path in an interpreter that has torch: it imports the standard library alone, and the package
`reading` beside it, which follows `forward`. Modules of torch itself are not analysed. Modules of other installed packages
are, since their branches break or falsify an export too; but MINOR findings on lines there, which the user cannot change,
are dropped, and findings on the user's own lines come first.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Set
from typing import Any

KINDS = ("training-mode", "packed-sequence", "data-dependent-branch", "size-branch", "indexed-write", "size-arithmetic")
"""The kinds of findings, the most harmful first."""
MINOR = frozenset({"indexed-write", "size-arithmetic"})
MAX_NAMED = 3
"""The number of modules that a text lists before it only counts them."""
DROPOUT_CLASS = re.compile(r"_DropoutNd|DropPath|DropBlock\w*|StochasticDepth|DropConnect")
NORMALISATIONS = frozenset({"_BatchNorm", "_InstanceNorm"})
RECURSION_LIMIT = 20_000


def find_leftovers(model: Any, before: Set[str] = frozenset()) -> list[dict[str, Any]]:
    """Return all findings: `kind`, `module` (its path), `file`, `line` (0 where unknown) and `text`, a sentence.

    `model` is a torch.nn.Module as it is run; anything else has no findings. `before` are the paths of modules that were in
    training mode before `model.eval()`: those that no longer are get the `severity` of a note.
    """
    if not callable(getattr(model, "named_modules", None)):
        return []
    reading = _load_reading()
    found = [*_training_findings(model, before, reading), *_pinned_findings(model, reading), *_forward_findings(model, reading)]
    distinct = {(each["kind"], each["file"], each["line"], each["text"]): each for each in found}
    packaged = reading.functions.package_of
    kept = [each for each in distinct.values() if each["kind"] not in MINOR or not packaged(each["file"])]
    return sorted(kept, key=lambda each: (bool(packaged(each["file"])), KINDS.index(each["kind"]), each["file"], each["line"]))


def modules_in_training(model: Any) -> frozenset[str]:
    """Return the paths of the dropouts and normalisations of a torch.nn.Module that are in training mode."""
    named: Any = getattr(model, "named_modules", tuple)()
    return frozenset(path for path, module in named if getattr(module, "training", False) and _changes_in_training(module))


def _load_reading() -> Any:
    """Load the package `reading` beside this file by path."""
    name = "graphfix_reading"
    if name not in sys.modules:
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reading")
        init = os.path.join(folder, "__init__.py")
        spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[folder])
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def _forward_findings(model: Any, reading: Any) -> Iterator[dict[str, Any]]:
    """Yield the findings of following `forward`, from the root first and then from modules that were not reached."""
    walk = reading.Walk(model)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION_LIMIT))
    try:
        for _, module in model.named_modules():
            try:
                walk.visit(module)
            except reading.BudgetExceeded:
                break
            except Exception:  # a defect of the analysis must not stop an export
                walk.frames.clear()
    finally:
        sys.setrecursionlimit(limit)
    for (key, file, line), note in walk.notes.items():
        if key == "number" and (note in walk.explained or ("data-dependent-branch", file, line) in walk.notes):
            continue
        yield _entry(note.kind, note.module, file, line, note.text)


def _training_findings(model: Any, before: Set[str], reading: Any) -> Iterator[dict[str, Any]]:
    """Yield findings on dropouts and normalisations in training mode: one for all of a class that one line constructs."""
    groups: dict[tuple[bool, str, str, int], list[str]] = {}
    modules, in_training = dict(model.named_modules()), modules_in_training(model)
    for path in filter({*in_training, *before}.__contains__, modules):
        file, line = _construction_site(modules, path, reading)
        groups.setdefault((path in in_training, type(modules[path]).__name__, file, line), []).append(path)
    for (stays, name, file, line), paths in groups.items():
        named = ", ".join(f"`{path}`" for path in paths[:MAX_NAMED] if path)
        more = f" and {len(paths) - MAX_NAMED} more" if len(paths) > MAX_NAMED else ""
        count, verbs = (f"{len(paths)} `{name}` modules", ("were", "are")) if len(paths) > 1 else (f"a `{name}`", ("was", "is"))
        suffix = "" if stays else " before `model.eval()`"
        text = f"{count} {verbs[stays]} in training mode{suffix}{f': {named}{more}' if named else ''}"
        entry = _entry("training-mode", paths[0], file, line, text)
        yield entry if stays else {**entry, "severity": "note"}


def _changes_in_training(module: Any) -> bool:
    """Return whether a module computes something else in training mode, by dropout or batch statistics."""
    classes = {base.__name__ for base in type(module).__mro__}
    if any(map(DROPOUT_CLASS.fullmatch, classes)):
        rate = next((getattr(module, name) for name in ("p", "drop_prob", "drop_rate") if hasattr(module, name)), 1.0)
        return not isinstance(rate, int | float) or rate > 0
    if classes & NORMALISATIONS:
        return bool(getattr(module, "track_running_stats", True))
    rate = getattr(module, "dropout", 0.0)
    has_dropout = "RNNBase" not in classes or getattr(module, "num_layers", 1) > 1
    return "RReLU" in classes or (
        bool(classes & {"RNNBase", "MultiheadAttention"}) and isinstance(rate, float) and rate > 0 and has_dropout
    )


def _construction_site(modules: dict[str, Any], path: str, reading: Any) -> tuple[str, int]:
    """Return the file and line in the owner's class that assigns the module's attribute; ("", 0) where there is none."""
    parts = path.split(".")
    for depth in range(len(parts) - 1, -1, -1):
        owner = modules.get(".".join(parts[:depth]))
        if owner is None:
            continue
        for base in type(owner).__mro__:
            if base.__module__.partition(".")[0] in reading.functions.FRAMEWORK or base is object:
                continue
            for method in (base.__dict__.get("__init__"), *base.__dict__.values()):
                found = _assignment_of(method, parts[depth], reading)
                if found is not None:
                    return found
        if type(owner).__module__.partition(".")[0] not in reading.functions.FRAMEWORK:
            break
    return "", 0


def _assignment_of(method: Any, attribute: str, reading: Any) -> tuple[str, int] | None:
    """Return the file and line at which a method assigns `self.<attribute>`."""
    function = reading.functions.unwrapped_function(method)
    source: Any = reading.functions.function_source(function.__code__) if function is not None else None
    for node in _source_nodes(source):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        attributes = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Attribute)]
        if any(part.attr == attribute and isinstance(part.value, ast.Name) and part.value.id == "self" for part in attributes):
            return str(source.file), int(node.lineno)
    return None


def _source_nodes(source: Any) -> Iterator[Any]:
    """Return all syntax nodes of a function's source; none where there is no source."""
    return iter(()) if source is None else ast.walk(source.node)


def _pinned_findings(model: Any, reading: Any) -> Iterator[dict[str, Any]]:
    """Yield findings on classes whose own `train` method keeps them, or modules in them, in training mode."""
    for path, module in model.named_modules():
        method = getattr(type(module), "train", None)
        if reading.functions.module_and_name(method)[0].partition(".")[0] in reading.functions.FRAMEWORK:
            continue
        function = reading.functions.unwrapped_function(method)
        source: Any = reading.functions.function_source(function.__code__) if function is not None else None
        for node in _source_nodes(source):
            if _enables_training(node):
                text = (
                    f"`train` of `{type(module).__name__}` keeps training mode on by `{ast.unparse(node)}`, whatever it is asked"
                )
                yield _entry("training-mode", path, source.file, node.lineno, text)


def _enables_training(node: ast.AST) -> bool:
    """Return whether a node enables training mode: `.train()`, `.train(True)` or `.training = True`."""
    if isinstance(node, ast.Assign):
        attribute = any(isinstance(target, ast.Attribute) and target.attr == "training" for target in node.targets)
        return attribute and isinstance(node.value, ast.Constant) and node.value.value is True
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "train":
        return False
    arguments = [*node.args, *(word.value for word in node.keywords)]
    return not arguments or (isinstance(arguments[0], ast.Constant) and arguments[0].value is True)


def _entry(kind: str, module: str, file: str, line: int, text: str) -> dict[str, Any]:
    """Return a finding as a dict."""
    return {"kind": kind, "module": module, "file": file, "line": line, "text": text}
