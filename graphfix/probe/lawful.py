"""onnx's check of probe models, among them those that optimisers write with operators which their opset does not define."""

import onnx
from onnx import ModelProto, helper

from graphfix.ir.operator_set import is_standard, opset_version
from graphfix.ir.schemas import since

APART = "graphfix.undefined"
"""The domain that such operators have in the copy that is checked: onnx checks nothing about domains that it does not know."""


def check(model: ModelProto) -> None:
    """Check a model, but for operators of ONNX's domain that its opset does not define; raises what onnx raises.

    Not in full: a branch that is never taken may contradict its surroundings.
    """
    version = opset_version(model)
    if any(is_standard(node) and not since(node.op_type, "", version) for node in model.graph.node):
        checked = ModelProto()
        checked.CopyFrom(model)
        checked.opset_import.append(helper.make_opsetid(APART, 1))
        for node in checked.graph.node:
            if is_standard(node) and not since(node.op_type, "", version):
                node.domain = APART
        model = checked
    onnx.checker.check_model(model)
