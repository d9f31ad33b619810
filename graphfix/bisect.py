"""The smallest part of a model that a compiler still rejects in the same way, to look at or to attach to a report.

First the nodes that the compiler's words name are tried alone. Then the graph is cut at its end and at its start, by
halving; then nodes are left out in ever smaller groups (delta debugging); then a body is lifted out of the node that
holds it, and all begins anew. Every part is handed to the compiler: no step is trusted that it has not confirmed.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnx import AttributeProto, ModelProto

from graphfix.blame import blame
from graphfix.cutting import lifted, part
from graphfix.facts import Facts, NodeFacts
from graphfix.trace import Trace

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict
    from graphfix.compile_case import Ready

Say = Callable[[str], None]
ALIKE = 0.8
"""The share of a message's words that the original message must hold for the two to say the same."""


@dataclass(frozen=True, slots=True)
class Part:
    """A rejected part: the model, the verdict on it, how many questions it took, and whether the search was cut short."""

    model: ModelProto
    verdict: Verdict
    asked: int
    cut_short: bool

    @property
    def operators(self) -> list[str]:
        """The operators of its main graph, constants left out."""
        return [node.op_type for node in self.model.graph.node if node.op_type != "Constant"]

    @property
    def summary(self) -> str:
        """`1 node (Squeeze)`, and what it means when the search ran out of time."""
        few = ", ".join(self.operators[:4]) + (", ..." if len(self.operators) > 4 else "")
        count = len(self.operators)
        return f"{count} node{'s' if count != 1 else ''} ({few})" + (", the search cut short" if self.cut_short else "")

    def save(self, path: Path) -> None:
        """Write the part's model; OutputError where that cannot be."""
        from graphfix.model import save_model

        save_model(self.model, path, force=True)


def smallest(
    ready: Ready,
    session: Session,
    backend: Backend,
    verdict: Verdict,
    *,
    suspects: Sequence[NodeFacts] = (),
    options: Mapping[str, Any] | None = None,
    patience: float = 300.0,
    say: Say = lambda _: None,
) -> Part:
    """Cut a rejected model down for `patience` seconds at most; the whole model where no part of it is rejected alike."""
    trace = Trace.of(ready) if backend.needs_sizes else None
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        place = Path(folder, "part.onnx")

        def ask(model: ModelProto) -> Verdict:
            from graphfix.model import save_model

            save_model(model, place, force=True)
            more = dict(options or {})
            values: Mapping[str, Any] = {}
            if trace is not None:
                more["profiles"], values = trace.profile(model), trace.values(model)
            return session.ask(place, options=more, values=values)

        model = ready.facts.model if ready.model.functions else ready.model
        names = {name for node in ready.facts.nodes for name in _names(node)}
        search = Search(ask, verdict, names, time.monotonic() + patience, say)
        return search.run(model, ready.facts, suspects)


