"""From a framework's model to ONNX: what a source is, the workers that lower it, the proof that it computes the same.

Frameworks are imported in worker processes only; what a worker loads imports nothing else of graphfix. Imports: probe and
what stands before it.
"""
