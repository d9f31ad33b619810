"""The page of a model: its graph drawn with the verdict on each node, and the findings beside it; also before and after a fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphfix.report.graph_data import GraphData
from graphfix.report.page_findings import result_data
from graphfix.report.standalone_page import layout_library, whole_page
from graphfix.report.support_page import Strings

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.linter.diagnostics import Result

View = tuple[str, "ModelProto | None", Sequence["Result"]]
"""A title (empty where there is one view only), the model, None where there is none to draw, and the Results on it."""
SCRIPTS = ("layers.js", "layout.js", "graph.js", "gestures.js", "panel.js")
"""What the page's own script builds on, in order."""


def model_page(name: str, views: Sequence[View], fixed: Mapping[str, Any] | None = None) -> str:
    """Return the page of a model as HTML; its Results must hold the verdict on each node.

    `fixed` holds `changes`, `verification` and `output` as docs/json.md describes them, where a fix is shown.
    """
    return whole_page("model", f"{name} - graphfix", page_data(name, views, fixed), (layout_library(), *SCRIPTS), model=name)


def page_data(name: str, views: Sequence[View], fixed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the graphs, verdicts and findings as the page's script reads them, with numbers for texts."""
    strings = Strings()
    graphs = [GraphData.of(model) if model is not None else GraphData() for _, model, _ in views]
    shown = []
    for at, (title, _, results) in enumerate(views):
        graph = graphs[at]
        others = {signature for other in graphs if other is not graph for signature in other.signatures}
        shown.append({
            "title": title,
            **graph.to_json(strings),
            "differs": [i for i, one in enumerate(graph.signatures) if one not in others] if len(views) > 1 else [],
            "targets": [result_data(result, graph, strings) for result in results],
        })  # fmt: skip
    return {"model": name, "views": shown, "fixed": _fix_data(fixed) if fixed is not None else None, "strings": list(strings.all)}


def _fix_data(fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes, the output's path, and the comparison of the outputs; errors as text, since they may be infinite."""
    proof = fixed["verification"] or {}
    errors = {name: f"{proof[name]:.3g}" for name in ("max_abs_error", "max_rel_error") if name in proof}
    about = {name: proof[name] for name in ("method", "inputs") if name in proof}
    return {"changes": fixed["changes"], "output": fixed["output"], "verification": about | errors}
