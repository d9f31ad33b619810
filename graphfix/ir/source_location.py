"""Where a node comes from in the author's own terms: the module's path, and the file and line of the Python.

Three writers are read. torch's exporter by `torch.export` leaves each node its stack trace and the scopes around it as
metadata. Its older exporter leaves the module's path in the node's name, and when told to be verbose the stack in the
doc string; tf2onnx leaves the layer's path in the name. graphfix's own keys say the same briefly, and come first: they
are written where an exporter leaves nothing, and where a rewrite puts new nodes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from onnx import NodeProto

MODULE: Final = "graphfix.module"
"""The metadata key of a module's path."""
LINE: Final = "graphfix.line"
"""The metadata key of `FILE:LINE`, or of the file alone where the line is not known."""
STACK: Final = "pkg.torch.onnx.stack_trace"
SCOPES: Final = "pkg.torch.onnx.name_scopes"
OWN: Final = frozenset({MODULE, LINE})
"""The keys that graphfix writes itself, which are no notes of a verdict."""
TELLING: Final = OWN | {STACK, SCOPES}
"""The keys that an origin is read from."""
_EXPORTER: Final = ("pkg.torch.onnx.", "namespace")
"""How the keys begin that torch's exporter writes of a node's origin; viewers group nodes by them."""

# Patterns of what only some models hold are compiled by the first that does.
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
"""Files whose lines nobody who writes a model can change."""
_EXPORTING: Final = (
    r"(?:site|dist)-packages/torch/(?:onnx|jit|export)/|/torch/(?:onnx/_internal/|jit/_trace\.py$|export/_trace\.py$)"
)
"""Files of the call that exports; what stands outside of it in a stack is not the model."""
_INSTALLED: Final = r"(?:^|/)(?:site|dist)-packages/"
_OUTERMOST: Final = "<module>"
_STEPS: Final = frozenset({"forward", "call", "__call__"})
"""Functions by which an installed library of models says what it computes; its other lines serve those who call them."""

_WORD: Final = r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\""
_NOWHERE: Final = frozenset({"_empty_nn_module_stack_from_metadata_hook"})
"""What torch writes for the scope of steps that it put in itself, such as sizes of open dims."""
_TIMES: Final = r"@\d+(?=\.|$)"
_STAMP: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+(?:_\d+)?")
_OPERATOR: Final = re.compile(r"[A-Z]\w*")
_CALLS: Final = r"(?:Stateful)?PartitionedCall(?:_\d+)?"


@dataclass(frozen=True, slots=True)
class Origin:
    """A node's place in the author's code: each part may be empty, and `line` unknown.

    `module` is the path as the framework writes it: `encoder.layers.3.gate` in PyTorch, `model/dense` in TensorFlow.
    `file` is the path as the exporter recorded it, perhaps on another machine.
    """

    module: str = ""
    file: str = ""
    line: int | None = None

    @property
    def spot(self) -> str:
        """The file's own name with the line, such as `model.py:88`; empty without a file."""
        name = re.split(r"[\\/]", self.file)[-1]
        return name if self.line is None else f"{name}:{self.line}"

    def __str__(self) -> str:
        return f"{self.module} ({self.spot})" if self.module and self.file else self.module or self.spot

    def to_json(self) -> dict[str, Any]:
        """The origin as the contract states it."""
        return {"module": self.module, "file": self.file, "line": self.line}


def named(name: str, found: Origin | None) -> str:
    """A node's name for people, with what its origin says beyond it: `n0 in encoder.gate (model.py:88)`."""
    if found is None:
        return name
    told = set(re.split(r"[/. ]+", name)).issuperset(re.split(r"[/.]", found.module))
    module = f" in {found.module}" if found.module and not told else ""
    return f"{name}{module}{f' ({found.spot})' if found.file else ''}"


def origin(node: NodeProto, producer: str = "") -> Origin | None:
    """Where a node comes from; None where nothing is known.

    `producer` is the model's `producer_name`: only those of exporters say that a node's name is a path.
    """
    told = {prop.key: prop.value for prop in node.metadata_props if prop.key in TELLING} if node.metadata_props else {}
    module = told.get(MODULE) or scoped(told.get(SCOPES, "")) or path(node.name, producer)
    file, line = _written(told[LINE]) if told.get(LINE) else spot(told.get(STACK) or node.doc_string)
    return Origin(module, file, line) if module or file else None