@dataclass(slots=True)
class Search:
    """One search: what is asked, what counts as the same rejection, and when to stop."""

    ask: Callable[[ModelProto], Verdict]
    wanted: Verdict
    names: Collection[str]
    until: float
    say: Say
    asked: int = 0
    best: tuple[ModelProto, Verdict] | None = None
    _seen: dict[frozenset[int], bool] = field(default_factory=dict)

    def run(self, model: ModelProto, facts: Facts, suspects: Sequence[NodeFacts]) -> Part:
        """Cut until nothing more can go, or time is up."""
        while True:
            current, facts = model, Facts.of(model) if self.best is not None else facts
            self._seen.clear()
            chosen = self._reduced(current, facts, suspects)
            reached, verdict = self.best or (model, self.wanted)
            inner = self._lifted(reached) if chosen and not self.late else None
            if inner is None:
                return Part(reached, verdict, self.asked, self.late)
            model, verdict = inner
            self.best = inner
            suspects = blame(verdict.message, verdict.nodes, Facts.of(model)).nodes

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return time.monotonic() > self.until

    def _fails(self, model: ModelProto, facts: Facts, chosen: Iterable[int]) -> bool:
        """Whether the nodes at these positions are rejected as the whole is; remembered as the best part if so."""
        wanted = frozenset(chosen)
        if wanted not in self._seen:
            self._seen[wanted] = bool(wanted) and not self.late and self._tried(_cut(model, wanted, facts), len(wanted))
        return self._seen[wanted]

    def _tried(self, candidate: ModelProto | None, count: int) -> bool:
        if candidate is None:
            return False
        self.asked += 1
        verdict = self.ask(candidate)
        same = self.alike(verdict)
        self.say(f"{count} node{'s' if count != 1 else ''}: {'still rejected' if same else 'not so'} ({self.asked} questions)")
        if same:
            self.best = (candidate, verdict)
        return same

    def alike(self, verdict: Verdict) -> bool:
        """Whether a verdict says what the original says: the same stage, and hardly a word that is new."""
        if verdict.accepted or verdict.stage != self.wanted.stage:
            return False
        if verdict.stage in ("timeout", "crash"):
            return True
        new, old = words(verdict.message, self.names), words(self.wanted.message, self.names)
        return len(new & old) >= ALIKE * len(new)

    def _reduced(self, model: ModelProto, facts: Facts, suspects: Sequence[NodeFacts]) -> list[int]:
        """Positions of the fewest nodes found that are rejected; empty when not even all together are."""
        everything = [at for at, node in enumerate(model.graph.node) if node.op_type != "Constant"]

        def fails(chosen: Iterable[int]) -> bool:
            return self._fails(model, facts, chosen)

        for at in _positions(model, suspects)[:8]:
            if fails([at]):
                return [at]
        if not fails(everything):
            return []
        low, high = 0, len(everything)  # the first `high` nodes are rejected, the first `low` are not
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fails(everything[:middle]) else (middle, high)
        end = high
        low, high = 0, end  # without the first `low` it is rejected, without the first `high` it is not
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fails(everything[middle:end]) else (low, middle)
        return _fewest(everything[low:end], fails)

    def _lifted(self, model: ModelProto) -> tuple[ModelProto, Verdict] | None:
        """A body of one of the nodes, where that alone is rejected."""
        facts = Facts.of(model)
        for at, node in enumerate(model.graph.node):
            if any(item.type == AttributeProto.GRAPH for item in node.attribute):
                for body in lifted(model, at, facts):
                    if self._tried(body, len(body.graph.node)):
                        return self.best
        return None


def words(message: str, names: Collection[str]) -> set[str]:
    """What a message says, without the names, numbers, shapes and places that differ from part to part."""
    for name in sorted(set(re.findall(r"[^\s'\"<>,()\[\]]+", message)) & set(names), key=len, reverse=True):
        message = message.replace(name, " ")
    plain = re.sub(r"\"[^\"]*\"|\S*/\S*", " ", message)
    return {word.lower() for word in re.findall(r"[A-Za-z]{3,}", plain)}


def _fewest(chosen: list[int], fails: Callable[[list[int]], bool]) -> list[int]:
    """Delta debugging: leave out groups, halved in size whenever none of them can go."""
    size = max(1, len(chosen) // 2)
    while len(chosen) > 1:
        for start in range(0, len(chosen), size):
            rest = chosen[:start] + chosen[start + size :]
            if rest and fails(rest):
                chosen, size = rest, min(size, max(1, len(rest) // 2))
                break
        else:
            if size == 1:
                break
            size //= 2
    return chosen


def _cut(model: ModelProto, chosen: frozenset[int], facts: Facts) -> ModelProto | None:
    """The chosen nodes with the Constant nodes they read; None where they make no model of their own."""
    read = {name for at in chosen for name in (*model.graph.node[at].input, *_captured(facts, model, at))}
    more = {at for at, node in enumerate(model.graph.node) if node.op_type == "Constant" and read & set(node.output)}
    try:
        return part(model, chosen | more, facts)
    except Exception:  # graphsurgeon cannot write every graph; such a part is no candidate
        return None


def _captured(facts: Facts, model: ModelProto, at: int) -> Sequence[str]:
    node = model.graph.node[at]
    if not any(item.type == AttributeProto.GRAPH for item in node.attribute):
        return ()
    found = facts.producer(next((name for name in node.output if name), ""))
    return found.captured if found is not None else ()


def _positions(model: ModelProto, suspects: Sequence[NodeFacts]) -> list[int]:
    """Where the suspects, or the nodes of the main graph that hold them, stand."""
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


def _names(node: NodeFacts) -> Iterable[str]:
    return (name for name in (node.proto.name, *node.proto.input, *node.proto.output) if name)
