"""Which nodes or operators a compiler's words name."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize(
    ("name", "message", "nodes"),
    [
        (
            "openvino",
            "-- Conv-16 with a message:\nWhile validating ONNX node '<Node(Conv): /dec/Conv_output_0>':\nCheck 'x'",
            ["/dec/Conv_output_0"],
        ),
        (
            "openvino",
            "Summary:\n-- No conversion rule found for operations: ai.onnx.ml.Binarizer, DeformConv-22\n-- More",
            ["ai.onnx.ml.Binarizer", "DeformConv"],
        ),
        ("openvino", "jit_uni_eltwise_generic.cpp:602: unsupported src_prc: string", []),
        (
            "tract",
            'Failed analyse for node #5 "If_0" If\n\nCaused by:\n 0: Failed analyse for node #1 "If_0/Squeeze" Squeeze13',
            ["If_0", "If_0/Squeeze"],
        ),
        ("tract", "Building node  (Attention)\n\nCaused by: not supported", ["Attention"]),
        ("tract", "Building node (Attention)\n\nCaused by: not supported", ["Attention"]),
        ("tract", "Building node att_3 (Attention)\n\nCaused by: not supported", ["att_3"]),
        (
            "tensorrt",
            "API Usage Error (IShuffleLayer Squeeze_41: Squeeze_41: ISqueezeLayer without an axes",
            ["Squeeze_41"],
        ),
        ("tensorrt", "(IConditionalOutputLayer node_of_y_OutputLayer: Must have inputs with equal ranks", ["y"]),
        ("tensorrt", "failed. node_of_y has no runners that implement it", ["y"]),
        (
            "coreml",
            "ops have no Core ML lowering:\n  If (1 node(s), e.g. node_0)\n  ai.onnx.ml::Binarizer (2 node(s), e.g. b)",
            ["If", "ai.onnx.ml::Binarizer"],
        ),
        ("coreml", "ConversionError: Failed to lower node 'Pad_3' (op Pad): Pad requires a constant", ["Pad_3"]),
        ("coreml", "ConversionError: Failed to lower node '<input>' (op <dtype>): ONNX dtype INT16", []),
        ("tflite", "validation failed: op=GRU node=GRU_26 reason_code=unsupported_input_shape", ["GRU_26"]),
        ("tflite", "dilations must be [1,1] for flatbuffer_direct. op=sng_AveragePool_0 dilations=[2, 2]", ["AveragePool"]),
        ("tflite", "unresolved custom op: ONNX_PAD, ONNX_SPLIT", ["PAD", "SPLIT"]),
        ("mnn", "Convert Onnx's Op y , type = NonMaxSuppression, failed\nThese Op Not Support: ONNX::NonMaxSuppression", ["y"]),
        (
            "mnn",
            "These Op Not Support: ONNX::MatMulInteger ONNX::com.example.Nonsense",
            ["MatMulInteger", "com.example.Nonsense"],
        ),
        ("mnn", "Compute Shape Error for out0\ncode=3 in onForward, 666", ["out0"]),
        ("opencv", "Node [If@ai.onnx]:(onnx_node_output_0!y) parse error: 'Graph' is not supported", ["y"]),
        ("opencv", '[Nonsense@com.example]:(onnx_node!a/b) parse error: Can\'t create layer "onnx_node!a/b" of type', ["a/b"]),
        ("opencv", "Unsupported operations: MatMulInteger, SkipLayerNormalization", ["MatMulInteger", "SkipLayerNormalization"]),
        ("opencv", "(-215:Assertion failed) inp.total() in function 'allocateLayers'", []),
        ("tflite", "Encountered unresolved custom op: ONNX_PAD.\nSee instructions: https", ["PAD"]),
        ("ncnn", "ort Run failed Non-zero status code returned while running Gather node. Name:'Gather_0' Status", ["Gather"]),
        ("ncnn", "layer load_param 3 LSTM_0 failed", ["LSTM"]),
        ("ncnn", "layer ArgMax not exists or registered", ["ArgMax"]),
        ("ncnn", "layer torch.eq not exists or registered", []),
        ("ncnn", "ort CreateSession failed Fatal error: com.example:Nonsense(-1) is not a registered function/op", ["Nonsense"]),
        ("qnn", "Could not find an implementation for Add(6) node with name 'probe'", ["Add", "probe"]),
        ("qnn", "Could not find an implementation for QuantizeLinear(28) node with name ''", ["QuantizeLinear"]),
        ("qnn", "Node (sum) Op (Reshape) [ShapeInferenceError] Dimension could not be inferred", ["sum"]),
        ("qnn", "Fatal error: com.example:Nonsense(-1) is not a registered function/op", ["Nonsense"]),
    ],
)
def test_words_name_nodes(name: str, message: str, nodes: list[str]) -> None:
    assert importlib.import_module(f"graphfix.backends.{name}").blamed(message) == nodes
