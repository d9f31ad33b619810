"""Pads that leave out `mode`, whose default is a constant, and the same with it."""

from graphfix.probe.form import AGAIN, TextProbe

PADS = {
    "last axes": ("2,3,4", "0, 1, 1, 0, 1, 1"),
    "all axes": ("2,3,4", "1, 0, 1, 1, 0, 1"),
    "images": ("1,3,4,5", "0, 0, 1, 1, 0, 0, 1, 1"),
    "images of a batch": ("n,3,4,5", "0, 0, 1, 1, 0, 0, 1, 1"),
    "a row": ("5", "1, 2"),
    "cutting": ("3,4", "0, -1, 0, 0"),
}
"""The dims of the data, and the pads."""


def _probe(kind: str, opset: int, *, mode: str = "", value: bool = False) -> TextProbe:
    dims, pads = PADS[kind]
    held = f"int64[{pads.count(',') + 1}] p = {{{pads}}}" + (", float v = {0}" if value else "")
    stated = f'<mode = "{mode}">' if mode else ""
    text = (
        f'<ir_version: {8 if opset < 21 else 10}, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[] Y) '
        f"<{held}> {{ h = Relu(X) [probe] Y = Pad{stated}(h, p{', v' if value else ''}) }}"
    )
    label = f"{kind} of [{dims}], {mode or 'no'} mode{', a value' if value else ''}, opset {opset}"
    return TextProbe("Pad", label, text, ("padding.mode", AGAIN))


FORMS = [
    *(_probe(kind, opset, value=value) for kind in PADS for opset in (13, 18, 21) for value in (False, True)),
    *(_probe(kind, 17, mode="constant", value=value) for kind in PADS for value in (False, True)),
]
