"""MaxPool with its indices, and MaxUnpool that puts the maxima back, as networks for segmentation pair them."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

DIMS = ("1,3,8,8", "2,3,8,8", "n,3,8,8", "1,3,h,w", "1,3,8", "1,3,9,9", "1,3,4,4,4")
WINDOWS = {"2 by 2": (2, 2, 0), "3 by 2": (3, 2, 0), "3 by 3": (3, 3, 0), "2 by 1": (2, 1, 0), "3 by 2 padded": (3, 2, 1)}
BETWEEN = {"nothing": "q = Identity(p)", "Relu": "q = Relu(p)", "Conv": "q = Conv<pads = [1, 1, 1, 1]>(p, W)"}
TAKEN = {"MaxUnpool": "", "indices only": "Z = Cast<to = 1>(i)", "both": "Z = Cast<to = 1>(i)"}


def _paired(op: str, dims: str, window: str, between: str, sized: bool, opset: int, taken: str = "MaxUnpool") -> TextProbe:
    size, stride, pad = WINDOWS[window]
    spatial = dims.count(",") - 1
    how = f"kernel_shape = {[size] * spatial}, strides = {[stride] * spatial}, pads = {[pad] * (2 * spatial)}"
    pool, back = ("[probe] ", "") if op == "MaxPool" else ("", "[probe] ")
    body = f"{pool}p, i = MaxPool<{how}>(X) {BETWEEN[between]} {TAKEN[taken]}"
    rank = spatial + 2
    sizes, more = ",".join(f"o{at}" for at in range(rank)), ",".join(f"z{at}" for at in range(rank))
    outputs = []
    if taken != "indices only":
        body += f" {back}Y = MaxUnpool<{how}>(q, i{', S' if sized else ''})"
        outputs.append(f"float[{dims if sized else sizes}] Y")
    outputs += [f"float[{more}] Z"] if taken != "MaxUnpool" else []
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => ({", ".join(outputs)})'
        f" <int64[{rank}] S = {{{dims.replace('n', '2').replace('h', '8').replace('w', '8')}}}> {{ {body} }}"
    )
    label = f"[{dims}] by {window}, {between} between, sized={sized}, {taken}, opset={opset}"
    weights = [("W", "float32", (3, 3, 3, 3), -0.5, 0.5)] if between == "Conv" else []
    return TextProbe(op, label, text, ("outputs", "X.dims", AGAIN), weights=weights)


FORMS = [
    *(_paired(op, dims, window, between, sized, opset) for op, dims, (window, between), sized, opset in product(
        ("MaxPool", "MaxUnpool"), DIMS, (("2 by 2", "Relu"), ("2 by 2", "Conv"), ("2 by 2", "nothing"), ("3 by 2", "Relu"),
                                         ("3 by 3", "Relu"), ("2 by 1", "Relu"), ("3 by 2 padded", "Relu")),
        (False, True), (11, 22)) if between != "Conv" or dims.count(",") == 3),
    *(_paired("MaxPool", dims, window, "Relu", False, opset, taken) for dims, window, opset, taken in product(
        DIMS, ("2 by 2", "3 by 2"), (11, 22), ("indices only", "both"))),
]  # fmt: skip
