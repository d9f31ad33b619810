"""Advice on what to change in the model's source code, by operator and by kind of finding: where no rewrite fixes it."""

from __future__ import annotations

from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.operator_domains import owner
from graphfix.tables.unknown_operators import UNKNOWN
from graphfix.tables.versions import WHOLE

ON_TEXT = (
    "TfIdfVectorizer", "StringNormalizer", "StringConcat", "StringSplit", "RegexFullMatch", "LabelEncoder", "CategoryMapper",
)  # fmt: skip
"""Operators that read text in nearly every model that has them."""
OPERATORS = {
    "NonMaxSuppression": "export the model without its non-maximum suppression and run that on the outputs, in the application, "
    "or have its boxes padded, with `graphfix fix --padded-outputs`",
    "NonZero": "use a mask (`torch.where` with three operands, or a product) in place of indices of non-zero elements",
    "Loop": "write the loop over a fixed number of steps, so that tracing unrolls it",
    "Scan": "write the loop over a fixed number of steps, so that tracing unrolls it",
    "If": "decide the condition before export, or compute both sides and choose with `torch.where`",
    "LSTM": "write the cell out as matrix products and activations, over a fixed number of steps",
    "GRU": "write the cell out as matrix products and activations, over a fixed number of steps",
    "RNN": "write the cell out as matrix products and activations, over a fixed number of steps",
    "Unique": "move the search for distinct values out of the model, into the application",
    "Compress": "multiply by the mask instead of dropping what it excludes",
    **dict.fromkeys(ON_TEXT, "turn text to numbers in the application, and export the network from there on"),
    "RandomNormal": "draw the noise in the application and feed it as an input",
    "RandomNormalLike": "draw the noise in the application and feed it as an input",
    "RandomUniform": "draw the noise in the application and feed it as an input",
    "RandomUniformLike": "draw the noise in the application and feed it as an input",
    "Multinomial": "give out the logits and sample in the application",
    "Bernoulli": "give out the probabilities and sample in the application",
    "Einsum": "write the product with `matmul`, `transpose` and `reshape`",
    "GridSample": "resample with `interpolate` on a fixed grid, or move the warp out of the model",
    "RoiAlign": "crop the regions in the application and feed them as a batch",
    "MaxRoiPool": "crop the regions in the application and feed them as a batch",
    "DFT": "write the transform as a product with constant cosine and sine matrices, or as a strided convolution",
    "STFT": "write the transform as a strided convolution with constant cosine and sine kernels",
    "MelWeightMatrix": "compute the matrix once and keep it as a buffer",
    "Det": "compute the determinant in the application",
    "TopK": "use `max` where one value is needed, or select in the application",
    "ScatterND": "write into slices by concatenating the parts around them",
    "ScatterElements": "write the update as a one-hot product, or concatenate the parts around it",
    "CumSum": "multiply by a constant triangular matrix",
    "Dropout": "export after `model.eval()`",
    "BatchNormalization": "export after `model.eval()`, so that it normalises with the statistics it learnt",
    "ConvInteger": "export before quantising, and quantise with the compiler's own tools",
    "MatMulInteger": "export before quantising, and quantise with the compiler's own tools",
    "DynamicQuantizeLinear": "export before quantising, and quantise with the compiler's own tools",
    "QuantizeLinear": "export before quantising, and quantise with the compiler's own tools",
    "DequantizeLinear": "export before quantising, and quantise with the compiler's own tools",
    "QLinearConv": "export before quantising, and quantise with the compiler's own tools",
    "QLinearMatMul": "export before quantising, and quantise with the compiler's own tools",
    "DynamicQuantizeLSTM": "export before quantising, and quantise with the compiler's own tools",
    "MaxUnpool": "upsample with `interpolate` or a transposed convolution in place of the recorded indices",
    "AffineGrid": "compute the grid once for the fixed size and keep it as a buffer",
    "CenterCropPad": "slice or pad by fixed amounts",
    "Col2Im": "write the fold as a transposed convolution with a constant kernel",
    "Upsample": "export at opset 13 or newer, where it is Resize",
    "ConvTranspose": "upsample with `interpolate` and convolve after it",
    "ImageDecoder": "decode pictures in the application",
    "Optional": "give every value a tensor; leave out what is optional before export",
    "SequenceConstruct": "stack tensors in place of a list of them",
    "SplitToSequence": "split into a fixed number of tensors with `torch.split`",
    "ZipMap": "give out the scores as a tensor, with `graphfix fix --tensor-outputs` or `zipmap=False` in skl2onnx",
    "SequenceMap": "write the map as a batch dimension",
}
"""Advice by operator, for operators that are rejected in every form."""

KINDS = {
    "operator": "replace `{op}` in the model's code by operators that the target supports (`graphfix table --target {target}`)",
    "dtype": "compute it in float32 or int32, with a cast before and after",
    "text": "leave class names and other text to the application, and let the model give out numbers",
    "rank": "write it with fewer dims: join or split some with `reshape` around it",
    "attribute": "use another mode or size there; `graphfix explain {target} {table}` lists what is supported",
    "operand": "make the operand a constant: a Python number or a buffer in place of what is computed at run time",
    "dynamic": "export with fixed sizes, or fix them with --shape",
    "opset": "export at a newer opset",
    "optional": "leave out the optional input or output",
    "form": "write it in another form; `graphfix explain {target} {table}` lists what is supported",
    "wrong": "write it in another form, and compare what `graphfix compile --data` computes, before you trust its numbers",
    "function": "export without functions of your own, or write them out with `graphfix fix`",
    "rejection": "replace the node in the model's code; `graphfix compile --bisect` finds the smallest part that is rejected",
    "undecided": "fix unknown sizes and values with --shape or --set, so that it can be decided",
    "unmeasured": "`graphfix compile` asks the compiler itself; `graphfix probe` measures the operator",
}
"""Advice by kind of finding."""

DECIDING = frozenset({"operator", "form", "rejection", "operand"})
"""Kinds for which the operator's own advice comes first."""


def advice(op: str, kind: str, *, target: str = "T") -> str:
    """Return what to change in the model's source code, as an imperative without a full stop."""
    own = OPERATORS.get(op) if kind in DECIDING or op in ON_TEXT else None
    general = KINDS.get(kind, "change the part of the model's code that makes it")
    return own or general.format(op=op or "the model", table=op or WHOLE, target=target)


def advised_kind(finding: Finding) -> str:
    """Return the kind by which advice on a finding is chosen: `text` where a dtype is that of strings."""
    return "text" if finding.kind == "dtype" and "dtype string" in finding.message else finding.kind


def unfixed(finding: Finding) -> str:
    """Return that no rewrite fixes a rejection, with the number of probes tried, and what to change instead; else empty."""
    if finding.severity is not Severity.ERROR or finding.rewrite is not None or finding.tried is None:
        return ""
    known = "no fix was measured for this form"
    if finding.tried:
        known = f"no rewrite fixed this form ({finding.tried} probe{'s' if finding.tried != 1 else ''} tried)"
    if f"/{UNKNOWN}/" in (finding.evidence or ""):
        return owner(finding.domain)[1] if finding.domain else "check the operator's name and the model's opset"
    return f"{known}; {advice(finding.op, advised_kind(finding), target=finding.target)}"
