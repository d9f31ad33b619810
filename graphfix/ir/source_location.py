"""The source location of a node: the module's path, and the file and line of the Python code.

It is read from the output of three exporters. torch's exporter by `torch.export` writes the stack trace and the name
scopes of each node into its metadata. Its older exporter writes the module's path into the node's name, and with
`verbose=True` the stack into the doc string; tf2onnx writes the layer's path into the name. graphfix's own metadata keys
hold the same in short form, and have priority: they are written where an exporter writes nothing, and on new nodes of
rewrites.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from graphfix.ir.records import dataclass

if TYPE_CHECKING:
    from onnx import NodeProto

MODULE: Final = "graphfix.module"
"""The metadata key of a module's path."""
LINE: Final = "graphfix.line"
"""The metadata key of `FILE:LINE`, or of the file alone where the line is not known."""
STACK: Final = "pkg.torch.onnx.stack_trace"
SCOPES: Final = "pkg.torch.onnx.name_scopes"
OWN: Final = frozenset({MODULE, LINE})
"""The keys of a source location that graphfix writes itself; its other keys hold verdicts."""
TELLING: Final = OWN | {STACK, SCOPES}
"""The keys that a source location is read from."""
_EXPORTER: Final = ("pkg.torch.onnx.", "namespace")
"""The prefixes of the keys that torch's exporter writes about a node's source; viewers group nodes by them."""

# Patterns that only some models need are strings: `re` compiles and caches them at their first use.
_PYTHON: Final = r'(?m)^[ \t]*File "([^"\n]+)", line (\d+)(?:, in ([^\n]+))?'
_TRACED: Final = r"(?m)^(\S[^\n]*)\((\d+)\): ([^\n]+)$"
_FRAMEWORK: Final = (
    r"(?:^|/)(?:site|dist)-packages/(?:torch|functorch|tensorflow|keras|tf_keras|onnx\w*|tf2onnx|numpy|graphfix)(?:/|\.py$)"
    r"|^torch/(?:fx|nn|export|_\w+)/"
    r"|/torch/(?:nn/(?:modules/|functional\.py$)|_\w+(?:/|\.py$))"
    r"|/graphfix/lowering/"
    r"|/lib(?:64)?/python\d[\d.]*/(?!site-packages/|dist-packages/)"
    r"|/Lib/(?:contextlib|functools)\.py$"
    r"|^code/__torch__|^<frozen |^<eval_with_key>"
)
"""Files of frameworks and of Python, which the author of a model cannot change."""
_EXPORTING: Final = (
    r"(?:site|dist)-packages/torch/(?:onnx|jit|export)/|/torch/(?:onnx/_internal/|jit/_trace\.py$|export/_trace\.py$)"
)
"""Files of the exporters; frames outside of the export call in a stack do not belong to the model."""
_INSTALLED: Final = r"(?:^|/)(?:site|dist)-packages/"
_OUTERMOST: Final = "<module>"
_STEPS: Final = frozenset({"forward", "call", "__call__"})
"""Functions of an installed model library that define what it computes; its other functions are helpers."""

_WORD: Final = r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\""
_NOWHERE: Final = frozenset({"_empty_nn_module_stack_from_metadata_hook"})
"""Scopes that torch writes for nodes that it inserted itself, such as sizes of dynamic dims."""
_TIMES: Final = r"@\d+(?=\.|$)"
_STAMP: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+(?:_\d+)?")
_OPERATOR: Final = re.compile(r"[A-Z]\w*")
_CALLS: Final = r"(?:Stateful)?PartitionedCall(?:_\d+)?"


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """The source location of a node: each part may be empty, and `line` None where it is unknown.

    `module` is the path as the framework writes it: `encoder.layers.3.gate` in PyTorch, `model/dense` in TensorFlow.
    `file` is the path as the exporter recorded it, perhaps on another machine.
    """

    module: str = ""
    file: str = ""
    line: int | None = None

    @property
    def spot(self) -> str:
        """The file's base name with the line, such as `model.py:88`; empty without a file."""
        name = re.split(r"[\\/]", self.file)[-1]
        return name if self.line is None else f"{name}:{self.line}"

    def __str__(self) -> str:
        return f"{self.module} ({self.spot})" if self.module and self.file else self.module or self.spot

    def to_json(self) -> dict[str, Any]:
        """The source location as docs/json.md describes it."""
        return {"module": self.module, "file": self.file, "line": self.line}


def named(name: str, found: SourceLocation | None) -> str:
    """Return a node's name for people, with its source location: `n0 in encoder.gate (model.py:88)`.

    The module is left out where the name already contains every part of it.
    """
    if found is None:
        return name
    contained = set(re.split(r"[/. ]+", name)).issuperset(re.split(r"[/.]", found.module))
    module = f" in {found.module}" if found.module and not contained else ""
    return f"{name}{module}{f' ({found.spot})' if found.file else ''}"


def source_location(node: NodeProto, producer: str = "") -> SourceLocation | None:
    """Return the source location of a node; None where nothing is known.

    `producer` is the model's `producer_name`: it tells whether node names are paths, which depends on the exporter.
    """
    metadata = {prop.key: _text(prop.value) for prop in node.metadata_props if prop.key in TELLING} if node.metadata_props else {}
    module = metadata.get(MODULE) or scoped(metadata.get(SCOPES, "")) or path(node.name, producer)
    file, line = (
        _parse_line(metadata[LINE]) if metadata.get(LINE) else innermost_frame(metadata.get(STACK) or _text(node.doc_string))
    )
    return SourceLocation(module, file, line) if module or file else None


