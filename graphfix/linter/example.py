"""Small models in ONNX text: the examples of rules, which serve as their tests and their documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphfix.ir.records import dataclass

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class Example:
    """A model in ONNX text: `nodes`, one per line, over declared inputs, outputs and initializers.

    `inputs` and `outputs` are written like `float[2,3] x, int64 n`; `weights` like `int64[2] s = {1, 2}`. `says` is a
    part of a finding's message, `target` the table it is judged by (an invented one in fixtures/rules), `evidence` the
    end of the finding's evidence.
    """

    nodes: str
    inputs: str = "float[2,3] x"
    outputs: str = "float y"
    weights: str = ""
    opset: int = 18
    says: str = ""
    target: str = "demo"
    evidence: str = ""

    @property
    def text(self) -> str:
        """The whole model as ONNX text."""
        weights = f" <{self.weights}>" if self.weights else ""
        head = f'<ir_version: 8, opset_import: ["" : {self.opset}, "com.microsoft" : 1, "example" : 1]>'
        return f"{head}\nexample ({self.inputs}) => ({self.outputs}){weights}\n{{\n{self.nodes.strip()}\n}}"

    @property
    def model(self) -> onnx.ModelProto:
        """The model, parsed by onnx."""
        import onnx

        return onnx.parser.parse_model(self.text)
