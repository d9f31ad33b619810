"""Python functions as they were written, with the names they see: source, parameters, and what an attribute leads to."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import os
import re
import sys
import sysconfig
import types
from collections.abc import Mapping
from typing import Any

from .kinds import LOOSE, PLAIN, UNKNOWN, Value, many, tensor

PACKAGED = re.compile(r"[\\/](?:site|dist)-packages[\\/]([^\\/]+)")
STANDARD = tuple(os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib"))
FRAMEWORK = ("torch", "functorch", "torch_geometric")
"""Packages that are not read: their modules are known for what they compute."""
SCALAR = re.compile(
    r"(?:\b(?:bool|int|float|str|None|NoneType|Optional|Union|Literal|device|dtype|Size|typing|torch|builtins)\b|[\s\[\]|.,'\"<>]|class)+"
)
HOLDING = re.compile(r"^(?:typing\.)?(?:[Ll]ist|[Tt]uple|[Dd]ict|Mapping|Sequence|Iterable|OrderedDict|[Ss]et)\b")


class Written:
    """A function's syntax tree, whose line numbers are the file's, and its file."""

    __slots__ = ("file", "node")

    def __init__(self, node: ast.FunctionDef, file: str) -> None:
        self.node, self.file = node, file


def written(code: types.CodeType) -> Written | None:
    """The source of a function; None where there is none, or it is no `def`."""
    return _written(code, code.co_filename)  # equal code in two files is one key


@functools.lru_cache(4096)
def _written(code: types.CodeType, file: str) -> Written | None:
    try:
        lines, first = inspect.getsourcelines(code)
        text = "".join(lines)
        # A body that is indented is put under a line of its own rather than dedented, which would break long strings.
        indented = text[:1].isspace()
        tree = ast.parse(f"if 1:\n{text}" if indented else text)
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    ast.increment_lineno(tree, first - (2 if indented else 1))
    node = next((node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == code.co_name), None)
    return None if node is None else Written(node, os.path.abspath(file) if file[:1] != "<" else file)


def plain_function(function: Any) -> types.FunctionType | None:
    """The function that was written, under its decorators; None for what is built in or compiled."""
    try:
        function = inspect.unwrap(function)
    except ValueError:
        return None
    function = getattr(function, "__func__", function)
    return function if isinstance(function, types.FunctionType) else None


def package(file: str) -> str:
    """The installed package that a file is part of; empty for a file of one's own, and `python` for the standard library."""
    found = PACKAGED.search(file)
    if found:
        return found[1].removesuffix(".py")
    return "python" if os.path.realpath(file).startswith(STANDARD) else ""


def is_readable(function: types.FunctionType, caller: str) -> bool:
    """Whether a function called from the file `caller` is read too: one's own, or of the same package."""
    file = function.__code__.co_filename
    home = package(file)
    return home not in (*FRAMEWORK, "python") and (not home or home == package(caller))


def is_module(value: Any) -> bool:
    """Whether an object is a module of layers."""
    return callable(getattr(type(value), "named_modules", None)) and callable(getattr(type(value), "forward", None))


def is_tensor(value: Any) -> bool:
    """Whether an object is a tensor of PyTorch."""
    return any(base.__name__ == "Tensor" for base in type(value).__mro__)


def known(value: Any) -> Value:
    """An object that is there before any run."""
    return tensor(weight=True) if is_tensor(value) else Value(PLAIN, known=value)


def name_of(function: Any) -> tuple[str, str]:
    """The module and the name of a function: `torch.nn.functional`, `dropout`."""
    name = str(getattr(function, "__name__", ""))
    home = getattr(function, "__module__", None)
    owner = getattr(function, "__self__", None)
    if home is None and owner is not None and not isinstance(owner, types.ModuleType):
        home = (owner if isinstance(owner, type) else type(owner)).__module__
    if home is None and isinstance(owner, types.ModuleType):
        home = owner.__name__
    return str(home or ""), name


def names(function: types.FunctionType) -> Mapping[str, Any]:
    """What the names mean that a function does not set itself."""
    cells = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            cells[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    return {**vars(builtins), **function.__globals__, **cells}


def attribute(owner: Any, name: str) -> Any:
    """An object's attribute, without running code of its class: a property comes as such, and UNKNOWN when there is none."""
    if isinstance(owner, types.ModuleType | super):
        return getattr(owner, name, UNKNOWN)
    own = getattr(owner, "__dict__", {})
    for store in ("_parameters", "_buffers", "_modules"):
        if isinstance(own.get(store), dict) and name in own[store]:
            return own[store][name]
    try:
        found = inspect.getattr_static(owner, name)
    except (AttributeError, TypeError):
        return UNKNOWN
    if name in own or isinstance(owner, type):
        return found.__func__ if isinstance(found, staticmethod) else found
    if isinstance(found, types.FunctionType):
        return types.MethodType(found, owner)
    if isinstance(found, staticmethod):
        return found.__func__
    if isinstance(found, classmethod):
        return types.MethodType(found.__func__, type(owner))
    return UNKNOWN if isinstance(found, types.MemberDescriptorType | types.GetSetDescriptorType) else found


def parameter(function: types.FunctionType, name: str, default: Any) -> Value:
    """What a parameter of an entry is, which nobody calls here: by its annotation, else by its default.

    Without either it is a tensor; with the default None alone it may be one.
    """
    note = function.__annotations__.get(name, UNKNOWN)
    if note is not UNKNOWN:
        text = (
            note
            if isinstance(note, str)
            else note.__qualname__
            if isinstance(note, type) and not hasattr(note, "__args__")
            else repr(note)
        )
        if SCALAR.fullmatch(text):
            return Value(PLAIN)
        return annotated(text, certain=default is UNKNOWN)
    if default is UNKNOWN:
        return tensor(certain=False, weight=False)
    return Value(LOOSE) if default is None else tensor(weight=False) if is_tensor(default) else Value(PLAIN)


def annotated(text: str, *, certain: bool) -> Value:
    """What an annotation promises."""
    text = re.sub(r"^(?:typing\.)?Optional\[(.*)\]$", r"\1", text.strip(" '\""))
    held = HOLDING.match(text)
    if held:
        inner = text[held.end() :].strip("[]") if "[" in text else ""
        part = inner.partition(",")[2] if re.search("[dD]ict|Mapping", held[0]) else inner
        nested = HOLDING.match(part.strip())
        return many(annotated(part, certain=True) if nested or "Tensor" in part else Value(LOOSE))
    return tensor(certain=certain, weight=False) if "Tensor" in text else Value(LOOSE)


def imported(module: str, name: str) -> Any:
    """What an import inside a function gives, if it has been made before; UNKNOWN otherwise."""
    found = sys.modules.get(module)
    if found is None or not name:
        return UNKNOWN if found is None else found
    return getattr(found, name, sys.modules.get(f"{module}.{name}", UNKNOWN))
