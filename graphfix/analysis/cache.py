"""Facts about models that nobody changes for a while, worked out once: the judge and every rewrite ask for the same."""

from __future__ import annotations

import contextlib
import gc
from collections import OrderedDict
from collections.abc import Iterator

from onnx import ModelProto

from graphfix.analysis.facts import Facts

MOST = 3
"""Models whose facts are kept: the working model, the one proposed, and the best so far."""

_kept: list[OrderedDict[int, tuple[ModelProto, Facts]]] = []


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """Within, `facts_of` remembers; every model asked about must then stay as it is."""
    _kept.append(OrderedDict())
    try:
        yield
    finally:
        _kept.pop()


def facts_of(model: ModelProto) -> Facts:
    """The facts of a model, remembered by the object within `sharing`, else worked out anew."""
    if not _kept:
        return Facts.of(model)
    kept = _kept[-1]
    if id(model) not in kept:
        kept[id(model)] = model, Facts.of(model)  # the model is held on to: no other can have its id
    kept.move_to_end(id(model))
    while len(kept) > MOST:
        kept.popitem(last=False)
    return kept[id(model)][1]


@contextlib.contextmanager
def patiently() -> Iterator[None]:
    """Within, garbage is looked for less often: graphs of many thousand objects live as long as one rewrite."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
