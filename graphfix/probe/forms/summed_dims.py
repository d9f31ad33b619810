"""Reshapes of caches that grew by a few steps: one dim is a sum of sizes, and -1 stands for others."""

from graphfix.probe.form import AGAIN, TextProbe

PARTS = {"one step": "1", "three steps": "3", "another length": "q", "the same length": "p"}
BATCHES = {"n": "n,4", "2": "2,4", "n and h": "n,h"}
TARGETS = {
    "-1 first": ("m, t, e", 3), "-1 and the sum": ("m, t", 2), "-1 before heads": ("m, f, t, e", 4), "-1 last": ("b, m", 2),
    "-1 for the sum": ("b, f, m, e", 4), "-1 for heads": ("b, m, t, e", 4),
}  # fmt: skip
HELD = {"m": -1, "e": 8, "f": 4, "i0": 0, "i1": 1, "i2": 2, "i3": 3}


def _grown(part: str, batch: str, way: str, opset: int) -> TextProbe:
    """A cache with its new steps, reshaped to sizes read from its own shape."""
    target, rank = TARGETS[way]
    first = BATCHES[batch]
    result = ",".join("abcd"[:rank])
    read = [(name, at) for name, at in (("b", 0), ("t", 2)) if name in target.split(", ")]
    used = {*target.split(", "), *(f"i{place}" for _, at in read for place in (at, at + 1))}
    held = ", ".join(f"int64[1] {name} = {{{number}}}" for name, number in HELD.items() if name in used)
    sizes = " ".join(f"{name} = Slice(s, i{at}, i{at + 1})" for name, at in read)
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{first},p,8] X, float[{first},{PARTS[part]},8] Z) =>'
        f" (float[{result}] Y) <{held}> {{ c = Concat<axis = 2>(X, Z) s = Shape(c) {sizes}"
        f" w = Concat<axis = 0>({target}) [probe] r = Reshape(c, w) Y = Relu(r) }}"
    )
    return TextProbe("Reshape", f"cache and {part}, batch {batch}, {way}, opset={opset}", text, ("sums", AGAIN))


FORMS = [
    _grown(part, batch, way, opset)
    for part in PARTS
    for batch in BATCHES
    for way in TARGETS
    for opset in (13, 17)
    if batch != "n and h" or way in ("-1 first", "-1 and the sum", "-1 last")
]
