"""The maker of what rewrites put into a model: fresh names, constants and nodes, whatever form the model is edited in.

A new name is that of the node it stands for with a word behind it, unique over all scopes; the same rewrite of the same
model gives the same names. A new node is stamped with the rewrite's name, by which its origin is found (inheritance.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from graphfix.ir.value_names import Taken

Array = npt.NDArray[Any]
T = TypeVar("T")


class Form(Protocol[T]):
    """The form in which a model is edited: `T` stands for a value, by a tensor object or by its name."""

    def value(self, name: str) -> T:
        """A new value."""

    def constant(self, name: str, array: Array) -> T:
        """A new initializer of the main graph."""

    def node(self, op: str, name: str, inputs: Sequence[T], outputs: Sequence[T], attrs: Mapping[str, Any]) -> Any:
        """A new node, which stands in no graph yet."""


class Pool(Generic[T]):
    """Constants by their content, so that equal ones are made once."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, tuple[int, ...], bytes], T] = {}  # by digests: weights are large

    def get(self, array: Array, make: Callable[[], T]) -> T:
        """The constant of this content; made if there is none."""
        content = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
        key = (str(array.dtype), array.shape, hashlib.blake2b(content).digest())
        if key not in self._held:
            self._held[key] = make()
        return self._held[key]

    def forget(self, gone: Iterable[T]) -> None:
        """Give up constants that are no longer in the model."""
        lost = set(gone)
        self._held = {key: made for key, made in self._held.items() if made not in lost}


class Builder(Generic[T]):
    """Names, constants and nodes for what stands in the place of one node; `nodes` are those made so far, in order."""

    def __init__(self, form: Form[T], names: Taken, stamp: str, origin: str = "", pool: Pool[T] | None = None) -> None:
        self.form, self.names, self.stamp, self.origin = form, names, stamp, origin
        self.pool: Pool[T] = Pool() if pool is None else pool
        self.nodes: list[Any] = []

    def at(self, origin: str, pool: Pool[T] | None = None) -> Builder[T]:
        """A builder for the place of another node, by its name; its constants are its own unless a pool is given."""
        return Builder(self.form, self.names, self.stamp, origin, pool)

    def fresh(self, word: str) -> str:
        """A name that is taken nowhere: the origin's with a word behind it, and a number where there is one already."""
        return self.names.fresh(f"{self.origin}/{word}" if self.origin else word)

    def value(self, word: str) -> T:
        """A new value."""
        return self.form.value(self.fresh(word))

    def constant(self, word: str, array: Array) -> T:
        """An initializer of the main graph, one for equal content."""
        made = np.ascontiguousarray(array).reshape(array.shape)
        return self.pool.get(made, lambda: self.form.constant(self.fresh(word), made))

    def node(self, op: str, inputs: Sequence[T], outputs: Sequence[T], attrs: Mapping[str, Any] | None = None) -> Any:
        """A new node that makes values which are there already."""
        made = self.form.node(op, self.fresh(self.stamp), inputs, outputs, attrs or {})
        self.nodes.append(made)
        return made

    def op(self, op: str, *inputs: T, word: str = "", **attrs: Any) -> T:
        """A new node of one output, and that output, called after the operator or by another word."""
        return self.ops(op, 1, *inputs, word=word, **attrs)[0]

    def ops(self, op: str, count: int, *inputs: T, word: str = "", **attrs: Any) -> list[T]:
        """A new node of several outputs, and these."""
        made = [self.value(word or op.lower()) for _ in range(count)]
        self.node(op, inputs, made, attrs)
        return made
