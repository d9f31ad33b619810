"""The TensorFlow models that lowering is tested with: `python tf_programs.py FOLDER` builds them all there.

TensorFlow is imported by the builders alone, in a process of their own. FILES says what comes of it and how to lower it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILES: Mapping[str, tuple[str, ...]] = {
    "cnn.keras": ("--input", "1x32x32x3"),
    "cnn.h5": ("--input", "1x32x32x3"),
    "tagger.keras": ("--input", "2x5:int64"),
    "scorer": (),  # a SavedModel of a tf.Module
    "scorer.pb": ("--inputs", "pixels,facts", "--outputs", "Identity,Identity_1"),
    "cnn.tflite": ("--input", "1x32x32x3"),
    "cnn_int8.tflite": ("--input", "1x32x32x3:int8"),
}


def cnn(keras: Any) -> Any:
    """A mobile CNN in the functional style: hard activations, a depthwise filter, squeeze and excitation, up-sampling."""
    layers = keras.layers
    image = x = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("hard_swish")(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same")(x)
    x = layers.ReLU(6.0)(x)
    weight = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weight = layers.Conv2D(8, 1, activation="hard_sigmoid")(weight)
    x = layers.Multiply()([x, weight])
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="scores")(x), name="cnn")


def tagger(keras: Any) -> Any:
    """Embedded ids through a bidirectional LSTM and a GRU."""
    layers = keras.layers
    tokens = x = keras.Input((5,), dtype="int64", name="tokens")
    x = layers.Embedding(20, 12)(x)
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x)
    x = layers.GRU(6)(x)
    return keras.Model(tokens, layers.Dense(3, name="tags")(x), name="tagger")


def scorer(tf: Any) -> Any:
    """A tf.Module over two inputs with a free batch: a strided convolution, a resize, an exact GELU."""
    import numpy as np

    class Scorer(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            draw = np.random.default_rng(3)
            self.kernel = tf.Variable(draw.normal(0, 0.3, (3, 3, 3, 4)).astype("f4"))
            self.weight = tf.Variable(draw.normal(0, 0.3, (16, 8)).astype("f4"))
            self.bias = tf.Variable(np.linspace(-1, 1, 8).astype("f4"))

        @tf.function(
            input_signature=[
                tf.TensorSpec((None, 16, 16, 3), tf.float32, name="pixels"),
                tf.TensorSpec((None, 16), tf.float32, name="facts"),
            ]
        )
        def serve(self, pixels: Any, facts: Any) -> dict[str, Any]:
            seen = tf.nn.relu(tf.nn.conv2d(pixels, self.kernel, 2, "SAME"))
            grown = tf.image.resize(seen, (12, 12))
            known = tf.nn.gelu(tf.matmul(facts, self.weight) + self.bias)
            return {"map": grown, "score": tf.concat([tf.reduce_mean(grown, [1, 2]), known], -1)}

    return Scorer()


def build(folder: Path) -> None:
    """Write every file of FILES into a folder."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    import keras
    import numpy as np
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    keras.utils.set_random_seed(7)
    image, words, module = cnn(keras), tagger(keras), scorer(tf)
    for suffix in ("keras", "h5"):
        image.save(folder / f"cnn.{suffix}")
    words.save(folder / "tagger.keras")
    tf.saved_model.save(module, str(folder / "scorer"), signatures={"serving_default": module.serve})
    graph = convert_variables_to_constants_v2(module.serve.get_concrete_function()).graph.as_graph_def()
    (folder / "scorer.pb").write_bytes(graph.SerializeToString())
    (folder / "cnn.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(image).convert())
    narrow = tf.lite.TFLiteConverter.from_keras_model(image)
    narrow.optimizations = [tf.lite.Optimize.DEFAULT]
    draw = np.random.default_rng(0)
    narrow.representative_dataset = lambda: ([draw.normal(size=(1, 32, 32, 3)).astype("f4")] for _ in range(8))
    narrow.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    narrow.inference_input_type = narrow.inference_output_type = tf.int8
    (folder / "cnn_int8.tflite").write_bytes(narrow.convert())


if __name__ == "__main__":
    build(Path(sys.argv[1]))
