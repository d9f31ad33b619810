"""Sources of torch as programs of ATen operators, for targets that start from torch: exported in a worker, judged as graphs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.analysis.facets.stored import PRODUCER, store_facets
from graphfix.errors import ModelError, UsageError
from graphfix.ir.source_location import SCOPES, STACK
from graphfix.lowering.attempts import build_request, refused
from graphfix.lowering.bringing import LoweredSource
from graphfix.lowering.direct import verified_runs
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.lowered import Attempt, Lowered
from graphfix.lowering.source import FRAMEWORKS, Source
from graphfix.lowering.workshop import FrameworkWorkers
from graphfix.tables.versions import about_target

if TYPE_CHECKING:
    from onnx import ModelProto

EXPORTER, FILE = "torch.export", "program.json"
OPSET, ONNX_OPSET = 1, 21
"""The version of the domains of operators, which have none of their own, and that of ONNX, of which the graph has no node."""


@contextmanager
def program_temporarily(
    source: Source, instructions: Instructions, target: str, progress: Callable[[str], None] | None = None
) -> Iterator[LoweredSource]:
    """Export a source and yield its program, decomposed as the target's converter does; it is deleted on exit.

    Raises:
        UsageError: the source is none of torch, or there is nothing to run it on.
        ModelError: it cannot be opened. BackendError: torch is not installed.
    """
    if "torch" not in FRAMEWORKS[source.kind]:
        raise UsageError(f"ExecuTorch starts from torch, and this is {source.title}", path=source.text)
    if source.path is not None and not source.path.exists():
        raise ModelError("there is no such file", path=source.text)
    with tempfile.TemporaryDirectory(prefix="graphfix-") as place:
        folder = Path(place)
        kept = list(about_target(target.partition("@")[0]).get("kept", ()))
        request = {**build_request(source, instructions, EXPORTER, folder), "artifact": FILE, "kept": kept}
        (progress or str)(f"exporting {source.text} with {EXPORTER}")
        with FrameworkWorkers(instructions, exports=False) as workers:
            answer = workers.ask("torch", request)
            versions = workers.versions("torch")
            workers.require_framework(answer.get("missing"), source.text)
        refused(answer, source)
        if answer["stage"] == "elsewhere":
            raise UsageError("ExecuTorch starts from torch, and this is a model of another framework", path=source.text)
        attempt = _attempt(instructions, answer, folder)
        lowered = Lowered(source, [attempt], attempt, versions, "the only way to a program of ATen operators")
        if lowered.problem is not None:
            raise lowered.problem
        yield LoweredSource(source.text, attempt.model, lowered)


def _attempt(instructions: Instructions, answer: Mapping[str, Any], folder: Path) -> Attempt:
    """Return a worker's answer as an Attempt; a program that was written becomes an ONNX graph, and is verified."""
    attempt = Attempt(
        EXPORTER, answer["stage"], float(answer["seconds"]), leftovers=answer.get("leftovers", ()), notes=answer.get("notes", ())
    )
    if answer["stage"] == "ok":
        described = json.loads((folder / FILE).read_text())
        attempt.model, attempt.nodes = folder / "program.onnx", len(described["nodes"])
        attempt.model.write_bytes(program_model(described).SerializeToString())
        attempt.verification = verified_runs(instructions, answer, folder)
    else:
        attempt.failure = {key: answer.get(key) for key in ("message", "file", "line", "module", "op", "cure")}
    return attempt


def program_model(described: Mapping[str, Any]) -> ModelProto:
    """Return a program that a worker described as an ONNX graph of ATen operators, without its weights."""
    from onnx import helper

    graph = helper.make_graph([], "program", list(map(_value, described["inputs"])), list(map(_value, described["outputs"])))
    for one in described["nodes"]:
        node = helper.make_node(one["op"], one["inputs"], one["outputs"], name=one["name"], domain=one["domain"])
        store_facets(node, one["facets"])
        for key, text in ((STACK, one["stack"]), (SCOPES, repr(one["modules"]))):
            node.metadata_props.add(key=key, value=text)
        graph.node.append(node)
    domains = sorted({node.domain for node in graph.node})
    imports = [helper.make_opsetid(domain, OPSET) for domain in domains] + [helper.make_opsetid("", ONNX_OPSET)]
    return helper.make_model(graph, producer_name=PRODUCER, opset_imports=imports)


def _value(told: Mapping[str, Any]) -> Any:
    from onnx import helper

    from graphfix.ir.dtypes import CODES

    return helper.make_tensor_value_info(told["name"], CODES.get(told["dtype"], 0), told["shape"])
