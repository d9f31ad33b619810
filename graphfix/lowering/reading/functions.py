"""Source, annotations and attributes of Python functions and objects, read without running them."""

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

from .kinds import MAYBE_TENSOR, PLAIN, UNKNOWN, Value, container, tensor

SITE_PACKAGE = re.compile(r"[\\/](?:site|dist)-packages[\\/]([^\\/]+)")
STANDARD_LIBRARY = tuple(os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib"))
FRAMEWORK = ("torch", "functorch", "torch_geometric")
"""Packages that are not analysed: their functions and modules are known by name."""
SCALAR_ANNOTATION = re.compile(
    r"(?:\b(?:bool|int|float|str|None|NoneType|Optional|Union|Literal|device|dtype|Size|typing|torch|builtins)\b|[\s\[\]|.,'\"<>]|class)+"
)
"""Annotations of plain values."""
CONTAINER_ANNOTATION = re.compile(r"^(?:typing\.)?(?:[Ll]ist|[Tt]uple|[Dd]ict|Mapping|Sequence|Iterable|OrderedDict|[Ss]et)\b")
"""Annotations of containers."""


class FunctionSource:
    """A function's syntax tree, with line numbers of its file, and the file."""

    __slots__ = ("file", "node")

    def __init__(self, node: ast.FunctionDef, file: str) -> None:
        self.node, self.file = node, file


def function_source(code: types.CodeType) -> FunctionSource | None:
    """Return the source of a function; None where there is none, or it is no `def`."""
    return _parse_source(code, code.co_filename)  # code objects of two files may be equal


@functools.lru_cache(4096)
def _parse_source(code: types.CodeType, file: str) -> FunctionSource | None:
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
    return None if node is None else FunctionSource(node, os.path.abspath(file) if file[:1] != "<" else file)


def unwrapped_function(function: Any) -> types.FunctionType | None:
    """Return the Python function beneath decorators and methods; None for built-in or compiled ones."""
    try:
        function = inspect.unwrap(function)
    except ValueError:
        return None
    function = getattr(function, "__func__", function)
    return function if isinstance(function, types.FunctionType) else None


def package_of(file: str) -> str:
    """Return the installed package of a file; empty for the user's own file, `python` for the standard library."""
    found = SITE_PACKAGE.search(file)
    if found:
        return found[1].removesuffix(".py")
    return "python" if os.path.realpath(file).startswith(STANDARD_LIBRARY) else ""


def is_readable(function: types.FunctionType, caller: str) -> bool:
    """Return whether a function called from the file `caller` is analysed: the user's own, or of the same package."""
    file = function.__code__.co_filename
    home = package_of(file)
    return home not in (*FRAMEWORK, "python") and (not home or home == package_of(caller))


def is_module(value: Any) -> bool:
    """Return whether an object is a torch.nn.Module."""
    return callable(getattr(type(value), "named_modules", None)) and callable(getattr(type(value), "forward", None))


def is_tensor(value: Any) -> bool:
    """Return whether an object is a torch.Tensor."""
    return any(base.__name__ == "Tensor" for base in type(value).__mro__)


def value_of(value: Any) -> Value:
    """Return the value of an object that exists before any run."""
    return tensor(weight=True) if is_tensor(value) else Value(PLAIN, known=value)


def module_and_name(function: Any) -> tuple[str, str]:
    """Return the module and the name of a function: `torch.nn.functional`, `dropout`."""
    name = str(getattr(function, "__name__", ""))
    home = getattr(function, "__module__", None)
    owner = getattr(function, "__self__", None)
    if home is None and owner is not None and not isinstance(owner, types.ModuleType):
        home = (owner if isinstance(owner, type) else type(owner)).__module__
    if home is None and isinstance(owner, types.ModuleType):
        home = owner.__name__
    return str(home or ""), name


def visible_names(function: types.FunctionType) -> Mapping[str, Any]:
    """Return the objects that a function's non-local names refer to: builtins, globals and closure."""
    cells = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            cells[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return {**vars(builtins), **function.__globals__, **cells}


def static_attribute(owner: Any, name: str) -> Any:
    """Return an object's attribute without running code of its class.

    A property is returned as such, and UNKNOWN where there is no attribute.
    """
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


def parameter_value(function: types.FunctionType, name: str, default: Any) -> Value:
    """Return the value of a parameter for which no argument is seen: by its annotation, else by its default.

    Without either it is a tensor; with the default None it may be one.
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
        if SCALAR_ANNOTATION.fullmatch(text):
            return Value(PLAIN)
        return annotation_value(text, certain=default is UNKNOWN)
    if default is UNKNOWN:
        return tensor(certain=False, weight=False)
    return Value(MAYBE_TENSOR) if default is None else tensor(weight=False) if is_tensor(default) else Value(PLAIN)


def annotation_value(text: str, *, certain: bool) -> Value:
    """Return the value that an annotation promises."""
    text = re.sub(r"^(?:typing\.)?Optional\[(.*)\]$", r"\1", text.strip(" '\""))
    held = CONTAINER_ANNOTATION.match(text)
    if held:
        inner = text[held.end() :].strip("[]") if "[" in text else ""
        part = inner.partition(",")[2] if re.search("[dD]ict|Mapping", held[0]) else inner
        nested = CONTAINER_ANNOTATION.match(part.strip())
        return container(annotation_value(part, certain=True) if nested or "Tensor" in part else Value(MAYBE_TENSOR))
    return tensor(certain=certain, weight=False) if "Tensor" in text else Value(MAYBE_TENSOR)


def imported_object(module: str, name: str) -> Any:
    """Return what an import inside a function gives, if it was imported before; UNKNOWN otherwise."""
    found = sys.modules.get(module)
    if found is None or not name:
        return UNKNOWN if found is None else found
    return getattr(found, name, sys.modules.get(f"{module}.{name}", UNKNOWN))
