"""GatherElements by the indices that a TopK gives, as detectors pick boxes (see analysis/patterns/plain_sizes.py)."""

from graphfix.probe.form import AGAIN, TextProbe

TILED = {
    "Tile": "i = Tile(u, times)",
    "Expand": "i = Expand(u, times)",
    "nothing": "i = Identity(u)",
}
FOUND = {
    "scores": "f = Identity(S)",
    "flat scores": "f = Flatten<axis = 1>(S)",
    "the best class": "f = ReduceMax<axes = [-1], keepdims = 0>(S)",
}
INDICES = {
    "as they are": "j = Identity(q)",
    "of rows": "d = Constant<value = int64 {2}>() j = Div(q, d)",
    "as int32": "j = Cast<to = 6>(q)",
}


def picked(
    scores: str, batch: str, *, wide: int = 4, count: int = 2, found: str = "the best class", tiled: str = "Tile",
    indices: str = "as they are", axis: int = 1, opset: int = 16,
) -> TextProbe:  # fmt: skip
    """The rows of data, of so many numbers each, that have the highest scores."""
    dims = {"scores": scores, "flat scores": f"{scores},2", "the best class": f"{scores},2"}[found]
    width = "1" if tiled == "nothing" else str(wide)
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{batch},{dims}] S, float[{batch},8,{wide}] D)'
        f" => (float[b,c,{width}] Y) <int64[1] last = {{-1}}, int64[3] times = {{1, 1, {wide}}}, int64[1] k = {{{count}}}>"
        f" {{ {FOUND[found]} v, q = TopK<axis = -1>(f, k) {INDICES[indices]} u = Unsqueeze(j, last) {TILED[tiled]}"
        f" [probe] Y = GatherElements<axis = {axis}>(D, i) }}"
    )
    label = f"{count} of {found} [{batch},{scores}], {tiled} to {wide}, indices {indices} axis={axis} opset={opset}"
    return TextProbe("GatherElements", label, text, ("picked", "indices", AGAIN))


def flat(scores: str, batch: str, *, count: int = 2, axis: int = 1, opset: int = 16) -> TextProbe:
    """The numbers of rows that have the highest scores."""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{batch},{scores}] S, float[{batch},8] D) => (float[b,c] Y)'
        f" <int64[1] k = {{{count}}}> {{ v, i = TopK<axis = -1>(S, k) [probe] Y = GatherElements<axis = {axis}>(D, i) }}"
    )
    label = f"{count} of scores [{batch},{scores}] axis={axis} opset={opset}"
    return TextProbe("GatherElements", label, text, ("picked", "indices", AGAIN))


FORMS = [
    *(picked(scores, batch, found=found, tiled=tiled) for scores in ("l", "6") for batch in ("n", "1", "2") for found in FOUND
      if found != "scores" for tiled in TILED),
    *(picked("l", batch, found="scores", wide=wide, count=count, axis=axis) for batch in ("n", "2") for wide in (1, 2, 5)
      for count in (1, 2) for axis in (1, -2)),
    *(picked("l", batch, indices=indices, opset=opset) for batch in ("n", "1") for indices in INDICES for opset in (13, 17)),
    *(flat(scores, batch, count=count, axis=axis) for scores in ("l", "6") for batch in ("n", "1", "2") for count in (1, 2)
      for axis in (1, -1)),
]  # fmt: skip
