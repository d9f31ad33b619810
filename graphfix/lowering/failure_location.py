"""The location that an exporter's exception is about: file, line, module and operator.

It is in one of five places: a traceback inside the message, the frames of the exceptions in the chain, the graph node
that a frame of the exporter was processing, an excerpt of the source, or a printed graph. The file runs in an interpreter
that has the exporter, where graphfix need not be installed: it imports the standard library alone.
"""

from __future__ import annotations

import os
import re
import sysconfig
from collections.abc import Iterator
from typing import Any

FRAMEWORKS = frozenset(
    {
        "absl", "autograph", "functorch", "google", "h5py", "jax", "keras", "ml_dtypes", "numpy", "onnx", "onnx_ir", "onnxscript",
        "optree", "sympy", "tensorflow", "tf2onnx", "tf_keras", "torch", "torchgen",
    }
)  # fmt: skip
"""Packages whose lines are never reported as the location of a failure."""
THIS_FOLDER = os.path.dirname(os.path.abspath(__file__))
STANDARD_LIBRARY = tuple(os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib"))
SITE_PACKAGE = re.compile(r"[\\/](?:site|dist)-packages[\\/]([^\\/]+)")
TRACEBACK_LINE = re.compile(r'File "(?P<file>[^"\n]+)", line (?P<line>\d+)')
TRACE_LOCATION = re.compile(r"^\s*(?P<file>[^\s(][^(\n]*\.\w+)\((?P<line>\d+)\):", re.MULTILINE)
GRAPH_NODE = re.compile(
    r"= (?P<op>\^?[\w:]+)\S*\(.*?, scope: (?P<scope>[^#\n]*?)(?: # (?P<file>[^:\n]+):(?P<line>\d+):\d+)?\s*$", re.MULTILINE
)
LAST_IS_INNERMOST = re.compile(r"most recent call last|raised this error|user code|[Ss]tack trace")


def exception_location(chain: list[BaseException]) -> dict[str, Any] | None:
    """Return the innermost line of the user's own code, else of another package, in messages or frames; None for neither."""
    frames = [(file, line, at) for error in reversed(chain) for file, line, at in exporter_frames(error)]
    in_messages = [location for error in reversed(chain) for location in _locations_in(str(error))]
    in_frames = [(file, line) for file, line, _ in frames]
    if isinstance(chain[-1], SyntaxError) and chain[-1].filename:
        in_messages = [(chain[-1].filename, chain[-1].lineno or 0), *in_messages]
    for is_wanted in (is_user_code, _is_written_code):
        for locations in (in_messages, in_frames):
            location = next((location for location in locations if is_wanted(location[0])), None)
            if location is not None:
                return {"file": location[0], "line": location[1], "module": _module_path(frames, location)}
    return None


def _locations_in(text: str) -> list[tuple[str, int]]:
    """Return the files and lines in a message, the innermost first."""
    locations = [(found["file"], int(found["line"])) for found in TRACEBACK_LINE.finditer(text)]
    return locations[::-1] if LAST_IS_INNERMOST.search(text) else locations


def exporter_frames(error: BaseException) -> list[tuple[str, int, Any]]:
    """Return the frames of one exception, the innermost first, without those that called the exporter."""
    frames, at = [], error.__traceback__
    while at is not None:
        frames.append((at.tb_frame.f_code.co_filename, at.tb_lineno, at.tb_frame))
        at = at.tb_next
    own = [n for n, (file, _, _) in enumerate(frames) if os.path.dirname(os.path.abspath(file)) == THIS_FOLDER]
    first = next((n for n, (file, _, _) in enumerate(frames) if _package_of(file) in FRAMEWORKS), 0)
    return frames[own[-1] + 1 if own else first :][::-1]


def _module_path(frames: list[tuple[str, int, Any]], location: tuple[str, int]) -> str:
    """Return the path of the module whose method a location is in, from the outermost module of the frames."""
    owner = next((at.f_locals.get("self") for file, line, at in frames if (file, line) == location), None)
    if not hasattr(owner, "named_modules"):
        return ""
    for _, _, at in reversed(frames):
        root = at.f_locals.get("self")
        if hasattr(root, "named_modules") and not type(root).__module__.startswith(
            ("torch.export", "torch.fx", "torch.jit", "torch._")
        ):
            path = next((name for name, each in root.named_modules() if each is owner), None)
            if path is not None:
                return str(path)
    return ""


def node_reports(chain: list[BaseException]) -> list[dict[str, Any]]:
    """Return the location, module and operator of each graph node that a frame was processing, the innermost first."""
    reports = []
    for error in reversed(chain):
        for _, _, frame in exporter_frames(error):
            node: Any = frame.f_locals.get("node")
            meta = getattr(node, "meta", None)
            if isinstance(meta, dict):
                stack = list((meta.get("nn_module_stack") or {}).values())
                op = re.match(r"(\w+)\.(\w+)", str(meta.get("original_aten") or getattr(node, "target", "")))
                locations = _locations_in(f"stack trace {meta.get('stack_trace') or ''}")
                reports.append(_report(locations, str(stack[-1][0]) if stack else "", f"{op[1]}::{op[2]}" if op else ""))
            elif callable(getattr(node, "sourceRange", None)) and callable(getattr(node, "scopeName", None)):
                source_range = str(node.sourceRange())
                locations = _locations_in(source_range) + [
                    (each["file"], int(each["line"])) for each in TRACE_LOCATION.finditer(source_range)
                ]
                reports.append(_report(locations, _path_of_scope(str(node.scopeName())), str(node.kind())))
    return reports


def printed_graphs(chain: list[BaseException]) -> Iterator[str]:
    """Yield the graphs that frames of the exporter were processing as text, the innermost first."""
    for error in reversed(chain):
        for _, _, frame in exporter_frames(error):
            graph = frame.f_locals.get("graph")
            if callable(getattr(graph, "nodes", None)) and callable(getattr(graph, "inputs", None)):
                yield str(graph)


def node_in_printed_graph(text: str, op: str) -> dict[str, Any]:
    """Return the location of an operator in a printed graph, or of a Python function in it where no operator is given."""
    for found in GRAPH_NODE.finditer(text):
        if found["op"] == op or (not op and found["op"].startswith("^")):
            locations = [(found["file"], int(found["line"]))] if found["file"] else []
            return _report(locations, _path_of_scope(found["scope"]), op)
    return _report([], "", "")


def _report(locations: list[tuple[str, int]], module: str, op: str) -> dict[str, Any]:
    """Return the first location in the user's code, else in a package, with a module and an operator."""
    file, line = next(
        (each for is_wanted in (is_user_code, _is_written_code) for each in locations if is_wanted(each[0])), ("", 0)
    )
    return {"file": file, "line": line, "module": module, "op": op if "::" in op else ""}


def _path_of_scope(scope: str) -> str:
    """Return a module's path from a scope such as `Net::/Sequential::body/Block::body.1`; parts may be short (`Block::1`)."""
    path = ""
    for part in scope.strip().split("/"):
        name = part.rpartition("::")[2]
        if name:
            path = name if not path or name.startswith(f"{path}.") else f"{path}.{name}"
    return path


def _package_of(file: str) -> str:
    """Return the installed package that a file belongs to, `torch` for the standard library; empty for the user's own file."""
    found = SITE_PACKAGE.search(file)
    if found:
        return found[1].removesuffix(".py")
    return "torch" if os.path.realpath(file).startswith(STANDARD_LIBRARY) else ""


def _is_written_code(file: str) -> bool:
    """Return whether a file is code of a user or package: no framework's, not generated, not graphfix's own."""
    real = os.path.abspath(file)
    generated = (file.startswith("<") and "ipython" not in file) or "__autograph_generated_file" in file or file.endswith(".pyx")
    return not (generated or _package_of(file) in FRAMEWORKS or os.path.dirname(real) == THIS_FOLDER)


def is_user_code(file: str) -> bool:
    """Return whether a file is the user's: in no installed package."""
    return _is_written_code(file) and not _package_of(file)
