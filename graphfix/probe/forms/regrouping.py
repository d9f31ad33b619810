"""Chains of Reshape, Transpose and Reshape through ranks that compilers limit: depth to space, windows, channel shuffle."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({dtype}[{whole}] X) => ({dtype}[{ends}] Y) {{ {body} }}'
ROWS = {
    "space to depth": ((1, 2, 4, 6), (1, 2, 2, 2, 3, 2), (0, 1, 3, 5, 2, 4), (1, 8, 2, 3)),
    "depth to space": ((1, 8, 2, 3), (1, 2, 2, 2, 2, 3), (0, 3, 4, 1, 5, 2), (1, 2, 4, 6)),
    "windows": ((2, 4, 6, 3), (2, 2, 2, 3, 2, 3), (0, 1, 3, 2, 4, 5), (12, 2, 2, 3)),
    "seven dims": ((2, 4, 6, 3), (2, 2, 2, 1, 3, 2, 3), (0, 1, 4, 3, 2, 5, 6), (12, 2, 2, 3)),
    "shuffled channels": ((1, 6, 2, 4), (1, 2, 3, 2, 4), (0, 2, 1, 3, 4), (1, 6, 2, 4)),
    "to heads": ((1, 4, 6), (1, 4, 2, 3), (0, 2, 1, 3), (2, 4, 3)),
    "to high rank": ((1, 6, 2, 4), (1, 2, 3, 2, 4), (0, 2, 1, 3, 4), (1, 3, 2, 2, 2, 2)),
    "from high rank": ((1, 3, 2, 2, 2, 2), (1, 3, 2, 4, 2), (0, 2, 1, 3, 4), (1, 6, 4, 2)),
    "at high rank": ((1, 3, 2, 2, 2, 2), (1, 3, 2, 2, 2, 2), (0, 2, 1, 3, 5, 4), (1, 6, 4, 2)),
}
"""The shape of the data, that of the first Reshape, the order of the Transpose, the shape of the second Reshape."""
OPSETS = (12, 13, 17, 19, 21, 23, 24, 25)
"""One for each version of the operators."""
SUBJECTS = ("Reshape", "Transpose", "Reshape")


def _sizes(shape: tuple[int, ...]) -> str:
    return ",".join(map(str, shape))


def _row(name: str, at: int, dtype: str = "float", opset: int = 17) -> TextProbe:
    whole, split, perm, ends = ROWS[name]
    marks = ["[probe] " if at == i else "" for i in range(3)]
    targets = " ".join(f"{label} = Constant<value = int64[{len(shape)}] {{{_sizes(shape)}}}>()"
                       for label, shape in (("s", split), ("t", ends)))  # fmt: skip
    row = (f"{marks[0]}a = Reshape(X, s) {marks[1]}b = Transpose<perm = [{_sizes(perm)}]>(a) {marks[2]}c = Reshape(b, t) "
           "Y = Identity(c)")  # fmt: skip
    text = HEAD.format(opset=opset, dtype=dtype, whole=_sizes(whole), ends=_sizes(ends), body=f"{targets} {row}")
    return TextProbe(SUBJECTS[at], f"{name}, {dtype}, node {at + 1} of a row, opset {opset}", text, ("regroups",))


FORMS = [
    *(_row(name, at, opset=opset) for name in ROWS for at in range(3) for opset in OPSETS),
    *(_row(name, at, dtype) for name in ("space to depth", "to heads") for at in range(3) for dtype in ("int32", "float16")),
]
