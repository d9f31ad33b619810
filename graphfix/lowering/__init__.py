"""From a framework's model to ONNX: what a source is, the workers that lower it, the proof that it computes the same."""