def _text(value: str | bytes) -> str:
    """Return a field's text, empty where it is not UTF-8: protobuf gives bytes then."""
    return value if isinstance(value, str) else ""


def write_location(node: NodeProto, found: SourceLocation) -> None:
    """Write a source location into a node's metadata, in place of one that graphfix wrote before."""
    where = found.file if found.line is None else f"{found.file}:{found.line}"
    kept = [(prop.key, prop.value) for prop in node.metadata_props if prop.key not in OWN]
    notes = [(key, value) for key, value in ((MODULE, found.module), (LINE, where if found.file else "")) if value]
    _write(node, [*kept, *notes])


def has_location(node: NodeProto) -> bool:
    """Whether a node's metadata contain a source location."""
    return bool(node.metadata_props) and any(prop.key in TELLING for prop in node.metadata_props)


def copy_location(old: NodeProto, new: NodeProto, producer: str = "") -> None:
    """Copy the source location of the old node to the new one: the exporter's metadata, else graphfix's own keys.

    A node with a source location in its metadata keeps it; one whose name alone gives the same is not changed.
    """
    found = source_location(old, producer)
    if found is None or has_location(new) or source_location(new, producer) == found:
        return
    present = {prop.key for prop in new.metadata_props}
    inherited = ((prop.key, prop.value) for prop in old.metadata_props)
    kept = [(prop.key, prop.value) for prop in new.metadata_props]
    _write(new, [*kept, *((k, v) for k, v in inherited if (k in OWN or k.startswith(_EXPORTER)) and k not in present)])
    if source_location(new, producer) != found:
        write_location(new, found)


def _write(node: NodeProto, props: Iterable[tuple[str, str]]) -> None:
    entries = list(props)
    del node.metadata_props[:]
    for key, value in entries:
        node.metadata_props.add(key=key, value=value)


def _parse_line(text: str) -> tuple[str, int | None]:
    """Parse the value of `LINE` into file and line; a path may contain colons."""
    file, _, line = text.rpartition(":")
    return (file, int(line)) if file and line.isdecimal() else (text, None)


@functools.lru_cache(4096)
def scoped(scopes: str) -> str:
    """Return the innermost module of name scopes: the `repr` of a list that ends with the operator's own name.

    A module's second call is named `gate@1` there; the suffix is removed.
    """
    if not scopes:
        return ""
    names = [single or double for single, double in re.findall(_WORD, scopes)]
    return re.sub(_TIMES, "", next((name for name in reversed(names[:-1]) if name and name not in _NOWHERE), ""))


@functools.lru_cache(4096)
def innermost_frame(stack: str) -> tuple[str, int | None]:
    """Return the file and line of the innermost frame of a stack in the author's code; "" and None without one.

    Stacks are parsed in Python's format, the innermost call last, and in TorchScript's, the innermost call first. A frame
    in another function of an installed library is used only where no other is found.
    """
    if not stack:
        return "", None
    frames = [(file, int(line), function) for file, line, function in re.findall(_PYTHON, stack)][::-1]
    frames = frames or [(file, int(line), function) for file, line, function in re.findall(_TRACED, stack)]
    fallback: tuple[str, int | None] = "", None
    for file, line, function in frames:
        path = file.replace("\\", "/")
        if re.search(_EXPORTING, path):
            break
        if function == _OUTERMOST or re.search(_FRAMEWORK, path):
            continue
        if not re.search(_INSTALLED, path) or function in _STEPS:
            return file, line
        fallback = fallback if fallback[0] else (file, line)
    return fallback


def path(name: str, producer: str) -> str:
    """Return the path of the module or layer in a node's name; empty where the exporter does not write one there."""
    read = _READERS.get(producer)
    return read(name) if read is not None and "/" in name else ""


def original_names(name: str) -> Iterator[str]:
    """Yield a node's name, then the names without the suffixes that rewrites appended, the last suffix removed first."""
    while name:
        yield name
        name, _, stamp = name.rpartition("/")
        if not _STAMP.fullmatch(stamp):
            return


def _exported_name(name: str) -> str:
    """Return the name that the exporter wrote, without the suffixes of rewrites."""
    *_, first = original_names(name)
    return first


def _by_torch(name: str) -> str:
    """Parse `/encoder/encoder.layers.3/gate/Gemm_1`: the operator comes last, and a container's name is repeated."""
    first, *parts = _exported_name(name).split("/")
    if first or not parts or not _OPERATOR.fullmatch(parts[-1]):
        return ""
    modules: list[str] = []
    for part in parts[:-1]:
        if modules and part.startswith(f"{modules[-1]}."):
            modules.pop()
        modules.append(part)
    return ".".join(modules)


def _by_tf2onnx(name: str) -> str:
    """Parse `StatefulPartitionedCall/model/dense/MatMul__12`: function calls come first, the operator last."""
    parts = [part for part in _exported_name(name).split("/")[:-1] if not re.fullmatch(_CALLS, part)]
    return "/".join(parts)


_READERS: Final[Mapping[str, Any]] = {"pytorch": _by_torch, "tf2onnx": _by_tf2onnx}
