"""The adapter of an invented compiler: it judges by what nodes are called, so that a test can say what happens.

`bad...` is refused, two nodes called `pair...` are refused together, `wrong...` doubles what the model computes,
`folded...` gives outputs of another shape, `unwritten...` can be run and not written,
`broken...` compiles and crashes when it is run. Anything else is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

NAME = "demo"
DISTRIBUTIONS = ("onnx",)
CAPABILITIES = ("1.0", "2.0")


def nodes(graph: Any) -> Iterator[Any]:
    """Every node at every depth."""
    for node in graph.node:
        yield node
        for item in node.attribute:
            for inner in (item.g, *item.graphs):
                yield from nodes(inner)


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import what it runs models with; the function answers one request."""
    import onnx
    import onnxruntime

    def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        model = onnx.load(request["model"])
        called = [node for node in nodes(model.graph) if node.name]
        bad = next((node for node in called if node.name.startswith("bad")), None)
        if bad is not None:
            return {"stage": "convert", "message": f'Failed analyse for node #7 "{bad.name}" {bad.op_type} Caused by: taste'}
        pair = [node.name for node in called if node.name.startswith("pair")]
        if len(pair) > 1:
            return {"stage": "build", "message": f"Cannot fuse the layers in block {len(pair)}: not meant for each other"}

        def write(path: str) -> None:
            with open(path, "w") as sink:
                sink.write(f"{request['options']}")
                if any(node.name.startswith("unwritten") for node in called):
                    raise ValueError('No serializer found for node #2 "unwritten" Relu')

        def run(given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
            if any(node.name.startswith("broken") for node in called):
                raise RuntimeError("no such kernel")
            session = onnxruntime.InferenceSession(request["model"], providers=["CPUExecutionProvider"])
            factor = 2 if any(node.name.startswith("wrong") for node in called) else 1
            names = [output.name for output in session.get_outputs()]
            dims = [-1, 1, 1] if any(node.name.startswith("folded") for node in called) else None
            arrays = [array if dims is None else array.reshape(dims) for array in session.run(None, given)]
            return [(name, array * factor) for name, array in zip(names, arrays, strict=True)]

        return {"stage": "ok", "write": write, "run": run, "runs_unwritten": True}

    return ask