def mark(node: NodeProto, found: Origin) -> None:
    """Write an origin into a node's metadata, in place of one that graphfix wrote before."""
    where = found.file if found.line is None else f"{found.file}:{found.line}"
    kept = [(prop.key, prop.value) for prop in node.metadata_props if prop.key not in OWN]
    notes = [(key, value) for key, value in ((MODULE, found.module), (LINE, where if found.file else "")) if value]
    _write(node, [*kept, *notes])


def bears(node: NodeProto) -> bool:
    """Whether a node's metadata tell where it comes from."""
    return any(prop.key in TELLING for prop in node.metadata_props)


def hand_on(old: NodeProto, new: NodeProto, producer: str = "") -> None:
    """Give a node the origin of another: what the exporter wrote of it as it is, else in graphfix's own keys.

    A node that bears an origin keeps it; one whose name alone says the same is left as it is.
    """
    found = origin(old, producer)
    if found is None or bears(new) or origin(new, producer) == found:
        return
    present = {prop.key for prop in new.metadata_props}
    written = ((prop.key, prop.value) for prop in old.metadata_props)
    kept = [(prop.key, prop.value) for prop in new.metadata_props]
    _write(new, [*kept, *((k, v) for k, v in written if (k in OWN or k.startswith(_EXPORTER)) and k not in present)])
    if origin(new, producer) != found:
        mark(new, found)


def _write(node: NodeProto, props: Iterable[tuple[str, str]]) -> None:
    entries = list(props)
    del node.metadata_props[:]
    for key, value in entries:
        node.metadata_props.add(key=key, value=value)


def _written(text: str) -> tuple[str, int | None]:
    """The file and line in graphfix's own key; a path may hold colons."""
    file, _, line = text.rpartition(":")
    return (file, int(line)) if file and line.isdecimal() else (text, None)


@functools.lru_cache(4096)
def scoped(scopes: str) -> str:
    """The deepest module among name scopes, which are a list as Python writes it and end with the operator's own name.

    A module called a second time is named `gate@1` there, which is no other module.
    """
    if not scopes:
        return ""
    names = [single or double for single, double in re.findall(_WORD, scopes)]
    return re.sub(_TIMES, "", next((name for name in reversed(names[:-1]) if name and name not in _NOWHERE), ""))


@functools.lru_cache(4096)
def spot(stack: str) -> tuple[str, int | None]:
    """The file and line of the innermost call in a stack that the author can change; empty and None where none is.

    Stacks are read as Python writes them, the innermost call last, and as TorchScript does, the innermost first.
    """
    if not stack:
        return "", None
    frames = [(file, int(line), function) for file, line, function in re.findall(_PYTHON, stack)][::-1]
    frames = frames or [(file, int(line), function) for file, line, function in re.findall(_TRACED, stack)]
    borrowed: tuple[str, int | None] = "", None
    for file, line, function in frames:
        path = file.replace("\\", "/")
        if re.search(_EXPORTING, path):
            break
        if function == _OUTERMOST or re.search(_FRAMEWORK, path):
            continue
        if not re.search(_INSTALLED, path) or function in _STEPS:
            return file, line
        borrowed = borrowed if borrowed[0] else (file, line)
    return borrowed


def path(name: str, producer: str) -> str:
    """The path of a module or layer in a node's name, where the producer is an exporter that puts one there."""
    read = _READERS.get(producer)
    return read(name) if read is not None and "/" in name else ""


def stamped(name: str) -> Iterator[str]:
    """A node's name, and the names it had before rewrites stamped theirs on its end, the last one first."""
    while name:
        yield name
        name, _, stamp = name.rpartition("/")
        if not _STAMP.fullmatch(stamp):
            return


def _plain(name: str) -> str:
    """The name that the exporter gave."""
    *_, first = stamped(name)
    return first


def _by_torch(name: str) -> str:
    """`/encoder/encoder.layers.3/gate/Gemm_1`: the operator last, and containers spelt out anew in what they hold."""
    first, *parts = _plain(name).split("/")
    if first or not parts or not _OPERATOR.fullmatch(parts[-1]):
        return ""
    told: list[str] = []
    for part in parts[:-1]:
        if told and part.startswith(f"{told[-1]}."):
            told.pop()
        told.append(part)
    return ".".join(told)


def _by_tf2onnx(name: str) -> str:
    """`StatefulPartitionedCall/model/dense/MatMul__12`: calls of functions around it first, the operator last."""
    parts = [part for part in _plain(name).split("/")[:-1] if not re.fullmatch(_CALLS, part)]
    return "/".join(parts)


_READERS: Final[Mapping[str, Any]] = {"pytorch": _by_torch, "tf2onnx": _by_tf2onnx}
