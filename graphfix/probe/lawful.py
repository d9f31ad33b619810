"""onnx's check of probe models, among them those that optimisers write with operators which their opset does not define."""

import onnx
from onnx import ModelProto, NodeProto, helper

from graphfix.analysis.contrib_shapes import BARE
from graphfix.ir.operator_set import is_standard, opset_version
from graphfix.ir.schemas import since
from graphfix.probe.subject import NODE

APART = "graphfix.undefined"
"""The domain that such operators have in the copy that is checked: onnx checks nothing about domains that it does not know."""


def check(model: ModelProto) -> None:
    """Check a model, but for nodes of ONNX's domain that its opset does not define on purpose; raises what onnx raises.

    These are the node that a probe is about, and what onnxruntime's optimiser writes into any opset. Not in full: a branch
    that is never taken may contradict its surroundings.
    """
    version = opset_version(model)
    if any(_is_undefined(node, version) for node in model.graph.node):
        checked = ModelProto()
        checked.CopyFrom(model)
        checked.opset_import.append(helper.make_opsetid(APART, 1))
        for node in checked.graph.node:
            if _is_undefined(node, version):
                node.domain = APART
        model = checked
    onnx.checker.check_model(model)


def _is_undefined(node: NodeProto, version: int) -> bool:
    return is_standard(node) and (node.name == NODE or node.op_type in BARE) and not since(node.op_type, "", version)
