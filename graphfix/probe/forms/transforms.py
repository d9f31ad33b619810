"""Fourier transforms as exporters write them: over several axes of an image, and frames that are added where they overlap."""

from collections.abc import Sequence

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => (float[] Y) {{ {before} [probe] {node} }}'


def later(
    dims: Sequence[int], axis: int, opset: int, onesided: int, inverse: int, length: int = 0, parts: int = 0
) -> TextProbe:
    """A transform along one axis of several; complex where it is inverse, if `parts` does not say otherwise."""
    parts = parts or (2 if inverse else 1)
    shape, settings = ",".join(map(str, (*dims, parts))), f"onesided = {onesided}, inverse = {inverse}"
    before = f"n = Constant<value = int64 {{{length}}}>() " if length else ""
    if opset < 20:
        node = f"Y = DFT<{settings}, axis = {axis}>(X{', n' if length else ''})"
    else:
        before += f"a = Constant<value = int64 {{{axis}}}>()"
        node = f"Y = DFT<{settings}>(X, {'n' if length else ''}, a)"
    label = f"axis {axis} of {shape}; {settings}, length={length or None}, opset={opset}"
    varied = ("axis", "onesided", "inverse", *(("lengths",) if length else ()), AGAIN)
    return TextProbe("DFT", label, HEAD.format(opset=opset, shape=shape, before=before, node=node), varied)


def overlapping(count: int, length: int, step: int, dims: str, opset: int) -> TextProbe:
    """Frames that are added where they overlap, as at the end of an inverse short-time Fourier transform."""
    places = [frame * step + time for frame in range(count) for time in range(length)]
    whole, rest = (count - 1) * step + length, f", {dims}" if dims else ""
    before = (
        f"d = Constant<value = int64[{2 if dims else 1}] {{{whole}{rest}}}>() Z = ConstantOfShape(d) "
        f"i = Constant<value = int64[{len(places)}, 1] {{{', '.join(map(str, places))}}}>()"
    )
    shape = f"{len(places)}{rest}"
    text = HEAD.format(opset=opset, shape=shape, before=before, node='Y = ScatterND<reduction = "add">(Z, i, X)')
    return TextProbe("ScatterND", f"frames of {length} at step {step}; {shape}, opset={opset}", text, ("reduction", AGAIN))


FORMS = [
    *(later(dims, axis, opset, onesided, inverse)
      for dims, axis in (((2, 6, 8), 2), ((1, 3, 6, 8), 2), ((1, 3, 6, 8), 3))
      for opset in (17, 20) for onesided, inverse in ((0, 0), (1, 0), (0, 1))),
    *(later(dims, axis, opset, 1, 1, length)
      for dims, axis, length in (((2, 6, 5), 2, 8), ((1, 3, 6, 5), 3, 8), ((1, 3, 6, 5), 3, 0)) for opset in (17, 20)),
    *(later(dims, axis, opset, onesided, inverse, length, parts)
      for dims, axis in (((2, 6, 8), 2), ((2, 8, 8), 2), ((2, 6, 8), 1), ((8, 6, 3), 0), ((1, 3, 6, 5), 2), ((1, 6, 6, 5), 2),
                         ((1, 4, 5, 8), 3), ((1, 8, 5, 8), 3))
      for length in (8, 6) for opset in (17, 20)
      for onesided, inverse, parts in ((0, 0, 1), (0, 0, 2), (1, 0, 1), (0, 1, 2))),
    *(overlapping(count, length, step, dims, opset)
      for count, length, step in ((3, 4, 2), (4, 6, 4)) for dims in ("", "2") for opset in (16, 18)),
]  # fmt: skip
