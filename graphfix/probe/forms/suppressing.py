"""NonMaxSuppression of boxes whose number is dynamic, or is what an operator before it picks."""

from graphfix.probe.form import AGAIN, TextProbe

HELD = "int64[1] k = {3}, float[1] u = {0.5}, float[1] f = {0.1}, int64[1] zero = {0}, float none = {0}, int64[3] v = {1, -1, 4}"
DIMS = (
    ("1,n,4", "1,1,n"), ("1,n,4", "1,2,n"), ("1,n,4", "1,c,n"), ("1,n,4", "1,1,m"), ("b,n,4", "b,2,n"), ("b,6,4", "b,2,6"),
    ("1,n,4", "1,1,6"), ("1,6,4", "1,1,n"), ("1,n,d", "1,1,n"), ("1,6,d", "1,1,6"), ("b,n,4", "1,1,6"), ("2,n,4", "2,1,n"),
    ("2,6,4", "2,1,6"), ("1,6,4", "1,c,6"), ("b,n,d", "b,c,n"), ("1,6,4", "1,1,6"),
)  # fmt: skip
PICKED = {
    "of NonZero": "g = Greater(S, none) i = NonZero(g) t = Transpose(i) b = GatherND(B, t) s = GatherND(S, t)",
    "of TopK": "s, t = TopK(S, k) b = Gather(B, t)",
    "all": "b = Identity(B) s = Identity(S)",
}
AS_ONE = {"Unsqueeze": "b1 = Unsqueeze(b, zero)", "Reshape": "b1 = Reshape(b, v)"}


def _suppressed(boxes: str, scores: str, *, given: str = "k, u, f", opset: int = 17) -> TextProbe:
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{boxes}] B, float[{scores}] S) => (int64[o,3] Y) <{HELD}> '
            f"{{ [probe] Y = NonMaxSuppression(B, S, {given}) }}")  # fmt: skip
    label = f"boxes [{boxes}], scores [{scores}], {given}, opset={opset}"
    return TextProbe("NonMaxSuppression", label, text, ("clashes", "batched", "boxes.dims", AGAIN))


def _picked(how: str, number: str, view: str, opset: int = 17) -> TextProbe:
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{number},4] B, float[{number}] S) => (int64[o,3] Y) <{HELD}> '
            f"{{ {PICKED[how]} {AS_ONE[view]} s0 = Unsqueeze(s, zero) s1 = Unsqueeze(s0, zero) "
            f"[probe] Y = NonMaxSuppression(b1, s1, k, u) }}")  # fmt: skip
    label = f"boxes {how} out of {number} by {view}, opset={opset}"
    return TextProbe("NonMaxSuppression", label, text, ("clashes", "batched", "boxes.dims", AGAIN))


FORMS = [
    *(_suppressed(boxes, scores, given=given) for boxes, scores in DIMS for given in ("k, u, f", "k, u")),
    *(_suppressed(boxes, scores, opset=opset) for boxes, scores in DIMS[:8] for opset in (11, 13)),
    *(_picked(how, number, view, opset) for how in PICKED for number in ("6", "n") for view in AS_ONE for opset in (13, 17)),
]  # fmt: skip
