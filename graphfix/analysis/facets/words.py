"""The facets in words: what each value of a facet means, as a phrase that follows `with`.

`FACETS` are the facets that are derived from several facts at once, by name and value; those of structural patterns are in the
files of the patterns. Facets of operands (`X.rank`, `X.dims`, `X.from`, `X.value`), dtypes and plain attributes follow the rules,
in tables/phrases.py with the words given here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graphfix.analysis.facets.domain_words import DOMAINS

if TYPE_CHECKING:
    from graphfix.analysis.values import Facet

SOURCES: Mapping[Facet, str] = {
    "constant": "constant", "folded": "computed from constants", "fixed-shape": "computed from fixed dims",
    "shape": "computed from dynamic dims", "cast-shape": "computed from dynamic dims via a Cast",
    "runtime": "computed at run time",
    "absent": "left out", "number": "given as a number",
}  # fmt: skip
"""How an operand is made (`X.from`), said after its name."""
NUMBERS: Mapping[Facet, str] = {
    "zeros": "equal to 0", "ones": "equal to 1", "positive": "above zero", "negative": "below zero",
    "with-zeros": "partly zero",
    "mixed": "of both signs", "none": "empty", "other": "not a number",
}  # fmt: skip
"""What a constant operand holds (`X.value`), said after its name."""
DIMS: Mapping[Facet, str] = {
    "static": "fixed dims", "batch": "a dynamic batch dim", "spatial": "dynamic spatial dims",
    "sequence": "dynamic leading dims", "dynamic": "dynamic dims", "empty": "a dim of size 0",
}  # fmt: skip
"""Which dims of an operand are fixed (`X.dims`), said before its name."""
PLACES = ("not in ", "inside ", "outside ", "in its ", "before ", "behind ", "between ", "after ")
"""How phrases begin that say where a node is, and follow its operator without `with`."""

OPTIONAL: Mapping[Facet, str] = {
    "given": "set",
    "absent": "left out",
    "default": "at its default",
    "none": "empty",
}
"""Whether an attribute is set, said after its name."""
_AXES: Mapping[Facet, str] = {
    "none": "no axes", "one": "one non-negative axis", "several": "several non-negative axes",
    "all": "all axes without a negative one", "all-negative": "all axes with a negative one",
    "one-negative": "one negative axis", "several-negative": "several axes with a negative one",
    "absent": "`axes` left out",
}  # fmt: skip
_PADDING: Mapping[Facet, str] = {
    "none": "no padding", "even": "symmetric padding", "uneven": "asymmetric padding", "negative": "negative padding",
}  # fmt: skip

FACETS: Mapping[str, Mapping[Facet, str]] = {
    # any node
    "wide-chain": {
        "closed": "a chain around it that |begins and ends at 5 axes or fewer|",
        "open": "a chain around it that |does not begin and end at 5 axes or fewer|",
    },
    "cells": {
        "few": "|64 or fewer| cells to write out", "many": "|more than 64| cells to write out",
        "open": "|an unknown number of| cells to write out",
    },
    "runs": {"forward": "|a forward| direction", "reverse": "|a reversed| direction", "bidirectional": "|both| directions"},
    "since": {0: "no definition in ONNX"}, "domain": DOMAINS,
    "foldable": {
        True: "only constant inputs", "fixed-shape": "only inputs computed from |constants and fixed dims",
        "shape": "only inputs computed from |dynamic dims",
        "cast-shape": "only inputs computed from |dynamic dims via a Cast",
        False: "a non-constant input",
    },
    "inside": {
        "branch": "inside a branch of an `If`", "nothing": "outside of any `If`",
        **{source: f"inside an `If` whose condition is |{words}" for source, words in SOURCES.items()},
        "constant": "inside an `If` whose condition is |constant",
    },
    "broadcast": {
        "none": "inputs of equal shape", "scalar": "a broadcast scalar", "one-sided": "one broadcast input",
        "ranks": "inputs of different rank", "both": "inputs that are both broadcast",
    },
    "inputs": {
        0: "no inputs",
        1: "one input", 2: "two inputs", "many": "three or more inputs", "none": "no inputs", "one": "one input",
        "several": "several inputs",
    },
    "outputs": {
        1: "one output", 2: "two outputs", "many": "three or more outputs", "one": "one output",
        "several": "several outputs",
    },
    "constants": {True: "a constant among its inputs", False: "no constant among its inputs"},
    "dtypes": {"same": "inputs of equal dtype", "other": "inputs of different dtypes"},
    # attributes that are classes of values
    "axis": {
        "first": "the first axis", "last": "the last axis", "second": "the second axis", "inner": "an inner axis",
        "end": "an axis after the last", "absent": "`axis` left out",
    },
    "axis.negative": {True: "a negative axis", False: "a non-negative axis"},
    "axes": _AXES,
    "strides": {"ones": "no strides", "uniform": "equal strides above 1", "mixed": "unequal strides"},
    "dilations": {"ones": "no dilation", "uniform": "equal dilations above 1", "mixed": "unequal dilations"},
    "pads": _PADDING,
    "paddings": _PADDING,
    "perm": {
        "absent": "`perm` left out", "identity": "a permutation that changes nothing",
        "keeps-batch": "a permutation of inner axes",
        "moves-batch": "a permutation that moves the first axis",
    },
    "split": {"absent": "`split` left out", "equal": "equal parts in `split`", "unequal": "unequal parts in `split`"},
    "output_padding": {"absent": "`output_padding` left out", "none": "`output_padding` 0", "given": "`output_padding` above 0"},
    "group": {"one": "one group", "grouped": "several groups", "depthwise": "one group per channel"},
    "reduction": {"none": '`reduction="none"`'}, "spatial": {0: "`spatial=0`", 1: "1 spatial dim"},
    "value.dtype": {"absent": "`value` left out"},
    "symbols": {"none": "no |dynamic dims", "one": "|one| dynamic dim", "several": "|several| dynamic dims"},
    "equation.diagonal": {True: "an equation that takes a diagonal", False: "an equation that takes no diagonal"},
    "equation.ellipsis": {True: "an equation with an ellipsis", False: "an equation without an ellipsis"},
    "equation.implicit": {True: "an equation without `->`", False: "an equation with `->`"},
    "equation.spaces": {True: "an equation with spaces", False: "an equation without spaces"},
    "equation.contracts": {0: "no contracted axis", 1: "one contracted axis", 2: "two or more contracted axes"},
    "equation.sums": {True: "an axis that is only summed", False: "no axis that is only summed"},
    "equation.batches": {True: "a batch axis in its equation", False: "no batch axis in its equation"},
    "equation.order": {"kept": "axes kept in order", "changed": "axes in another order"},
    "equation.scalar": {True: "a scalar result", False: "a result with axes"},
    # Attention
    "heads": {
        "same": "as many key heads as query heads", "grouped": "query heads in groups",
        "one": "one key head for all queries",
    },
    "sizes": {"same": "keys and values of equal size", "other": "values of another size than keys"},
    "steps": {"one": "a single query", "same": "as many queries as keys", "other": "more keys than queries"},
    "mask": {
        "absent": "no mask", "bool": "a bool mask", "same": "a mask of the queries' dtype",
        "other": "a mask of another dtype than the queries",
    },
    "eights": {True: "heads whose size is a multiple of 8", False: "heads whose size is not a multiple of 8"},
    "size.even": {True: "an even size", False: "an odd size"},
    # If, Loop, Scan
    "branches": {
        "same": "branches of equal shapes", "other-dims": "branches whose outputs differ in |shape",
        "other-rank": "branches whose outputs differ in |rank",
    },
    "results": {"known": "branches that give constants or sizes", "data": "a branch that gives computed data"},
    "captures": {True: "a subgraph that reads outer values", False: "a subgraph that reads no outer values"},
    "broken": {"none": "no invalid node in its untaken branch"},
    "until": {
        "kept": "a condition passed on unchanged", "constant": "a body whose condition is constant",
        "computed": "a condition computed in the body", "unknown": "a condition of unknown origin",
    },
    "carried": {
        "same": "carried values |of constant shape", "other-dims": "carried values |that change in shape",
        "other-rank": "carried values |that change in rank", "unknown": "carried values |of unknown shape",
    },
    "stacked": {True: "scan outputs", False: "no scan outputs"},
    "passes": {True: "a body that returns an input unchanged", False: "a body that returns no input unchanged"},
    "picks": {True: "a body that reads a sequence from outside", False: "a body that reads no sequence from outside"},
    "starts": {"empty": "a carried value that has no elements at the start",
               "filled": "carried values that have elements at the start"},
    "counts": {True: "a body that reads the iteration number", False: "a body that does not read the iteration number"},
    "grows": {True: "a body that makes a carried value longer", False: "a body that makes no carried value longer"},
    "sequences": {True: "a carried sequence", False: "no carried sequence"},
    "states": {0: "no state", 1: "one state", "many": "several states"},
    "scanned": {"one": "one scan input", "many": "several scan inputs"},
    "scanned.open": {True: "scan inputs with dynamic dims", False: "scan inputs with fixed dims"},
    "untyped": {True: "a body whose inputs have no type", False: "a body whose inputs have types"},
    # other operators
    "squeezed": {
        "ones": "squeezed dims of |size 1", "unknown": "squeezed dims of |unknown size",
        "not-one": "squeezed dims of |another size than 1",
        "assumed": "`axes` left out and a batch size known only from a recurrent node's initial state",
    },
    "target": {
        "unknown": "a target shape |that is unknown", "sizes": "a target shape |of sizes only",
        "copy": "a target shape |with 0 for copied dims",
        "infer": "a target shape |with -1", "copy+infer": "a target shape |with both 0 and -1",
        "named": "a target shape |with dynamic dims", "named+infer": "a target shape |with dynamic dims and -1",
    },
    "opens": {
        "none": "no dynamic dims to reshape", "inferred": "dynamic dims that -1 stands for",
        "divided": "dynamic dims that are divided by a size", "pinned": "fixed target sizes for dynamic dims",
        "kept": "dynamic dims that are kept",
    },
    "sliced": {
        "fixed": "sliced dims of fixed size", "open": "a dynamic dim that is sliced",
        "unknown": "unknown axes that are sliced",
    },
    "cuts": {1: "one sliced axis", 2: "two sliced axes", "many": "three or more sliced axes"},
    "left": {"some": "elements left in its result", "empty": "no elements left in its result"},
    "first": {True: "`axes` left out to slice the first axes", False: "sliced axes that are listed, or all"},
    "parts": {
        "equal": "parts of |equal size", "other": "parts of |unequal size", "uneven": "a smaller last part",
        "unknown": "parts of |unknown size",
    },
    "holds": {"nothing": "no value attribute"},
    "covers": {
        "whole": "a condition for every element", "part": "a condition shorter than the data",
        "unknown": "a condition of unknown length",
    },
    "unranked": {True: "several non-constant axes and no `keepdims`", False: "a result of known rank"},
    "counted": {True: "`axes` computed from a rank", False: "`axes` not computed from a rank"},
    "scattered": {
        "whole": "indices as wide as the data", "part": "indices that are narrower than the data off the axis",
    },
    "longer": {True: "more indices along the axis than data", False: "no more indices along the axis than data"},
    "extents": {"same": "dims that are equal by their formulas", "differ": "dynamic dims of different formulas off the axis"},
    "elements": {"sizes": "sizes of dims or data cast to int64", "data": "data that is no size"},
    "batches": {
        "same": "batch dims that are equal or 1", "dynamic": "one dynamic dim for the batch of several inputs",
        "differ": "batch dims of different formulas", "none": "no second input with a batch dim",
    },
    "implied": {"strides": "`strides` left out", "axis": "`axis` left out", "nothing": "`strides` or `axis` written out"},
    "called": {"like": "a node name that ends in `Like`", "other": "a node name that does not end in `Like`"},
    "components": {"real": "real numbers to transform", "complex": "complex numbers to transform"},
    "lengths": {
        "absent": "`dft_length` left out", "both": "a `dft_length` equal to the sizes of the transformed and the second dim",
        "own": "a `dft_length` equal to the size of the transformed dim, not to that of the second",
        "second": "a `dft_length` equal to the size of the second dim, not to that of the transformed",
        "none": "a `dft_length` equal to neither the size of the transformed nor of the second dim",
    },
    "antialiased": {"no": "no antialiasing", "shrunk": "antialiasing of a dim that gets smaller",
                    "grown": "antialiasing where no dim gets smaller", "open": "antialiasing of dynamic dims"},
    "against": {"negative": "negative constants on one side", "nothing": "no negative constants on one side"},
    "cut": {
        "none": "no output shape",
        "odd": "an output shape that cuts off an odd number of rows or columns",
        "nothing": "an output shape that cuts off nothing",
        "even": "an output shape that cuts off as much on both sides",
        "less": "an output shape larger than what the kernel reaches",
    },
    "bounds": {"lessened": "a bound that is a number minus dynamic dims", "other": "no bound that is a number minus dims"},
    "windowed": {True: "dynamic dims made by a window", False: "no dynamic dims made by a window"},
    # the model as a whole
    "domains": {
        "none": "no other operator sets", "ml": "the `ai.onnx.ml` operator set", "other": "operator sets beyond ONNX's own",
    },
    "inputs.ranks": {"usual": "inputs of rank 1 to 5", "scalar": "a scalar input", "high": "an input of rank above 5"},
    "inputs.symbols": {
        "none": "no dynamic dims in the inputs", "usual": "dynamic dims with plain names",
        "dotted": "a dot in the name of a dynamic dim",
        "odd": "special characters in the name of a dynamic dim", "unnamed": "a dynamic dim without a name",
    },
    "inputs.repeat": {True: "a dim name that is used several times", False: "dim names that are used once"},
    "inputs.unused": {True: "an input that nothing reads", False: "inputs that are all read"},
    "outputs.ranks": {"usual": "outputs of rank 1 to 5", "scalar": "a scalar output", "high": "an output of rank above 5"},
    "outputs.kinds": {
        "tensor": "tensor outputs only", "passed": "a non-tensor input returned as an output",
        "sequence": "a sequence as an output", "optional": "an optional value as an output", "map": "a map as an output",
    },
    "outputs.direct": {
        "none": "outputs that are all computed", "input": "an input that is also an output", "constant": "a constant output",
    },
    "unsorted": {True: "nodes that stand before what they read", False: "nodes in order"},
    "outputs.sizes": {
        True: "an output computed from dynamic dims", "idle-cast": "an output behind a Cast of int64 to int64",
        False: "no output computed from dynamic dims",
    },
    "names": {"usual": "plain names of inputs and outputs", "odd": "special characters in the name of an input or output"},
    "nodes": {True: "at least one node", False: "no nodes"},
    "overridable": {True: "initializers that are listed as inputs", False: "initializers that are not listed as inputs"},
    "subgraphs": {"none": "no subgraphs", "plain": "subgraphs", "capturing": "subgraphs that read outer values"},
    "branch-constants": {True: "constants inside subgraphs", False: "no constants inside subgraphs"},
    "functions": {True: "model-local functions", False: "no model-local functions"},
    "annotations": {"none": "no `value_info`", "agreeing": "`value_info` |that agrees with shape inference",
        "made-up": "`value_info` |with generated dim names", "formula": "`value_info` |with formulas as dims",
        "contradicting": "`value_info` |that contradicts shape inference"},
    "counts.named": {True: "a `value_info` |that names a counted size", False: "no `value_info` |that names a counted size"},
    "constants.int8": {True: "an int8 constant beside quantisation", False: "no int8 constant beside quantisation"},
    "inputs.elements": {"none": "no sequence as an input", "ranked": "an input that is a sequence of tensors of known rank",
        "unranked": "an input that is a sequence of tensors of unknown rank"},
    "inputs.sizing": {True: "a size that is a number of a float input", False: "no size that is a number of a float input"},
    "inputs.formulas": {True: "dim names that are sums of multiples", False: "dim names that are no sums of multiples"},
    "blanks": {True: "an empty name as its last input", False: "no empty name as its last input"},
    "placeholders": {True: "one placeholder name for several dims of an input", False: "no placeholder name for several dims"},
}  # fmt: skip
"""The meaning of each value of the derived facets; what several values share is said once, and ends or begins with `|`."""

NUMBERED: Mapping[str, str] = {
    "since": "in its opset |{}| form", "opset": "opset |{}|", "ir": "IR version |{}|", "spatial": "|{}| spatial dims",
    "broken": "invalid inputs of |`{}`| in a branch that is never taken", "holds": "its value in |`{}`|",
    "inputs.dtypes": "an input of dtype |{}|", "value.dtype": "a value of dtype |{}|", "out.rank": "a result of rank |{}|",
    "unknown-attributes": "the undefined attribute |`{}`|", "window": "a window of |{}| positions", "k": "a `k` of |{}|",
    "size": "a size of |{}|", "folding": "parameters computed from a tensor of |{}| elements",
}  # fmt: skip
"""Facets whose value is said as it is, in place of `{}`."""
BOUNDED = frozenset({"window", "k", "size", "folding"})
"""Facets that are sizes: a condition on one is a bound, and any value within the bounds is as good as a measured one."""
UNKNOWN: Mapping[str, str] = {
    "foldable": "whether its inputs are constant", "broadcast": "how its inputs are broadcast",
    "branches": "the shape of its branches", "squeezed": "the size of the squeezed dims",
    "opens": "what becomes of the dynamic dims", "sliced": "the size of the sliced dims", "cuts": "the number of sliced axes",
    "covers": "the length of the condition", "dtypes": "the dtype of an input", "unranked": "the number of axes",
    "heads": "the number of heads", "sizes": "the size of the heads", "eights": "the size of the heads",
    "steps": "the number of queries", "spatial": "the number of spatial dims", "out.rank": "the rank of its result",
    "axis": "the place of the axis", "axis.negative": "the sign of the axis", "scanned.open": "the shape of a scan input",
    "batches": "whether batch dims are equal", "components": "whether it transforms complex numbers",
    "lengths": "how `dft_length` compares with the dims", "inputs.dtypes": "the dtype of an input",
    "value.dtype": "the dtype of its value", "target": "the target shape", "since": "its version",
    "scattered": "the shape of the indices", "symbols": "the number of dynamic dims",
}  # fmt: skip
"""What is not known where a facet has no value."""
