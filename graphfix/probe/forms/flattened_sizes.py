"""Reshape that flattens dynamic dims beside a written size, as grouped normalisation and attention over images are exported."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[{out}] Y) {{ {body} }}'
DATA = {"image": "1,16,h,w", "batch of images": "n,16,h,w", "rows": "1,16,4,w", "channels last": "1,h,w,16", "sequence": "1,l,16",
        "channels of a sequence": "1,16,l"}  # fmt: skip
TARGETS = (
    (0, 8, -1), (1, 8, -1), (0, 16, -1), (0, -1, 16), (0, 0, -1), (0, 8, 2, -1), (0, 2, 8, -1), (1, -1), (0, -1), (-1, 16), (-1,),
    (0, -1, 4, 4),
)  # fmt: skip


def _flattened(dims: str, target: tuple[int, ...], opset: int = 17) -> TextProbe:
    numbers = ", ".join(map(str, target))
    body = f"t = Constant<value = int64[{len(target)}] {{{numbers}}}>() [probe] Y = Reshape(X, t)"
    text = HEAD.format(opset=opset, dims=DATA[dims], out=",".join("abcd"[: len(target)]), body=body)
    return TextProbe("Reshape", f"flattened {dims} to {numbers} opset={opset}", text, ("target", AGAIN))


FORMS = [
    *(_flattened(dims, target) for dims in DATA for target in TARGETS if target.count(0) < DATA[dims].count(",") + 1),
    *(_flattened(dims, target, opset) for opset in (13, 21) for dims in ("image", "batch of images") for target in TARGETS[:4]),
    *(
        _flattened(dims, target, opset)
        for opset in (13, 17, 21)
        for dims in ("image", "batch of images", "rows")
        for target in ((0, 0, 1, -1), (0, 0, -1, 1), (0, 0, 2, -1), *([(0, 0, -1)] if opset != 17 else []))
    ),
]
