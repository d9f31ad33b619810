"""The search for the smallest part of a model that is rejected like the whole.

First each node named by the compiler's message is tried alone. Then nodes are removed from the graph's end and from its
start by bisection, then in ever smaller groups anywhere (delta debugging). Last, a subgraph attribute of a remaining node
is tried as a model of its own, and the search starts again inside it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from onnx import AttributeProto, ModelProto

from graphfix.analysis.facts import Facts, NodeFacts
from graphfix.backends.compile.blame import blame
from graphfix.backends.compile.extract import extract_bodies, extract_nodes

if TYPE_CHECKING:
    from graphfix.backends.verdict import Verdict

Progress = Callable[[str], None]
SIMILARITY = 0.8
"""The least share of a message's words that also occur in the original message, for the two to count as the same."""
MAX_SUSPECTS = 8
"""Nodes named by the message that are tried alone."""


@dataclass(slots=True)
class Search:
    """One search: `ask` returns the compiler's verdict on a candidate, `wanted` is the rejection to reproduce.

    `names` are the names in the model, which are ignored when messages are compared; `until` is the time to stop at, on
    the monotonic clock. `best` is the smallest rejected model so far.
    """

    ask: Callable[[ModelProto], Verdict]
    wanted: Verdict
    names: Collection[str]
    until: float
    progress: Progress
    asked: int = 0
    best: tuple[ModelProto, Verdict] | None = None
    _cache: dict[frozenset[int], bool] = field(default_factory=dict)

    def run(self, model: ModelProto, facts: Facts, suspects: Sequence[NodeFacts]) -> tuple[ModelProto, Verdict]:
        """Return the smallest rejected model found until nothing more can be removed or time is up, and its verdict."""
        while True:
            current, facts = model, Facts.of(model) if self.best is not None else facts
            self._cache.clear()
            kept = self._reduce(current, facts, suspects)
            reached, verdict = self.best or (model, self.wanted)
            body = self._rejected_body(reached) if kept and not self.timed_out else None
            if body is None:
                return reached, verdict
            model, verdict = body
            self.best = body
            suspects = blame(verdict.message, verdict.nodes, Facts.of(model)).nodes

    @property
    def timed_out(self) -> bool:
        """Whether the time to stop at has passed."""
        return time.monotonic() > self.until

    def _is_rejected(self, model: ModelProto, facts: Facts, chosen: Iterable[int]) -> bool:
        """Whether the nodes at these positions are rejected as the whole is; if so they become the best part."""
        wanted = frozenset(chosen)
        if wanted not in self._cache:
            self._cache[wanted] = bool(wanted) and not self.timed_out and self._try(_extracted(model, wanted, facts), len(wanted))
        return self._cache[wanted]

    def _try(self, candidate: ModelProto | None, count: int) -> bool:
        """Ask about a candidate of `count` nodes; whether it is rejected in the same way."""
        if candidate is None:
            return False
        self.asked += 1
        verdict = self.ask(candidate)
        same = self.is_same_rejection(verdict)
        plural = "s" if count != 1 else ""
        self.progress(f"{count} node{plural}: {'still rejected' if same else 'not so'} ({self.asked} questions)")
        if same:
            self.best = (candidate, verdict)
        return same

    def is_same_rejection(self, verdict: Verdict) -> bool:
        """Whether a verdict is a rejection at the same stage with nearly the same message."""
        if verdict.accepted or verdict.stage != self.wanted.stage:
            return False
        if verdict.stage in ("timeout", "crash"):
            return True
        new, old = message_words(verdict.message, self.names), message_words(self.wanted.message, self.names)
        return len(new & old) >= SIMILARITY * len(new)

    def _reduce(self, model: ModelProto, facts: Facts, suspects: Sequence[NodeFacts]) -> list[int]:
        """Return the positions of the fewest rejected nodes found; empty when not even all nodes together are rejected."""
        everything = [at for at, node in enumerate(model.graph.node) if node.op_type != "Constant"]

        def rejected(chosen: Iterable[int]) -> bool:
            return self._is_rejected(model, facts, chosen)

        for at in _positions(model, suspects)[:MAX_SUSPECTS]:
            if rejected([at]):
                return [at]
        if not rejected(everything):
            return []
        low, high = 0, len(everything)  # the first `high` nodes are rejected, the first `low` are not
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if rejected(everything[:middle]) else (middle, high)
        end = high
        low, high = 0, end  # without the first `low` nodes it is rejected, without the first `high` it is not
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if rejected(everything[middle:end]) else (low, middle)
        return _delta_debug(everything[low:end], rejected)

    def _rejected_body(self, model: ModelProto) -> tuple[ModelProto, Verdict] | None:
        """Return a subgraph attribute of one of the nodes as a model with its verdict, where that alone is rejected."""
        facts = Facts.of(model)
        for at, node in enumerate(model.graph.node):
            if any(item.type == AttributeProto.GRAPH for item in node.attribute):
                for body in extract_bodies(model, at, facts):
                    if self._try(body, len(body.graph.node)):
                        return self.best
        return None


