"""Loops whose bodies need constants: inside the body, outside of it, or given at run time."""

from graphfix.probe.form import TextProbe
from graphfix.tables.target_facets import BORROWED

SIXTEEN = ", ".join(["0.1"] * 16)
CONSTANTS = {
    "w": ("float[4,4]", SIXTEEN), "k": ("float[3,3,1,1]", "1, 2, 3, 4, 5, 6, 7, 8, 9"), "r": ("int64[2]", "2, 4"),
    "a0": ("int64[1]", "0"), "a1": ("int64[1]", "1"), "a2": ("int64[1]", "2"), "ones": ("int64[2]", "1, 1"),
    "four": ("int64[1]", "4"), "at": ("int64[2,1]", "1, 0"), "axis": ("int64", "0"), "pads": ("int64[4]", "0, 0, 1, 0"),
    "i": ("int64[4]", "0, 1, 2, 3"), "u": ("float[4]", "1, 2, 3, 4"), "g": ("float[3]", "1, 1, 1"),
    "to": ("int64[4]", "1, 3, 4, 5"), "row": ("int64[1,1]", "0"), "new": ("float[1,4]", "1, 2, 3, 4"),
    "deep": ("int64", "4"), "off": ("float[2]", "0, 1"), "up": ("float[2,4]", "1, 2, 3, 4, 5, 6, 7, 8"),
    "ix": ("int64[2,4]", "0, 1, 0, 1, 0, 1, 0, 1"),
}  # fmt: skip
BODIES = {
    "MatMul": ("2,4", "o = MatMul(h, w)", "w"), "MatMul of rank 3": ("2,3,4", "o = MatMul(h, w)", "w"),
    "MatMul and Tanh": ("2,4", "m = MatMul(h, w) a = Add(m, up) o = Tanh(a)", "w up"),
    "Gemm": ("2,4", "o = Gemm<transB = 1>(h, w, u)", "w u"), "Einsum": ("2,4", 'o = Einsum<equation = "ij,jk->ik">(h, w)', "w"),
    "Conv": ("1,3,4,5", "o = Conv<kernel_shape = [1, 1]>(h, k)", "k"), "Reshape": ("2,4", "o = Reshape(h, r)", "r"),
    "Slice": ("2,4", "p = Slice(h, a0, a1, a0) q = Slice(h, a1, a2, a0) o = Concat<axis = 0>(q, p)", "a0 a1 a2"),
    "TopK": ("2,4", "v, n1 = TopK(h, four) o = Add(h, v)", "four"), "Tile": ("2,4", "o = Tile(h, ones)", "ones"),
    "CumSum": ("2,4", "o = CumSum(h, axis)", "axis"), "GatherND": ("2,4", "o = GatherND(h, at)", "at"),
    "ScatterElements": ("4", "o = ScatterElements<axis = 0>(h, i, u)", "i u"),
    "ScatterND": ("2,4", "o = ScatterND(h, row, new)", "row new"),
    "Unsqueeze": ("2,4", "e = Unsqueeze(h, a0) o = Squeeze(e, a0)", "a0"),
    "ReduceSum": ("2,4", "e = ReduceSum(h, a1) o = Add(h, e)", "a1"),
    "Split": ("2,4", "p, q = Split<axis = 0>(h, ones) o = Concat<axis = 0>(q, p)", "ones"),
    "BatchNormalization": ("1,3,4,5", "o = BatchNormalization(h, g, g, g, g)", "g"),
    "Resize": ("1,3,4,5", "o = Resize(h, , , to)", "to"),
    "Pad": ("2,4", "e = Pad(h, pads) o = Slice(e, a0, a2, a0)", "pads a0 a2"),
    "ConstantOfShape": ("2,4", "z = ConstantOfShape(r) o = Add(h, z)", "r"), "PRelu": ("2,4", "o = PRelu(h, up)", "up"),
    "Expand": ("2,4", "o = Expand(h, r)", "r"), "Gather": ("2,4", "o = Gather<axis = 0>(h, ones)", "ones"),
    "Add": ("2,4", "o = Add(h, up)", "up"), "GatherElements": ("2,4", "o = GatherElements<axis = 0>(h, ix)", "ix"),
    "Tanh": ("2,4", "o = Tanh(h)", ""), "Softmax": ("2,4", "o = Softmax(h)", ""),
    "Where": ("2,4", "t = Greater(h, up) o = Where(t, h, up)", "up"),
}  # fmt: skip
"""The dims of the carried value, the body, and the constants it needs."""
TRIPS = {"constant": ("", "n = Constant<value = int64 {3}>() "), "runtime": (", int64 n", ""),
         "shape": (", float[s,4] S", "d = Shape(S) z0 = Constant<value = int64 {0}>() n = Gather<axis = 0>(d, z0) ")}  # fmt: skip


def loop(body: str, where: str, trip: str, opset: int = 17, *, stated: bool = True) -> TextProbe:
    """A Loop with a body that needs constants, which are `inside`, `outside`, or graph `inputs`."""
    dims, nodes, names = BODIES[body]
    given, count = TRIPS[trip]
    needed = [(name, *CONSTANTS[name]) for name in names.split()]
    inner = " ".join(f"{name} = Constant<value = {kind} {{{values}}}>()" for name, kind, values in needed)
    outer = ", ".join(f"{kind} {name} = {{{values}}}" for name, kind, values in needed)
    inputs = "".join(f", {kind} {name}" for name, kind, _ in needed) if where == "inputs" else ""
    made = dims if stated else ",".join(f"made{at}" for at in range(dims.count(",") + 1))
    text = (
        f'<ir_version: 8, opset_import: ["" : {opset}]> g (float[{dims}] X{given}{inputs}) => (float[{made}] Y)'
        f" {f'<{outer}>' if where == 'outside' and outer else ''} {{ {count}c = Constant<value = bool {{1}}>()"
        f" [probe] Y = Loop<body = b (int64 iteration, bool going, float[{dims}] h) => (bool kept, float[{made}] o)"
        f" {{ {inner if where == 'inside' else ''} {nodes} kept = Identity(going) }}>(n, c, X) }}"
    )
    return TextProbe("Loop", f"{body} with constants {where}, {trip} count, opset {opset}{'' if stated else ', unstated'}", text,
                     (BORROWED,))  # fmt: skip


FORMS = [
    *(loop(body, where, "runtime") for body in BODIES for where in ("inside", "outside")),
    *(loop(body, where, trip, opset, stated=stated) for body in ("MatMul", "MatMul and Tanh", "Slice", "Tanh", "Add")
      for where in ("inside", "outside") for trip in TRIPS for opset in (12, 17, 21) for stated in (True, False)
      if not (body == "Slice" and opset == 12)),
    *(loop(body, "inputs", trip) for body in ("MatMul", "Gemm", "Gather", "Add") for trip in ("constant", "runtime")),
]  # fmt: skip
