"""Every n-th entry of a dim that a Reshape makes, and of one that it keeps: what compilers move up to the Reshape."""

from graphfix.probe.form import TextProbe

SHAPES = (
    ("1,16,8", (1, 4, 4, 8)), ("1,4,4,8", (1, 16, 8)), ("2,8", (2, 2, 4)), ("4,4", (16,)), ("1,6,8", (1, 6, 2, 4)),
    ("2,3,4,4", (2, 12, 4)), ("1,2,4,4", (1, 4, 2, 4)),
)  # fmt: skip
"""The shape of the data, and that to which it is reshaped."""
BETWEEN = {
    "nothing": "R = Identity(Q)",
    "Relu": "R = Relu(Q)",
    "sum": "t = Sigmoid(Q) R = Add(t, Q)",
    "scaled": "R = Mul(Q, c)",
    "Softmax": "R = Softmax<axis = -1>(Q)",
    "max pooling": "R = MaxPool<kernel_shape = [1, 1]>(Q)",
    "padding": "p = Constant<value = int64[8] {0, 1, 0, 0, 0, 1, 0, 0}>() R = Pad(Q, p)",
    "other reader": "R = Relu(Q) Z = Abs(R)",
}
"""What is between the Reshape and the Slice, for four dims."""


def _slice(axis: int, step: int) -> str:
    first, last = (0, 1000) if step > 0 else (-1, -1000)
    given = {"b": first, "e": last, "a": axis, "n": step}
    held = " ".join(f"{name} = Constant<value = int64[1] {{{number}}}>()" for name, number in given.items())
    return f"{held} [probe] S = Slice(R, b, e, a, n) Y = Neg(S)"


def skipping(before: str, after: tuple[int, ...], axis: int, step: int = 2, between: str = "nothing",
             dynamic: bool = False, opset: int = 17) -> TextProbe:
    """A Reshape, something after it, and a Slice with a step."""
    dims = before.replace("1,", "n,", 1) if dynamic else before
    target = ",".join(map(str, (-1, *after[1:]) if dynamic else after))
    outputs = f"float[{','.join(f'o{at}' for at in range(len(after)))}] Y"
    if between == "other reader":
        outputs += f", float[{','.join(f'z{at}' for at in range(len(after)))}] Z"
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => ({outputs}) {{ '
            f"c = Constant<value = float {{2.0}}>() r = Constant<value = int64[{len(after)}] {{{target}}}>() Q = Reshape(X, r) "
            f"{BETWEEN[between]} {_slice(axis, step)} }}")  # fmt: skip
    label = f"{before} to {list(after)}, {between}, axis {axis}, step {step}{', dynamic' if dynamic else ''}, opset={opset}"
    return TextProbe("Slice", f"skipping {label}", text, ("strides", "data.rank"))


def strided(before: str, after: tuple[int, ...], stride: int, kernel: int = 1, between: str = "nothing") -> TextProbe:
    """A Reshape and a convolution with strides, of two channels."""
    weights = ",".join(["0.5"] * (2 * after[1] * kernel * kernel))
    middle = {"nothing": "R = Identity(Q)", "Relu": "R = Relu(Q)"}[between]
    text = (f'<ir_version: 8, opset_import: ["": 17]> g (float[{before}] X) => (float[o0,o1,o2,o3] Y) '
            f"<float[2,{after[1]},{kernel},{kernel}] W = {{{weights}}}> {{ "
            f"r = Constant<value = int64[4] {{{','.join(map(str, after))}}}>() Q = Reshape(X, r) {middle} "
            f"[probe] S = Conv<strides = [{stride}, {stride}]>(R, W) Y = Neg(S) }}")  # fmt: skip
    label = f"skipping {before} to {list(after)}, {between}, stride {stride}, kernel {kernel}"
    return TextProbe("Conv", label, text, ("strides",))


FORMS = [
    *(skipping(before, after, axis) for before, after in SHAPES for axis in range(len(after))),
    *(skipping("1,16,8", (1, 4, 4, 8), axis, between=between) for between in BETWEEN for axis in (1, 3)),
    *(skipping("1,16,8", (1, 4, 4, 8), axis, step) for axis in (2, 3) for step in (-1, 3, 1)),
    *(skipping("1,16,8", (1, 4, 4, 8), axis, dynamic=True) for axis in (1, 2, 3)),
    *(skipping("1,16,8", (1, 4, 4, 8), axis, opset=opset) for axis in (1, 3) for opset in (10, 11, 13)),
    *(strided("1,8,16", (1, 8, 4, 4), stride, kernel, between)
      for stride in (1, 2) for kernel in (1, 3) for between in ("nothing", "Relu")),
    *(strided("1,4,4,4", (1, 2, 8, 4), stride) for stride in (1, 2)),
]  # fmt: skip
