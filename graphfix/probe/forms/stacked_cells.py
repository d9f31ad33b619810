"""Loops around a recurrent cell that stack its states, and hand a counter and weights on, for targets that unroll a loop."""

from dataclasses import replace

from graphfix.probe.form import AGAIN
from graphfix.probe.forms.looping_cells import cell

CELLS = ("cell", "gated cell", "sum", "own only")
STARTS = ("filled", "expanded", "given", "computed")

FORMS = [
    replace(found, varied=("passes", "stacked", AGAIN), names=(*found.names, ("Y", "states")))
    for found in (
        *(cell(name, start, "named", stacked=True) for name in CELLS for start in STARTS),
        *(cell("gated cell", start, "named", stacked=True, until="kept", opset=opset) for start in STARTS for opset in (13, 17)),
        *(cell(name, "given", "named", stacked=True, size="2") for name in CELLS),
        *(cell(name, "given", "named", stacked=False) for name in CELLS),
    )
]
