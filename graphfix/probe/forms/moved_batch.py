"""A Reshape behind a Transpose and another Reshape, with a dynamic batch that stays first, moves, or is fixed."""

from graphfix.probe.form import AGAIN, TextProbe

CHAINS = {
    "batch to frames": ("{n},16,8,8", "1,-1,16,64", "0,3,1,2", "64,-1,16"),
    "batch to frames, rank 4": ("{n},16,8,8", "1,-1,16,64", "0,3,1,2", "1,64,-1,16"),
    "frames and channels": ("{n},16,8,8", "1,-1,16,64", "0,2,1,3", "16,-1,64"),
    "frames and channels, rank 4": ("{n},16,8,8", "1,-1,16,64", "0,2,1,3", "1,16,-1,64"),
    "four groups": ("{n},16,8,8", "4,-1,4,64", "1,0,2,3", "-1,16,8,8"),
    "four groups at the end": ("{n},16,8,8", "4,4,64,-1", "3,0,1,2", "-1,16,8,8"),
    "four groups behind": ("{n},16,8,8", "4,4,-1,64", "2,0,1,3", "-1,16,8,8"),
    "channels behind": ("{n},16,8,8", "1,16,-1,64", "0,2,1,3", "-1,16,8,8"),
    "rank 5 behind": ("{n},16,8,8", "1,16,-1,8,8", "0,2,1,3,4", "-1,16,8,8"),
    "rank 5": ("{n},16,8,8", "1,-1,16,8,8", "0,2,1,3,4", "1,16,-1,8,8"),
    "rank 5 of frames": ("{n},6,4,8", "1,-1,6,4,8", "0,2,1,3,4", "6,-1,4,8"),
    "shuffled channels": ("{n},16,8,8", "-1,4,4,64", "0,2,1,3", "-1,16,8,8"),
    "shuffled channels, rank 5": ("{n},16,8,8", "-1,4,4,8,8", "0,2,1,3,4", "-1,16,8,8"),
    "rank 3": ("{n},16,64", "1,-1,16,64", "0,3,1,2", "64,-1,16"),
    "through rank 3": ("{n},16,8,8", "16,-1,64", "1,0,2", "-1,16,8,8"),
    "dynamic height": ("1,16,{n},8", "1,4,4,-1", "0,2,1,3", "1,16,-1,8"),
    "dynamic channels": ("1,{n},16,64", "1,-1,16,64", "0,3,1,2", "64,-1,16"),
}
"""The data's dims, the first target, the order of the Transpose, the second target, by what becomes of the dynamic dim."""
BETWEEN = {"": "u = Transpose<perm = [{perm}]>(t)", ", read twice": "u = Transpose<perm = [{perm}]>(t) w = Neg (u)"}


def _chain(name: str, batch: str, *, between: str = "", dtype: str = "float", opset: int = 17, before: str = "Relu") -> TextProbe:
    dims, first, perm, second = CHAINS[name]
    sizes = [f"int64[{target.count(',') + 1}] {label} = {{{target}}}" for label, target in (("a", first), ("b", second))]
    outputs = f"{dtype}[] Y, {dtype}[] w" if between else f"{dtype}[] Y"
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({dtype}[{dims.format(n=batch)}] X) => ({outputs}) '
        f"<{', '.join(sizes)}> {{ r = {before} (X) t = Reshape (r, a) "
        f"{BETWEEN[between].format(perm=perm)} [probe] v = Reshape (u, b) Y = Relu (v) }}"
    )
    label = f"{name}, {batch}{between}, {dtype}, {before}, opset {opset}"
    return TextProbe("Reshape", label, text, ("rebatches", AGAIN))


FORMS = [
    *(_chain(name, batch) for name in CHAINS for batch in ("n", "5")),
    *(_chain(name, "n", between=", read twice") for name in CHAINS),
    *(_chain(name, "n", opset=opset, before=before) for name in CHAINS for opset, before in ((13, "Neg"), (21, "Sigmoid"))),
    *(_chain(name, "n", dtype="float16") for name in CHAINS),
]
