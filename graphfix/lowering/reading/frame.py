"""The state of the analysis: the function being followed, notes, and the methods that its parts call on each other."""

from __future__ import annotations

import ast
import types
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .kinds import Value

WIDTH = 60
"""The number of characters of source that a note quotes."""


class Note(NamedTuple):
    """A finding at a line, in the method of a module."""

    kind: str
    file: str
    line: int
    module: str
    text: str


class BudgetExceeded(Exception):
    """The analysis has used up its steps or its time."""


class Frame:
    """A function being followed: its local names, the names from outside it, and the values that it returned."""

    __slots__ = ("file", "module", "names", "outer_names", "returned")

    def __init__(self, file: str, module: Any, outer_names: Mapping[str, Any], names: dict[str, Value]) -> None:
        self.file, self.module, self.outer_names, self.names = file, module, outer_names, names
        self.returned: list[Value] = []


class LocalFunction:
    """A function defined inside another, or a lambda, with the frame that it was defined in."""

    def __init__(self, node: ast.FunctionDef | ast.Lambda, frame: Frame) -> None:
        self.node, self.frame = node, frame


class Reader(ABC):
    """The state and the methods that all parts of the analysis share.

    `frames` are the functions being followed, the innermost last. `paths` maps ids of modules to their paths. `explained` are
    notes on conversions that a note on a branch replaces. `assigned` holds attributes assigned on the way, by id of the object.
    """

    frames: list[Frame]
    paths: dict[int, str]
    explained: set[Note]
    assigned: dict[tuple[int, str], Value]

    @abstractmethod
    def evaluate(self, node: ast.expr) -> Value:
        """Return the value of an expression."""

    @abstractmethod
    def attribute(self, base: Value, name: str) -> Value:
        """Return the value of an attribute."""

    @abstractmethod
    def to_number(self, node: ast.Call, value: Value) -> Value:
        """Return a tensor converted to a Python number, and note the conversion."""

    @abstractmethod
    def note_size_arithmetic(self, node: ast.AST) -> None:
        """Note a shape or bound that is computed from sizes."""

    @abstractmethod
    def method(self, base: Value, func: ast.Attribute, node: ast.Call, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
        """Return the value of a call of an attribute."""

    @abstractmethod
    def call(self, callee: Value, node: ast.Call | None, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """Return the value of a call."""

    @abstractmethod
    def call_torch(
        self, home: str, name: str, node: ast.Call | None, args: Sequence[Value], kwargs: Mapping[str, Value]
    ) -> Value:
        """Return the value of a call of one of torch's functions."""

    @abstractmethod
    def call_tensor_method(self, base: Value, func: ast.Attribute, node: ast.Call, every: Sequence[Value]) -> Value:
        """Return the value of a call of a tensor's method."""

    @abstractmethod
    def run(
        self, function: types.FunctionType, args: Sequence[Value], kwargs: Mapping[str, Value], *, entry: bool = False
    ) -> Value:
        """Follow a function and return its value."""

    @abstractmethod
    def run_inner(self, inner: LocalFunction, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """Follow a function defined inside another and return its value."""

    @abstractmethod
    def elements(self, value: Value) -> list[Value] | None:
        """Return the elements of a container one by one, where they are known and few; else None."""

    @abstractmethod
    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign a value to a name, an attribute, several targets or a part."""

    @abstractmethod
    def decide(self, test: ast.expr, text: str, *, sizes: bool = True) -> bool | None:
        """Return whether a condition holds, where that is known; otherwise note what it depends on and return None."""

    @abstractmethod
    def note_value_branch(self, node: ast.AST, text: str, value: Value) -> None:
        """Note a decision that depends on a tensor's values."""

    @abstractmethod
    def note(self, kind: str, node: ast.AST, text: str, key: str = "") -> Note:
        """Note a finding at a line of the function being followed, unless there is one with this key (or kind) at the line."""

    @abstractmethod
    def count_step(self) -> None:
        """Count a step; BudgetExceeded where there were too many."""

    @staticmethod
    def source_text(node: ast.AST) -> str:
        """Return a piece of source on one line, shortened."""
        text = " ".join(ast.unparse(node).split())
        return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
