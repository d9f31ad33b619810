"""What training leaves in a torch.nn.Module that an export minds, with the line of Python: found without running the model.

It is loaded by path in whichever interpreter has torch, and so imports nothing but the standard library and the package
`reading` beside it, which follows `forward`. Modules of torch itself are not read. Those of other installed packages are,
since their branches stop or falsify an export as one's own do; but what is only worth knowing is not told of lines that the
user cannot change, and one's own lines come first.
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
"""What is found, the most harmful first."""
MINOR = frozenset({"indexed-write", "size-arithmetic"})
NAMED = 3
"""Modules that a text names before it only counts."""
DROPPING = re.compile(r"_DropoutNd|DropPath|DropBlock\w*|StochasticDepth|DropConnect")
NORMALISING = frozenset({"_BatchNorm", "_InstanceNorm"})
RECURSION = 20_000


def leftovers(model: Any, before: Set[str] = frozenset()) -> list[dict[str, Any]]:
    """Everything found: `kind`, `module` (its path), `file`, `line` (0 where it is not known) and `text`, a sentence.

    `model` is a torch.nn.Module as it is run; of anything else nothing is found. `before` are the paths of modules that
    were in training mode before `model.eval()`: those that no longer are have the `severity` of a note.
    """
    if not callable(getattr(model, "named_modules", None)):
        return []
    reading = _reading()
    found = [*_training(model, before, reading), *_pinned(model, reading), *_read(model, reading)]
    told = {(each["kind"], each["file"], each["line"], each["text"]): each for each in found}
    packaged = reading.functions.package
    kept = [each for each in told.values() if each["kind"] not in MINOR or not packaged(each["file"])]
    return sorted(kept, key=lambda each: (bool(packaged(each["file"])), KINDS.index(each["kind"]), each["file"], each["line"]))


def in_training(model: Any) -> frozenset[str]:
    """The paths of the dropouts and normalisations of a torch.nn.Module that are in training mode."""
    named: Any = getattr(model, "named_modules", tuple)()
    return frozenset(path for path, module in named if getattr(module, "training", False) and _minds(module))


def _reading() -> Any:
    """The package `reading` beside this file."""
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


def _read(model: Any, reading: Any) -> Iterator[dict[str, Any]]:
    """What following `forward` notes, from the root first and then of modules that were not reached."""
    walk = reading.Walk(model)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION))
    try:
        for _, module in model.named_modules():
            try:
                walk.visit(module)
            except reading.Enough:
                break
            except Exception:  # an analysis that stumbles is no reason to stop an export
                walk.frames.clear()
    finally:
        sys.setrecursionlimit(limit)
    for (key, file, line), note in walk.notes.items():
        if key == "number" and (note in walk.answered or ("data-dependent-branch", file, line) in walk.notes):
            continue
        yield _told(note.kind, note.module, file, line, note.text)


def _training(model: Any, before: Set[str], reading: Any) -> Iterator[dict[str, Any]]:
    """Dropout and normalisation that is or was in training mode: one for modules of a class that one line makes."""
    groups: dict[tuple[bool, str, str, int], list[str]] = {}
    modules, still = dict(model.named_modules()), in_training(model)
    for path in filter({*still, *before}.__contains__, modules):
        file, line = _maker(modules, path, reading)
        groups.setdefault((path in still, type(modules[path]).__name__, file, line), []).append(path)
    for (stays, name, file, line), paths in groups.items():
        named = ", ".join(f"`{path}`" for path in paths[:NAMED] if path)
        more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
        count, verbs = (f"{len(paths)} `{name}` modules", ("were", "are")) if len(paths) > 1 else (f"a `{name}`", ("was", "is"))
        when = "" if stays else " before `model.eval()`"
        text = f"{count} {verbs[stays]} in training mode{when}{f': {named}{more}' if named else ''}"
        told = _told("training-mode", paths[0], file, line, text)
        yield told if stays else {**told, "severity": "note"}


def _minds(module: Any) -> bool:
    """Whether a module computes something else in training: by dropping values, or by statistics of the batch."""
    lines = {base.__name__ for base in type(module).__mro__}
    if any(map(DROPPING.fullmatch, lines)):
        rate = next((getattr(module, name) for name in ("p", "drop_prob", "drop_rate") if hasattr(module, name)), 1.0)
        return not isinstance(rate, int | float) or rate > 0
    if lines & NORMALISING:
        return bool(getattr(module, "track_running_stats", True))
    rate = getattr(module, "dropout", 0.0)
    stacked = "RNNBase" not in lines or getattr(module, "num_layers", 1) > 1
    return "RReLU" in lines or (
        bool(lines & {"RNNBase", "MultiheadAttention"}) and isinstance(rate, float) and rate > 0 and stacked
    )


def _maker(modules: dict[str, Any], path: str, reading: Any) -> tuple[str, int]:
    """Where the module is made: the line of its owner's class that assigns the attribute it is in; ("", 0) if there is none."""
    parts = path.split(".")
    for at in range(len(parts) - 1, -1, -1):
        owner = modules.get(".".join(parts[:at]))
        if owner is None:
            continue
        for base in type(owner).__mro__:
            if base.__module__.partition(".")[0] in reading.functions.FRAMEWORK or base is object:
                continue
            for method in (base.__dict__.get("__init__"), *base.__dict__.values()):
                found = _assignment(method, parts[at], reading)
                if found is not None:
                    return found
        if type(owner).__module__.partition(".")[0] not in reading.functions.FRAMEWORK:
            break
    return "", 0


def _assignment(method: Any, attribute: str, reading: Any) -> tuple[str, int] | None:
    """The file and line at which a method assigns `self.<attribute>`."""
    function = reading.functions.plain_function(method)
    written: Any = reading.functions.written(function.__code__) if function is not None else None
    for node in _statements(written):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        spelt = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Attribute)]
        if any(part.attr == attribute and isinstance(part.value, ast.Name) and part.value.id == "self" for part in spelt):
            return str(written.file), int(node.lineno)
    return None


def _statements(written: Any) -> Iterator[Any]:
    """Every piece of a function's source; none where there is no source."""
    return iter(()) if written is None else ast.walk(written.node)


def _pinned(model: Any, reading: Any) -> Iterator[dict[str, Any]]:
    """Classes whose own `train` keeps them, or modules in them, in training mode whatever is asked."""
    for path, module in model.named_modules():
        method = getattr(type(module), "train", None)
        if reading.functions.name_of(method)[0].partition(".")[0] in reading.functions.FRAMEWORK:
            continue
        function = reading.functions.plain_function(method)
        written: Any = reading.functions.written(function.__code__) if function is not None else None
        for node in _statements(written):
            if _trains(node):
                text = (
                    f"`train` of `{type(module).__name__}` keeps training mode on by `{ast.unparse(node)}`, whatever it is asked"
                )
                yield _told("training-mode", path, written.file, node.lineno, text)


def _trains(node: ast.AST) -> bool:
    """Whether a piece of source puts something in training mode: `.train()`, `.train(True)`, `.training = True`."""
    if isinstance(node, ast.Assign):
        attribute = any(isinstance(target, ast.Attribute) and target.attr == "training" for target in node.targets)
        return attribute and isinstance(node.value, ast.Constant) and node.value.value is True
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "train":
        return False
    given = [*node.args, *(word.value for word in node.keywords)]
    return not given or (isinstance(given[0], ast.Constant) and given[0].value is True)


def _told(kind: str, module: str, file: str, line: int, text: str) -> dict[str, Any]:
    return {"kind": kind, "module": module, "file": file, "line": line, "text": text}
