"""A cache of the facts of models that stay unchanged for a while: the verifier and every rewrite need the same facts."""

from __future__ import annotations

import contextlib
import gc
from collections import OrderedDict
from collections.abc import Iterator

from onnx import ModelProto

from graphfix.analysis.facts import Facts

MOST = 3
"""The number of models whose facts are kept: the working model, the proposed one, and the best one so far."""

_kept: list[OrderedDict[int, tuple[ModelProto, Facts]]] = []


@contextlib.contextmanager
def shared_facts() -> Iterator[None]:
    """Let `facts_of` cache its results within the context; models passed to it there must not be changed."""
    _kept.append(OrderedDict())
    try:
        yield
    finally:
        _kept.pop()


def facts_of(model: ModelProto) -> Facts:
    """Return the facts of a model, cached by object identity within `sharing`, else inferred anew."""
    if not _kept:
        return Facts.of(model)
    kept = _kept[-1]
    if id(model) not in kept:
        kept[id(model)] = model, Facts.of(model)  # holding the model keeps its id from being reused
    kept.move_to_end(id(model))
    while len(kept) > MOST:
        kept.popitem(last=False)
    return kept[id(model)][1]


@contextlib.contextmanager
def infrequent_gc() -> Iterator[None]:
    """Run garbage collection less often within the context: graphs of many thousand objects live as long as one rewrite."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
