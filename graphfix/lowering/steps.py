"""What the steps of lowering share for all frameworks: answers, remarks, and the sizes tried for dynamic dims.

Workers load this file where graphfix is not installed: it imports the standard library and files of this folder alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphfix.lowering import factory, failure, isolation

Request = dict[str, Any]
Answer = dict[str, Any]
SIZES = (2, 8, 32, 96, 224)
"""Sizes of a dynamic dim in generated examples, tried in turn until the model runs; exporters would specialise on 1."""
MAX_ELEMENTS = 1 << 26
"""The number of elements up to which an input is made larger."""
SIZE_CHANGES: Mapping[str, Callable[[int], int]] = {
    "dynamic dims longer by one": lambda size: size + 1,
    "dynamic dims of half the size": lambda size: max(1, size // 2),
    "dynamic dims of twice the size": lambda size: 2 * size,
}
"""How the sizes of dynamic dims are varied, by the name of such a run."""


@dataclass(slots=True)
class Remarks:
    """Notes and findings on the program or model, sent along with an answer."""

    notes: list[str] = field(default_factory=list)
    leftovers: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def isolated(cls, request: Request) -> Remarks:
        """Cut this process off the network unless the request allows it, and note where that is not possible."""
        cut = request["network"] or isolation.cut_network()
        return cls([] if cut else ["the network could not be cut off on this system"])


def with_remarks(remarks: Remarks, steps: Iterator[Answer]) -> Iterator[Answer]:
    """Yield the steps' answers with the remarks added; a RequestError becomes the last answer."""
    try:
        for answer in steps:
            yield {"message": "", "notes": remarks.notes, "leftovers": remarks.leftovers, "last": False, **answer}
    except factory.RequestError as error:
        yield {"stage": error.stage, "message": str(error), "cure": error.cure, "last": True}


def open_and_lower(open_model: Callable[[], Any], lower: Callable[[Any], Iterator[Answer]]) -> Iterator[Answer]:
    """Open a model and yield the answers of lowering it; an answer of stage `load` where it cannot be opened."""
    try:
        model = open_model()
    except factory.RequestError:
        raise
    except (Exception, SystemExit) as error:
        yield failed_answer("load", error)
        return
    yield from lower(model)


def attempted(stage: str, step: Callable[[], Any]) -> tuple[Any, Answer | None]:
    """Return what a step gives, and None; or None and the last answer where it fails. A RequestError is raised."""
    try:
        return step(), None
    except factory.RequestError:
        raise
    except (Exception, SystemExit) as error:
        return None, failed_answer(stage, error)


def failed_answer(stage: str, error: BaseException, text: str = "") -> Answer:
    """Return the last answer of a step that failed.

    `text` is what was printed meanwhile. `missing` in the answer is a module that is not installed.
    """
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    report = failure.failure(error, text=text)
    if isinstance(error, SystemExit):
        report["message"] = f"it ends the process by sys.exit({error.code})"
    return {"stage": stage, **report, "missing": missing, "last": True}


def resized_examples(
    tensors: Sequence[Any], resize: Callable[[Callable[[int], int]], list[Any]]
) -> Iterator[tuple[str, list[Any]]]:
    """Yield examples with other sizes of the dynamic dims, by name, where they are new and not too large.

    `tensors` are those of the example; `resize` returns them with every dynamic dim changed by a function of its size.
    """
    seen = [[one.shape for one in tensors]]
    for label, size in SIZE_CHANGES.items():
        resized = resize(size)
        shapes = [one.shape for one in resized]
        if shapes not in seen and max(map(math.prod, shapes), default=0) <= MAX_ELEMENTS:
            seen.append(shapes)
            yield label, resized
