"""What the steps of lowering share whatever the framework: how they answer, what is told along, and the sizes that are tried.

It imports nothing but the standard library and files of this folder that do the same, since workers load it where graphfix
is not.
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
"""The sizes of a free dim in an example of ours, tried in turn until the model runs; 1 would be taken for always 1."""
MOST = 1 << 26
"""Elements in an input beyond which it is not made larger."""
CHANGES: Mapping[str, Callable[[int], int]] = {
    "free dims longer by one": lambda size: size + 1,
    "free dims of half the size": lambda size: max(1, size // 2),
    "free dims of twice the size": lambda size: 2 * size,
}
"""How the sizes of free dims are varied, by the name of such a run."""


@dataclass(slots=True)
class Told:
    """What is said along with an answer: notes, and what is found in the program or the model."""

    notes: list[str] = field(default_factory=list)
    leftovers: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def isolated(cls, request: Request) -> Told:
        """Cut this process off the network, unless the request leaves it on, and note where that cannot be done."""
        cut = request["network"] or isolation.cut_network()
        return cls([] if cut else ["the network could not be cut off on this system"])


def answers(told: Told, steps: Iterator[Answer]) -> Iterator[Answer]:
    """The steps' answers with what is said along with them; the last one says so."""
    try:
        for answer in steps:
            yield {"message": "", "notes": told.notes, "leftovers": told.leftovers, "last": False, **answer}
    except factory.Refused as refused:
        yield {"stage": refused.stage, "message": str(refused), "cure": refused.cure, "last": True}


def opened(opening: Callable[[], Any], lowered: Callable[[Any], Iterator[Answer]]) -> Iterator[Answer]:
    """Open a model, and lower what was opened; stage `load` with the failure where it cannot be opened."""
    try:
        model = opening()
    except factory.Refused:
        raise
    except (Exception, SystemExit) as error:
        yield failed("load", error)
        return
    yield from lowered(model)


def failed(stage: str, error: BaseException, text: str = "") -> Answer:
    """The last answer of a step that failed; `text` is what was printed, `missing` a module that is not installed."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    told = failure.failure(error, text=text)
    if isinstance(error, SystemExit):
        told["message"] = f"it ends the process by sys.exit({error.code})"
    return {"stage": stage, **told, "missing": missing, "last": True}


def resizings(own: Sequence[Any], change: Callable[[Callable[[int], int]], list[Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Examples with free dims of other sizes, as far as they differ and are not too large.

    `own` are the tensors or arrays of the example, and `change` makes others with every free dim's size changed so.
    """
    seen = [[one.shape for one in own]]
    for label, size in CHANGES.items():
        found = change(size)
        shapes = [one.shape for one in found]
        if shapes not in seen and max(map(math.prod, shapes), default=0) <= MOST:
            seen.append(shapes)
            yield label, found
