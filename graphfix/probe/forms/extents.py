"""Concat of tensors whose dynamic dims are computed in different ways, as in skip connections, or in the same way."""

from graphfix.probe.form import TextProbe

HEAD = (
    '<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[{out}] Y)'
    " <float[0] e = {{}}, {scales}> {{ {body} }}"
)
UP = 'Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">'
DOWN = "MaxPool<kernel_shape = [{three}], pads = [{ones}], strides = [{twos}]>"
HALF = "AveragePool<kernel_shape = [{twos}], strides = [{twos}]>"
PAIRS = {
    "itself": "p = Relu(X) q = Identity(X)",
    "as large": "p = MaxPool<kernel_shape = [{three}], pads = [{ones}]>(X) q = Identity(X)",
    "one way down": f"p = {HALF}(X) q = {HALF}(X)",
    "two ways down": f"p = {DOWN}(X) q = MaxPool<kernel_shape = [{{single}}], strides = [{{twos}}]>(X)",
    "other ways down": f"p = {DOWN}(X) q = {HALF}(X)",
    "down and up": f"a = {HALF}(X) p = {UP}(a, e, s) q = Identity(X)",
    "further down and up": f"a = {DOWN}(X) b = {DOWN}(a) p = {UP}(b, e, s) q = Identity(a)",
    "down twice and at once": f"a = {DOWN}(X) p = {DOWN}(a) q = MaxPool<kernel_shape = [{{single}}], strides = [{{fours}}]>(X)",
    "up and as large": f"p = {UP}(X, e, s) b = {UP}(X, e, s) q = MaxPool<kernel_shape = [{{three}}], pads = [{{ones}}]>(b)",
}
OPEN = {3: ("", "0", "2", "02"), 4: ("", "0", "2", "23", "023"), 5: ("", "0", "234")}
SIZES = {3: (1, 4, 8), 4: (1, 4, 8, 8), 5: (1, 4, 4, 8, 8)}


def pair(name: str, rank: int, free: str, *, axis: int = 1, opset: int = 17) -> TextProbe:
    """A Concat of two tensors of the same size at runtime."""
    spatial = rank - 2
    words = {"three": 3, "twos": 2, "single": 1, "fours": 4}
    parts = {word: ", ".join([str(number)] * spatial) for word, number in words.items()}
    body = PAIRS[name].format(ones=", ".join("1" * 2 * spatial), **parts)
    dims = ",".join(f"D{i}" if str(i) in free else str(size) for i, size in enumerate(SIZES[rank]))
    scales = f"float[{rank}] s = {{1, 1, {parts['twos']}}}"
    text = HEAD.format(
        opset=opset, dims=dims, out=",".join(f"O{i}" for i in range(rank)), scales=scales,
        body=f"{body} [probe] z = Concat<axis = {axis}>(p, q) Y = Relu(z)",
    )  # fmt: skip
    label = f"extents {name}, rank={rank} open={free or 'none'} axis={axis} opset={opset}"
    return TextProbe("Concat", label, text, ("extents", "inputs.dims"))


FORMS = [
    *(pair(name, rank, free) for name in PAIRS for rank in OPEN for free in OPEN[rank]),
    *(pair(name, 4, "23", axis=-3, opset=opset) for name in ("as large", "down and up", "other ways down") for opset in (11, 13)),
    *(pair(name, 4, "23", axis=axis) for name in ("itself", "as large", "down and up") for axis in (0, 2, 3)),
]  # fmt: skip
