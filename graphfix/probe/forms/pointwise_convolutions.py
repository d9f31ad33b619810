"""Convolutions of reshaped data, with kernels of one position and wider ones, as attention over image positions is exported."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = (
    '<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[{out}] Y) '
    "{{ t = Constant<value = int64[{rank}] {{{target}}}>() r = Reshape(X, t) {node} }}"
)
CASES = {
    "an image as rows": ("1,{c},4,4", "1,{c},16", "a,b,l"),
    "images as rows": ("2,{c},4,4", "2,{c},16", "a,b,l"),
    "rows as an image": ("1,{c},16", "1,{c},4,4", "a,b,h,w"),
    "positions as channels": ("1,16,{c}", "1,{c},16", "a,b,l"),
    "positions as channels of an image": ("1,4,4,{c}", "1,{c},4,4", "a,b,h,w"),
    "one batch of several": ("4,{c},4", "1,{c},16", "a,b,l"),
    "features as rows": ("2,{c}", "2,{c},1", "a,b,l"),
}
FACETS = ("reshaped", "window", "X.rank", "group", AGAIN)


def _convolved(case: str, kernel: int, channels: int, bias: str, group: int = 1, opset: int = 17) -> TextProbe:
    """A Reshape of data with fixed dims, and a convolution of it."""
    dims, target, out = (part.format(c=channels) for part in CASES[case])
    spatial = out.count(",") - 1
    weights = [("w", "float32", [8, channels // group, *[kernel] * spatial], -1.0, 1.0)]
    weights += [("b", "float32", [8], -1.0, 1.0)] if bias == "bias" else []
    pads = ", ".join([str(kernel // 2)] * 2 * spatial)
    operands = "r, w, b" if bias == "bias" else "r, w"
    node = f"[probe] Y = Conv<pads = [{pads}], group = {group}>({operands})"
    text = HEAD.format(opset=opset, dims=dims, out=out, rank=out.count(",") + 1, target=target, node=node)
    label = f"{case} kernel={kernel} channels={channels} {bias} group={group} opset={opset}"
    return TextProbe("Conv", label, text, FACETS, weights=weights)


FORMS = [
    *(
        _convolved(case, kernel, channels, bias)
        for case in CASES for kernel in (1, 3) for channels in (4, 32) for bias in ("bias", "no bias")
        if kernel == 1 or case != "features as rows"
    ),
    *(_convolved(case, kernel, 4, "bias", 4) for case in CASES for kernel in (1, 3) if case != "features as rows"),
    *(_convolved(case, 1, 32, "bias", 1, opset) for case in CASES for opset in (11, 22)),
]  # fmt: skip