def message_words(message: str, names: Collection[str]) -> set[str]:
    """Return the words of a message without the names, numbers, shapes and paths that differ from part to part."""
    for name in sorted(set(re.findall(r"[^\s'\"<>,()\[\]]+", message)) & set(names), key=len, reverse=True):
        message = message.replace(name, " ")
    plain = re.sub(r"\"[^\"]*\"|\S*/\S*", " ", message)
    return {word.lower() for word in re.findall(r"[A-Za-z]{3,}", plain)}


def _delta_debug(chosen: list[int], rejected: Callable[[list[int]], bool]) -> list[int]:
    """Remove groups of nodes as long as the rest is rejected; the group size is halved when no group can be removed."""
    size = max(1, len(chosen) // 2)
    while len(chosen) > 1:
        for start in range(0, len(chosen), size):
            rest = chosen[:start] + chosen[start + size :]
            if rest and rejected(rest):
                chosen, size = rest, min(size, max(1, len(rest) // 2))
                break
        else:
            if size == 1:
                break
            size //= 2
    return chosen


def _extracted(model: ModelProto, chosen: frozenset[int], facts: Facts) -> ModelProto | None:
    """The chosen nodes and the Constant nodes they use as a model; None where they cannot be one."""
    used = {name for at in chosen for name in (*model.graph.node[at].input, *_captured(facts, model, at))}
    constants = {at for at, node in enumerate(model.graph.node) if node.op_type == "Constant" and used & set(node.output)}
    try:
        return extract_nodes(model, chosen | constants, facts)
    except Exception:  # graphsurgeon cannot write every graph; such a part is no candidate
        return None


def _captured(facts: Facts, model: ModelProto, at: int) -> Sequence[str]:
    """The outer-scope values that the subgraphs of a node use."""
    node = model.graph.node[at]
    if not any(item.type == AttributeProto.GRAPH for item in node.attribute):
        return ()
    found = facts.producer(next((name for name in node.output if name), ""))
    return found.captured if found is not None else ()


def _positions(model: ModelProto, suspects: Sequence[NodeFacts]) -> list[int]:
    """The positions in the main graph of the suspects, or of the nodes whose subgraphs contain them."""
    outputs = {name: at for at, node in enumerate(model.graph.node) for name in node.output if name}
    labels = {node.name or next(iter(node.output), ""): at for at, node in enumerate(model.graph.node)}
    found: dict[int, None] = {}
    for node in suspects:
        if node.scope:
            at = labels.get(node.scope[0].partition(" of ")[2])
        else:
            at = next((outputs[name] for name in node.proto.output if name in outputs), None)
        if at is not None and model.graph.node[at].op_type != "Constant":
            found[at] = None
    return list(found)
