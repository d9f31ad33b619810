"""Builder of the names, constants and nodes that rewrites add to a model, independent of the form in which it is edited.

A new name is the name of the replaced node followed by a word, unique over all scopes; the same rewrite of the same model
gives the same names. A new node is marked with the rewrite's name, through which its source location is found
(location_propagation.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from graphfix.ir.value_names import ValueNames

Array = npt.NDArray[Any]
T = TypeVar("T")


class Form(Protocol[T]):
    """The form in which a model is edited; `T` is the type of a value: a tensor object, or the value's name."""

    def value(self, name: str) -> T:
        """Return a new value."""

    def constant(self, name: str, array: Array) -> T:
        """Return a new initializer of the main graph."""

    def node(self, op: str, name: str, inputs: Sequence[T], outputs: Sequence[T], attrs: Mapping[str, Any]) -> Any:
        """Return a new node, which is not in a graph yet."""


class Pool(Generic[T]):
    """Constants by content, so that equal constants share one initializer."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, tuple[int, ...], bytes], T] = {}  # keyed by digest, because weights are large

    def get(self, array: Array, make: Callable[[], T]) -> T:
        """Return the constant with this content, created by `make` if there is none."""
        content = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
        key = (str(array.dtype), array.shape, hashlib.blake2b(content).digest())
        if key not in self._held:
            self._held[key] = make()
        return self._held[key]

    def forget(self, gone: Iterable[T]) -> None:
        """Remove constants that are no longer in the model."""
        lost = set(gone)
        self._held = {key: made for key, made in self._held.items() if made not in lost}


class Builder(Generic[T]):
    """Creates the names, constants and nodes that replace one node; `nodes` are those created so far, in order."""

    def __init__(self, form: Form[T], names: ValueNames, stamp: str, origin: str = "", pool: Pool[T] | None = None) -> None:
        self.form, self.names, self.stamp, self.origin = form, names, stamp, origin
        self.pool: Pool[T] = Pool() if pool is None else pool
        self.nodes: list[Any] = []

    def at(self, origin: str, pool: Pool[T] | None = None) -> Builder[T]:
        """Return a builder for the replacement of another node, by name; it has its own constants unless a pool is given."""
        return Builder(self.form, self.names, self.stamp, origin, pool)

    def fresh(self, word: str) -> str:
        """Return an unused name: the replaced node's name followed by the word, with a number if that is taken."""
        return self.names.fresh(f"{self.origin}/{word}" if self.origin else word)

    def value(self, word: str) -> T:
        """Return a new value."""
        return self.form.value(self.fresh(word))

    def constant(self, word: str, array: Array) -> T:
        """Return an initializer of the main graph; equal contents share one."""
        made = np.ascontiguousarray(array).reshape(array.shape)
        return self.pool.get(made, lambda: self.form.constant(self.fresh(word), made))

    def node(self, op: str, inputs: Sequence[T], outputs: Sequence[T], attrs: Mapping[str, Any] | None = None) -> Any:
        """Add a node whose outputs are existing values."""
        made = self.form.node(op, self.fresh(self.stamp), inputs, outputs, attrs or {})
        self.nodes.append(made)
        return made

    def op(self, op: str, *inputs: T, word: str = "", **attrs: Any) -> T:
        """Add a node with one output and return the output, named after the operator or by `word`."""
        return self.ops(op, 1, *inputs, word=word, **attrs)[0]

    def ops(self, op: str, count: int, *inputs: T, word: str = "", **attrs: Any) -> list[T]:
        """Add a node with several outputs and return the outputs."""
        made = [self.value(word or op.lower()) for _ in range(count)]
        self.node(op, inputs, made, attrs)
        return made
