"""ScatterElements whose indices and updates have dims of one symbol, of different symbols, or of a symbol and a number."""

from graphfix.probe.form import AGAIN, TextProbe

SHAPES = (
    ("6,4", "m,4", "m,4"), ("6,4", "m,4", "k,4"), ("6,4", "m,4", "2,4"), ("6,4", "2,4", "k,4"), ("6,4", "2,4", "2,4"),
    ("n,4", "m,4", "m,4"), ("n,4", "m,4", "k,4"), ("n,4", "n,4", "n,4"), ("n,4", "n,4", "k,4"), ("n,4", "2,4", "k,4"),
    ("n,4", "2,4", "2,4"), ("n,t,4", "n,t,4", "n,t,4"), ("n,t,4", "n,t,4", "n,s,4"), ("m,4", "n,4", "k,4"),
    ("n", "m", "m"), ("n", "m", "k"),
)  # fmt: skip
"""The dims of the data, the indices and the updates."""


def _scattered(shapes: tuple[str, str, str], opset: int, reduction: str = "none") -> TextProbe:
    data, indices, updates = shapes
    made = ",".join(f"out{at}" for at in range(data.count(",") + 1))
    how = f', reduction = "{reduction}"' if opset >= 16 else ""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{data}] D, int64[{indices}] I, float[{updates}] U)'
        f" => (float[{made}] Y) {{ [probe] Y = ScatterElements<axis = 0{how}>(D, I, U) }}"
    )
    return TextProbe(
        "ScatterElements", f"[{data}] at [{indices}] by [{updates}], {reduction} opset={opset}", text, ("batches", AGAIN)
    )


FORMS = [
    *(_scattered(shapes, opset) for shapes in SHAPES for opset in (13, 18)),
    *(_scattered(shapes, 18, reduction) for shapes in SHAPES[:7] for reduction in ("add", "max")),
]
