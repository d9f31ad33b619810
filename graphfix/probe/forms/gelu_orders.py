"""The last product of a GELU in elementary operators, with its factors in every order that exporters write."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{dims}] X) => ({kind}[{dims}] Y) {{ {nodes} }}'
CONSTANTS = (
    "r = Constant<value = {kind} {{{root}}}>() i = Constant<value = {kind} {{1.0}}>() "
    "h = Constant<value = {kind} {{0.5}}>()"
)
ERF = "{data} d = Div({x}, r) e = Erf(d) a = Add({added})"
ORDERS = {
    "x (0.5 a)": "m = Mul(h, a) [probe] Y = Mul({x}, m)",
    "x (a 0.5)": "m = Mul(a, h) [probe] Y = Mul({x}, m)",
    "(0.5 a) x": "m = Mul(h, a) [probe] Y = Mul(m, {x})",
    "(a 0.5) x": "m = Mul(a, h) [probe] Y = Mul(m, {x})",
    "0.5 (x a)": "m = Mul({x}, a) [probe] Y = Mul(h, m)",
    "(x a) 0.5": "m = Mul({x}, a) [probe] Y = Mul(m, h)",
    "(a x) 0.5": "m = Mul(a, {x}) [probe] Y = Mul(m, h)",
    "(x 0.5) a": "m = Mul({x}, h) [probe] Y = Mul(m, a)",
    "a (0.5 x)": "m = Mul(h, {x}) [probe] Y = Mul(a, m)",
}
DATA = {"input": ("", "X"), "computed": ("z = Neg(X)", "z")}
BESIDE = ("float", "2,3", 17, "input", "e, i", "1.4142135")
"""The usual form; each of the others differs in one respect."""
SETTINGS = (
    BESIDE, ("float", "1,8,16", 17, "computed", "e, i", "1.4142135"), ("float", "n,4", 18, "input", "i, e", "1.4142135"),
    ("float", "2,3,4,5", 13, "computed", "e, i", "1.4142135"), ("float16", "2,3", 17, "input", "e, i", "1.4142135"),
    ("float", "2,3", 17, "computed", "e, i", "1.5"),
)  # fmt: skip


def activated(order: str, kind: str, dims: str, opset: int, data: str, added: str, root: str) -> TextProbe:
    """A GELU whose factors come in one order, by one constant in the place of the root of 2."""
    before, x = DATA[data]
    nodes = f"{CONSTANTS} {ERF} {ORDERS[order]}".format(kind=kind, root=root, data=before, x=x, added=added)
    text = HEAD.format(opset=opset, kind=kind, dims=dims, nodes=nodes)
    return TextProbe("Mul", f"GELU as {order}; {kind} {dims} {opset} {data} {added} {root}", text, ("gelu",))


FORMS = [activated(order, *setting) for order in ORDERS for setting in SETTINGS]
