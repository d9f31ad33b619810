"""Losses over scores that were reshaped to computed sizes, as in the function body of SoftmaxCrossEntropyLoss."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float{scores} X, int64{labels} y{weights}) => (float{out} Y) {{ {body} }}'
SHAPES = {2: ("[3,5]", "[3]"), 3: ("[3,5,2]", "[3,2]"), 4: ("[3,5,2,2]", "[3,2,2]"), 5: ("[3,5,2,2,2]", "[3,2,2,2]"),
          6: ("[3,5,2,1,2,1]", "[3,2,1,2,1]"), 7: ("[3,5,2,1,2,1,2]", "[3,2,1,2,1,2]")}  # fmt: skip


def loss(op: str, rank: int, opset: int, reduction: str, weighed: bool, ignored: int | None) -> TextProbe:
    """A loss after a Reshape to the original shape of the scores."""
    scores, labels = SHAPES[rank]
    more = f", ignore_index = {ignored}" if ignored is not None else ""
    given = "r, y, w" if weighed else "r, y"
    body = f's = Shape(X) n = Neg(X) r = Reshape(n, s) [probe] Y = {op}<reduction = "{reduction}"{more}>({given})'
    text = HEAD.format(opset=opset, scores=scores, labels=labels, weights=", float[5] w" if weighed else "",
        out=labels if reduction == "none" else "[]", body=body)  # fmt: skip
    return TextProbe(op, f"resized rank={rank} opset={opset} {reduction} weights={weighed} ignoring={ignored}", text,
                  ("resized", "reduction"))  # fmt: skip


FORMS = [
    loss(op, rank, opset, reduction, weighed, ignored)
    for op in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
    for rank in SHAPES
    for opset, reduction, weighed, ignored in (
        (13, "mean", False, None), (13, "none", False, None), (13, "sum", False, None), (13, "mean", True, None),
        (12, "mean", False, None), (13, "mean", False, 2), (13, "sum", True, 10),
    )
]  # fmt: skip
