"""The decisive words in a compiler's message, from messages that the tables hold."""

from __future__ import annotations

import json

import pytest

from graphfix.tables.compiler_words import compiler_words
from graphfix.tables.versions import rules_home

OPENVINO = "Exception from src/inference/src/cpp/core.cpp:117: Exception from src/inference/src/dev/plugin.cpp:54: "
FRONTEND = (
    "Exception from src/inference/src/cpp/core.cpp:97: Check 'false' failed at src/frontends/onnx/frontend/src/frontend.cpp:221: "
    "FrontEnd API failed with GeneralFailure: "
)
CUSTOM = 'Register a custom lowering to proceed: @converter.register("OpType") def lower(ctx, node): ... Run `on…'


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('Translating node #5 "probe" Reduce13 ToTypedTranslator Caused by: expected axes as a constant',
         "expected axes as a constant"),
        ('Failed analyse for node #5 "probe" Reduce13 Caused by: 0: Infering facts 1: Applying rule GivenRule { (inputs[0].rank, '
         "inputs[1]) } 2: Undetermined symbol in expression: axes_0",
         "Applying rule GivenRule { (inputs[0].rank, inputs[1]) }: Undetermined symbol in expression: axes_0"),
        ('Failed analyse for node #2 "probe" CumSum Caused by: 0: Infering facts 1: Applying rule '
         'inputs[1].rank == 0 2: Impossible '
         "to unify 1 with 0.", "Applying rule inputs[1].rank == 0: Impossible to unify 1 with 0"),
        ('Failed analyse for node #2 "probe" Abs Caused by: 0: Eager eval during inference 1: Running legacy '
         'eval 2: Evaluating #1 '
         '"adhoc" Abs 3: Running legacy eval 4: Abs does not support F64', "Abs does not support F64"),
        ("killed by SIGABRT: 40: 0x… - _start 41: 0x0 - <unknown> thread caused non-unwinding panic. "
         "aborting.", "killed by SIGABRT"),
        ('translating to fact: Tensor { elem_type: Bfloat16, shape: Some(TensorShapeProto { dim: [Dimension { '
         'denotation: "", value: '
         "Some(DimValue(2)) }, Dimension…", "translating to fact: Tensor { elem_type: Bfloat16 … }"),
        ("TractError: Evaluating #1 \"probe\" HardSwish Caused by: 0: Running legacy eval 1: HardSwish does not support F64",
         "HardSwish does not support F64"),
        (f"{FRONTEND}OpenVINO does not support the foll…", "OpenVINO does not support the …"),
        (f"{FRONTEND}Errors during ONNX translation: Wh…", "Errors during ONNX translation"),
        (f"{OPENVINO}Check '!shape.rank().is_dynamic()' failed at src/plugins/intel_cpu/src/node.cpp:108: Unexpected:…",
         "Check '!shape.rank().is_dynamic()' failed"),
        ("Exception from src/inference/src/cpp/core.cpp:84: Check 'false' failed at "
         "src/frontends/common/src/frontend.cpp:47: Loading "
         "input model Unsupported type", "Loading input model Unsupported type"),
        (': Assertion failed: convertDtype(onnxDtype.elem_type(), &trtDtype) && "Failed to convert ONNX date '
         'type to TensorRT data '
         'type." | : Assertion failed: convertDtype(onnxDtype.elem_type(), &trtDtype) &&…',
         "Failed to convert ONNX date type to TensorRT data type"),
        ("DequantizeLinear: Assertion failed: status.is_success(): Found unsupported input type of UINT8",
         "Found unsupported input type of UINT8"),
        ("[graphScope.cpp::analyze::471] Error Code 2: Internal Error (Assertion tScope.getType() != "
         "ScopeType::kUNDEFINED failed. In "
         "analyze at /_src/optimizer/common/graphScope.cpp:471)", "Assertion tScope.getType() != ScopeType::kUNDEFINED failed"),
        ("Unsqueeze: Invalid Node - probe ITensor::getDimensions: Error Code 4: Shape Error (unsqueeze axis is not a constant In "
         "makeAxesMask at /_src/optimizer/common/shape/shapeContext.cpp:3553) [checkMacros…", "unsqueeze axis is not a constant"),
        ('ZipMap: creator && "Plugin not found, are the plugin name, version, and namespace correct?"',
         "Plugin not found, are the plugin name, version, and namespace correct?"),
        ("DynamicQuantizeLinear: false", "DynamicQuantizeLinear: false"),
        (f"UnsupportedOpError: The following ONNX ops have no Core ML lowering: If (1 node(s), e.g. around) {CUSTOM}",
         "The following ONNX ops have no Core ML lowering: If"),
        ("UnsupportedOpError: The following ONNX ops have no Core ML lowering: Constant (2 node(s), e.g. beside_axes_then, "
         f"beside_axes_else) If (1 node(s), e.g. around) {CUSTOM}", "The following ONNX ops have no Core ML "
         "lowering: Constant, If"),
        ("ConversionError: Failed to lower node 'probe' (op TopK): TopK requires a constant 'K' input",
         "TopK requires a constant 'K' input"),
        ("ConversionError: Failed to lower node 'probe' (op BatchNormalization): ('Op \"batch_norm_0\" "
         "(op_type: batch_norm) Input "
         "mean must be const at compile time', 'mean', 'input_mean')", "batch_norm: Input mean must be const at compile time"),
        ("ConversionError: Failed to lower node 'probe' (op ScatterElements):", "Failed to lower node 'probe' "
         "(op ScatterElements)"),
        ("Encountered unresolved custom op: ONNX_IF. See instructions: "
         "https://www.tensorflow.org/lite/guide/ops_custom Node number 0 "
         "(ONNX_IF) failed to prepare.", "Encountered unresolved custom op: ONNX_IF"),
        ("tflite/kernels/conv.cc:353 input_channel % filter_input_channel != 0 (1 != 0)Node number 0 (CONV_2D) "
         "failed to prepare.",
         "input_channel % filter_input_channel != 0 (1 != 0)"),
        ("RuntimeError: Node number 3 (ONE_HOT) failed to invoke.", "Node number 3 (ONE_HOT) failed to invoke"),
        ("NotImplementedError: Pad mode is not supported in flatbuffer_direct. op=probe mode=wrap",
         "Pad mode is not supported in flatbuffer_direct. mode=wrap"),
        ("StopIteration:", "StopIteration"), ("KeyError: 'probe'", "KeyError: 'probe'"), ("for no elements", "for no elements"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_innermost_cause_is_quoted(said: str, words: str) -> None:
    assert compiler_words(said) == words


def test_no_message_of_any_table_loses_all_its_words_or_gains_any() -> None:
    raw = {
        item.get("said", "")
        for path in rules_home().glob("*/*/*.json")
        for rules in [json.loads(path.read_text())]
        for item in (*rules["rejects"], *rules["wrong"], *rules["exceptions"])
    }
    assert len(raw) > 1500
    for said in raw - {""}:
        words = compiler_words(said)
        assert words, said
        assert len(words) <= len(said), said
        assert "Caused by" not in words, said
        assert "See instructions" not in words, said
    noisy = [said for said in raw if compiler_words(said).startswith(("Exception from", "Check 'false'"))]
    assert len(noisy) < 10, "where the cut left nothing but places in sources, the whole is quoted"
