"""A function that is being followed, what is noted on the way, and what every part of the reader can ask of the others."""

from __future__ import annotations

import ast
import types
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .kinds import Value

WIDTH = 60
"""Characters of source that a note quotes."""


class Note(NamedTuple):
    """One thing noted at one line, in the method of one module."""

    kind: str
    file: str
    line: int
    module: str
    text: str


class Enough(Exception):
    """There is no more time."""


class Frame:
    """A function being followed: its names so far, the names around it, and what it has returned."""

    __slots__ = ("around", "file", "module", "names", "returned")

    def __init__(self, file: str, module: Any, around: Mapping[str, Any], names: dict[str, Value]) -> None:
        self.file, self.module, self.around, self.names = file, module, around, names
        self.returned: list[Value] = []


class Inner:
    """A function defined inside another, or a lambda."""

    def __init__(self, node: ast.FunctionDef | ast.Lambda, frame: Frame) -> None:
        self.node, self.frame = node, frame


class Reader(ABC):
    """What the parts share: the functions being followed, the innermost last, and what one part asks of another."""

    frames: list[Frame]
    paths: dict[int, str]
    answered: set[Note]
    assigned: dict[tuple[int, str], Value]

    @abstractmethod
    def of(self, node: ast.expr) -> Value:
        """What is known of an expression."""

    @abstractmethod
    def attribute(self, base: Value, name: str) -> Value:
        """What is known of an attribute of a value."""

    @abstractmethod
    def number(self, node: ast.Call, value: Value) -> Value:
        """A tensor made into a number of Python."""

    @abstractmethod
    def shaped(self, node: ast.AST) -> None:
        """Note a shape or bound that is computed from sizes."""

    @abstractmethod
    def method(self, base: Value, func: ast.Attribute, node: ast.Call, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
        """What a call of an attribute gives."""

    @abstractmethod
    def call(self, callee: Value, node: ast.Call | None, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """What a call of a value gives."""

    @abstractmethod
    def run(
        self, function: types.FunctionType, args: Sequence[Value], kwargs: Mapping[str, Value], *, entry: bool = False
    ) -> Value:
        """What a function gives."""

    @abstractmethod
    def run_inner(self, inner: Inner, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """What a function inside a function gives."""

    @abstractmethod
    def elements(self, value: Value) -> list[Value] | None:
        """The elements of a container one by one, where they are there and few."""

    @abstractmethod
    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign to a name, an attribute, several, or a part."""

    @abstractmethod
    def decide(self, test: ast.expr, text: str, *, sizes: bool = True) -> bool | None:
        """Whether a condition holds, where that is known; what it hangs on is noted."""

    @abstractmethod
    def hangs(self, node: ast.AST, text: str, value: Value) -> None:
        """Note a decision that hangs on a tensor's values."""

    @abstractmethod
    def note(self, kind: str, node: ast.AST, text: str, key: str = "") -> Note:
        """Note one thing at a line of the function being followed; the first with its key, or kind, at a line stands."""

    @abstractmethod
    def spend(self) -> None:
        """Count a step; Enough when there have been too many."""

    @staticmethod
    def told(node: ast.AST) -> str:
        """A piece of source, on one line and short."""
        text = " ".join(ast.unparse(node).split())
        return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
