"""The ONNX model as data: reading, checking, editing and writing protobufs.

Here live the skeleton reader, atomic writing, external data, tensors, operator schemas, the graph verifier and source
locations. Nothing here infers anything about a model or knows a target. Imports: errors, version.
"""
