"""onnxsim in an isolated process: its result is kept if the model's outputs agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

if TYPE_CHECKING:
    from onnx import ModelProto

MOST_BYTES = 500_000_000
MOST_SECONDS = 120
MOST_MEMORY = 8 << 30
"""Address space of the onnxsim process, in bytes."""

GUEST = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]), int(sys.argv[3])))
except ImportError:  # Windows has no such limit
    pass
for name in ("torch", "sympy", "rich"):  # onnxsim imports them where they are, which takes most of its time, and needs none
    sys.modules[name] = None
import onnx, onnxsim
model, _ = onnxsim.simplify(onnx.load(sys.argv[1]), check_n=0)
onnx.save(model, sys.argv[2])
"""


class Simplify(Rewrite):
    """Simplify the model with onnxsim, in a separate process with a deadline.

    Why: it has fusions and folds that no rewrite here has. It also raises, hangs and changes results on some models, so
    it is tried last, only where findings remain, and is undone unless outputs agree and no new finding appears.
    """

    name = "simplify"
    safety = Safety.EXACT
    differs_at = ("nan", "inf")
    everywhere = True
    last_resort = True
    fixes = (FixRule("*"), FixRule(""))
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[2, 3] y) {
                 a = Transpose<perm = [1, 0]>(x)
                 b = Transpose<perm = [1, 0]>(a)
                 y = Relu(b) }""",
            ops=("Relu",),
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        import subprocess
        import sys
        import tempfile
        from pathlib import Path

        import onnx

        from graphfix.ir.metadata import restore
        from graphfix.ir.tensors import nbytes, tensors

        size = sum(nbytes(tensor) or 0 for tensor in tensors(model))
        if size > MOST_BYTES:
            return Outcome(None, declined=(Declined(f"the model has {size} bytes, over {MOST_BYTES}"),))
        with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
            given, made = Path(folder, "in.onnx"), Path(folder, "out.onnx")
            onnx.save(model, given)
            command = [sys.executable, "-c", GUEST, str(given), str(made), str(MOST_MEMORY)]
            try:
                run = subprocess.run(command, capture_output=True, timeout=MOST_SECONDS, check=False, cwd=folder)
            except subprocess.TimeoutExpired:
                return Outcome(None, declined=(Declined(f"onnxsim was stopped after {MOST_SECONDS} s"),))
            if run.returncode or not made.exists():
                said = run.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {run.returncode}"]
                return Outcome(None, declined=(Declined(f"onnxsim failed: {said[0][:200]}"),))
            simplified = onnx.load(made)
        for graph in (simplified.graph,):
            del graph.value_info[:]
        if [o.name for o in simplified.graph.output] != [o.name for o in model.graph.output]:
            return Outcome(None, declined=(Declined("onnxsim changed the outputs"),))
        if simplified.graph.node == model.graph.node:
            return Outcome(None)
        before, after = len(model.graph.node), len(simplified.graph.node)
        return Outcome(restore(model, simplified), (f"{before} nodes to {after}",), (((), ""),))
