"""f(x) with f(a) = g(h(a)) becomes g(h(x)): a model's local functions written out where they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphfix.rewriting.rewrite import Case, FixRule, Key, Outcome, Rewrite, Safety

if TYPE_CHECKING:
    from onnx import ModelProto


class InlineFunctions(Rewrite):
    """Write out the model's local functions where they are called.

    Why: many compilers do not read local functions, and reject a call as an unknown operator.
    """

    name = "inline-functions"
    safety = Safety.EXACT
    everywhere = True
    tidies = True
    fixes = (FixRule("*", kinds=("function", "functions")), FixRule("", kinds=("function", "functions")))
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17, "local" : 1]> g (float[N] x) => (float[N] y) { y = local.twice(x) }
               <domain: "local", opset_import: ["" : 17]> twice (a) => (b) { b = Add(a, a) }""",
            ops=("Add",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) { y = Relu(x) }"""),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if not model.functions:
            return Outcome(None)
        from onnx import inliner

        labels = tuple(f"{function.domain}.{function.name}" for function in model.functions)
        return Outcome(inliner.inline_local_functions(model), labels, (((), ""),))
