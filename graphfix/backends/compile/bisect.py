"""Find the smallest part of a model that a compiler still rejects with the same message.

The compiler is asked about every candidate part; no step is accepted that it has not confirmed. The search itself is in
`bisect_search`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.backends.compile.bisect_search import Progress, Search
from graphfix.backends.compile.shape_trace import ShapeTrace

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.analysis.facts import NodeFacts
    from graphfix.backends.base import Backend
    from graphfix.backends.compile.case import PreparedCase
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Part:
    """A rejected part of a model.

    `verdict` is the compiler's verdict on it, `asked` the number of models that the compiler was asked about, and
    `cut_short` tells whether the search ended because its time was up.
    """

    model: ModelProto
    verdict: Verdict
    asked: int
    cut_short: bool

    @property
    def operators(self) -> list[str]:
        """The operators of its main graph, without Constant nodes."""
        return [node.op_type for node in self.model.graph.node if node.op_type != "Constant"]

    @property
    def summary(self) -> str:
        """A summary such as `1 node (Squeeze)`, with a remark when the search ran out of time."""
        few = ", ".join(self.operators[:4]) + (", ..." if len(self.operators) > 4 else "")
        count = len(self.operators)
        return f"{count} node{'s' if count != 1 else ''} ({few})" + (", the search cut short" if self.cut_short else "")

    def save(self, path: Path) -> None:
        """Write the part's model; raises OutputError where that is impossible."""
        from graphfix.ir.io import save_model

        save_model(self.model, path, force=True)


def smallest_rejected_part(
    prepared: PreparedCase,
    session: Session,
    backend: Backend,
    verdict: Verdict,
    *,
    suspects: Sequence[NodeFacts] = (),
    options: Mapping[str, Any] | None = None,
    seconds: float = 300.0,
    progress: Progress = lambda _: None,
) -> Part:
    """Reduce a rejected model for at most `seconds`; the whole model where no part is rejected in the same way.

    `suspects` are the nodes named by the compiler's message, which are tried first.
    """
    trace = ShapeTrace.of(prepared) if backend.needs_sizes else None
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        path = Path(folder, "part.onnx")

        def ask(model: ModelProto) -> Verdict:
            from graphfix.ir.io import save_model

            save_model(model, path, force=True)
            more = dict(options or {})
            values: Mapping[str, Any] = {}
            if trace is not None:
                more["profiles"], values = trace.profile(model), trace.values(model)
            return session.ask(path, options=more, values=values)

        model = prepared.facts.model if prepared.model.functions else prepared.model
        names = {name for node in prepared.facts.nodes for name in _names(node)}
        search = Search(ask, verdict, names, time.monotonic() + seconds, progress)
        reached, reached_verdict = search.run(model, prepared.facts, suspects)
        return Part(reached, reached_verdict, search.asked, search.timed_out)


def _names(node: NodeFacts) -> Iterable[str]:
    return (name for name in (node.proto.name, *node.proto.input, *node.proto.output) if name)
