"""ScatterND by indices of every rank, with a dynamic batch that operands share or of which one has the size."""

from graphfix.probe.form import AGAIN, TextProbe

DATA = ("n,3,4", "n,m,4", "3,3,4", "n,3,4,2")
"""Dims of the data."""
PLACES = ("", "2", "3,2", "2,1,2")
"""The dims of indices and updates behind the batch."""


def _scatter(dims: str, places: str, depth: int, batches: str, *, dtype: str = "float", opset: int = 17) -> TextProbe:
    """A ScatterND of slices below so many axes of the data, where indices and updates have these batches."""
    of_indices, of_updates = batches[0], batches[1]
    places = f",{places}" if places else ""
    inner = "".join(f",{size}" for size in dims.split(",")[depth:])
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({dtype}[{dims}] X, int64[{of_indices}{places},{depth}] I,'
        f" {dtype}[{of_updates}{places}{inner}] U) => ({dtype}[{dims}] Y) <int64[1] one = {{1}}>"
        " { i = Sub(I, one) [probe] Y = ScatterND(X, i, U) }"
    )
    label = f"[{of_updates}{places}{inner}] at [{of_indices}{places},{depth}] of [{dims}] {dtype} opset={opset}"
    return TextProbe("ScatterND", label, text, ("clashes", "indices.rank", AGAIN), random=True)  # some indices are equal


FORMS = [
    *(_scatter(dims, places, depth, "nn") for dims in DATA for places in PLACES for depth in (1, 2, 3)),
    *(_scatter("n,3,4", places, depth, batches) for places in PLACES for depth in (1, 2, 3) for batches in ("2n", "n2", "22")),
    *(_scatter("n,3,4", places, 2, batches, dtype=dtype, opset=opset) for places in PLACES[1:3] for batches in ("nn", "2n")
      for dtype in ("float", "int64", "float16") for opset in (11, 16, 18)),
]  # fmt: skip
